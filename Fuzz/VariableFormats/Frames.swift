// Arbitrary bytes within frames that hold, so that what is behind them is reached.

import UEFIVariables

@testable import VariableFormats

/// Takes an entry that begins like a certificate.
final class Shape: VariableAuthenticator {
    let verificationCount = 0

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict { .refused }

    func certificateByteCount(_ entry: [UInt8]) -> Int? { entry.first == 0x30 ? entry.count : nil }
}

enum Frames {
    /// The bytes as the record area of a volume of 8 KiB.
    static func volume(_ bytes: [UInt8], authenticated: Bool) -> [UInt8] {
        var volume = [UInt8](repeating: 0, count: 16) + FirmwareVolume.fileSystem
        volume.appendLittleEndian(UInt64(0x2000))
        volume.appendLittleEndian(FirmwareVolume.signature)
        volume.appendLittleEndian(UInt32(0x4FEFF))
        volume += [72, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0x10, 0, 0]
        volume.appendLittleEndian(UInt64(0))
        let sum = 0 &- FirmwareVolume.sum(volume, volume.count)
        volume.replaceSubrange(50..<52, with: [UInt8(sum & 0xFF), UInt8(sum >> 8)])
        volume += authenticated ? FirmwareVolume.authenticatedStore : FirmwareVolume.plainStore
        volume.appendLittleEndian(UInt32(28 + min(bytes.count, 8000)))
        volume += [0x5A, 0xFE, 0, 0, 0, 0, 0, 0] + bytes.prefix(8000)
        return volume + [UInt8](repeating: 0xFF, count: 0x2000 - volume.count)
    }

    /// The bytes as a variable's members in a document; those that hold come before.
    static func document(_ bytes: [UInt8]) -> [UInt8] {
        let head = #"{"version": 2, "variables": [{"guid": "00112233-4455-6677-8899-aabbccddeeff", "attr": "#
        let bits = [3, 7, 35, 39][Int(bytes.first ?? 0) % 4]
        return Array("\(head)\(bits), \"data\": \"61\", \"name\": \"".utf8) + bytes.dropFirst() + Array("\"}]}".utf8)
    }

    /// The bytes as CertData and payload.
    static func authFile(_ bytes: [UInt8]) -> [UInt8] {
        let split = min(bytes.count, Int(bytes.first ?? 0))
        return AuthFile(
            time: EFITime(year: 2026, month: 1, day: 2), signedData: Array(bytes[..<split]),
            payload: Array(bytes[split...])
        ).encoded()
    }

    /// Valid records: each byte pair says what the next is made of.
    static func records(_ bytes: [UInt8]) -> [VariableRecord] {
        var rest = bytes[...]
        func take(_ count: Int) -> [UInt8] {
            let part = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            return part
        }
        var store = VariableStore()
        var records: [VariableRecord] = []
        while rest.count > 8, records.count < 900 {
            let head = take(4)
            let attributes = VariableAttributes([3, 7, 35, 39][Int(head[0]) % 4])
            let isSigned = attributes.contains(.timeAuthenticated)
            let guid = VendorGUID(low: UInt64(head[3]), high: 0)
            let name = take(1 + Int(head[1]) % 40)
            let data = take(1 + Int(head[2]))
            guard !name.isEmpty, !data.isEmpty, name.contains(where: { $0 != 0 }) else { break }
            let digest = isSigned && head[0] & 4 != 0 ? SignerDigest(words: (1, 2, 3, UInt64(head[0]))) : .zero
            let record = VariableRecord(
                guid: guid, name: VariableName(bytes: name), attributes: attributes, data: data,
                timestamp: isSigned ? EFITime(low: UInt64(head[2]), high: UInt64(head[1])) : .zero, digest: digest)
            guard store.record(record.name, guid) == nil else { continue }
            records.append(record)
            store = VariableStore(records: records)
        }
        return records
    }
}
