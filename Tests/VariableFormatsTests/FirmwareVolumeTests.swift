// edk2's store file (varstored.md 16.2): layouts, records and their states, what is refused, round trips.

import Testing
import UEFIVariables

@testable import VariableFormats

@Suite("edk2 store file")
struct FirmwareVolumeTests {
    /// The record of `T = abc` and the byte that fills it up.
    static let exampleRecord = hex(
        """
        aa55 3f 00 07000000 0000000000000000 00000000000000000000000000000000 00000000 04000000 03000000
        33221100554477668899aabbccddeeff 54000000 616263 ff
        """)

    /// A store in a volume of 4 KiB with these bytes as its records; the rest is free.
    static func volume(
        _ records: [UInt8], storeByteCount: UInt32 = 0xF00, authenticated: Bool = true
    ) -> [UInt8] {
        var header =
            [UInt8](repeating: 0, count: 16) + FirmwareVolume.fileSystem
            + hex("0010000000000000 5f465648 fffe0400 4800 0000 0000 00 02 01000000 00100000 0000000000000000")
        let sum = 0 &- FirmwareVolume.sum(header, header.count)
        header.replaceSubrange(50..<52, with: [UInt8(sum & 0xFF), UInt8(sum >> 8)])
        header += authenticated ? FirmwareVolume.authenticatedStore : FirmwareVolume.plainStore
        header.appendLittleEndian(storeByteCount)
        var bytes = header + hex("5afe000000000000") + records
        bytes.append(contentsOf: repeatElement(0xFF, count: 4096 - bytes.count))
        return bytes
    }

    static func record(_ variable: VariableRecord, state: UInt8 = 0x3F) throws(FormatError) -> [UInt8] {
        var bytes = try FirmwareRecord.encode(variable, at: 0)
        bytes[2] = state
        return bytes
    }

    private func read(_ bytes: [UInt8]) throws -> (records: [VariableRecord], findings: [FormatFinding.Kind]) {
        let (variables, findings) = try FirmwareVolume(bytes).variables()
        return (variables.map(\.record), findings.map(\.kind))
    }

    @Test("a new file of 128 KiB begins with the specification's bytes and has its working block where it says")
    func small() throws {
        let bytes = FirmwareVolume(.small).bytes
        let begin = hex(
            """
            000000000000000000000000000000008d2bf1ff96768b4ca9852747075b4f50000002000000000
            05f465648fffe0400480019f9000000022000000000100000
            0000000000000000 782cf3aa7b949a43a1802e144ec37792b8df00005afe000000000000
            """)
        #expect(bytes.count == 0x20000)
        #expect(Array(bytes.prefix(begin.count)) == begin)
        check(bytes, from: begin.count, workingBlock: 0xF000)
        #expect(try read(bytes).records.isEmpty)
    }

    @Test("a new file of 528 KiB has the checksum af b8, a store of 0x3FFB8 bytes and its working block at 0x41000")
    func large() throws {
        let bytes = FirmwareVolume(.large).bytes
        #expect(bytes.count == 0x84000)
        #expect(bytes[50] == 0xAF && bytes[51] == 0xB8)
        #expect(bytes.u64(at: 32) == 0x84000 && bytes.u32(at: 56) == 0x84 && bytes.u32(at: 88) == 0x3FFB8)
        check(bytes, from: 100, workingBlock: 0x41000)
        #expect(try read(bytes).records.isEmpty)
    }

    /// The working block is the specification's, and all else is free.
    private func check(_ bytes: [UInt8], from start: Int, workingBlock: Int) {
        let block = hex("2b29589e687c7d49a0ce6500fd9f1b95 2caf2c64 feffffff e00f000000000000")
        #expect(Array(bytes[workingBlock..<workingBlock + 32]) == block)
        #expect(bytes[start..<workingBlock].allSatisfy { $0 == 0xFF })
        #expect(bytes[(workingBlock + 32)...].allSatisfy { $0 == 0xFF })
    }

    @Test("the specification's record is written so and read back")
    func golden() throws {
        #expect(try FirmwareRecord.encode(.t, at: 0) == Self.exampleRecord)
        let (volume, findings) = try FirmwareVolume(.small).replacingVariables([.t])
        #expect(Array(volume.bytes[100..<168]) == Self.exampleRecord)
        #expect(findings.isEmpty)
        #expect(try read(volume.bytes).records == [.t])
    }

    @Test("213: a store goes out as .fd and comes back: the same variables in the same order, with times and digests")
    func roundTrip() throws {
        var random = Seeded(state: 213)
        let rules = ImportRules(keepsPrivate: false, authenticator: FakeAuthenticator())
        for index in 0..<60 {
            let records = randomStore(&random)
            let size = FirmwareVolume.Size.allCases[index % 2]
            let file = try VariableFile(try VariableFile.encode(records, as: .firmwareVolume, size: size).bytes)
            let back = try rules.records(of: file.variables)
            #expect(back.records == records)
            let hasSigners = records.contains { !$0.digest.isZero }
            #expect(back.findings.map(\.kind) == (hasSigners ? [.privateDropped] : []))
        }
    }

    @Test("records are found at multiples of 4 from the store's start, names and data of every length")
    func alignment() throws {
        let records = (1...9).map { count in
            VariableRecord.named(String(repeating: "N", count: count), .t, .ordinary, (1...count).map { UInt8($0) })
        }
        let (volume, _) = try FirmwareVolume(.small).replacingVariables(records)
        #expect(try read(volume.bytes).records == records)
    }

    @Test("0x3F counts; 0x3E as long as no 0x3F of the key is there, the last of several; others don't")
    func states() throws {
        func t(_ data: UInt8) -> VariableRecord { .named("T", .t, .ordinary, [data]) }
        func states(_ states: UInt8...) throws -> [[UInt8]] {
            var bytes: [UInt8] = []
            for (index, state) in states.enumerated() { bytes += try Self.record(t(UInt8(index)), state: state) }
            return try read(Self.volume(bytes)).records.map(\.data)
        }
        #expect(try states(0x3F) == [[0]])
        #expect(try states(0x3E) == [[0]])
        #expect(try states(0x3E, 0x3F) == [[1]])
        #expect(try states(0x3F, 0x3E) == [[0]])
        #expect(try states(0x3E, 0x3E) == [[1]])
        #expect(try states(0x3D, 0x3C, 0x7F, 0x00, 0x3F) == [[4]])
        #expect(try states(0x3D) == [])
    }

    @Test("of two records of a key that both count the first does, and it is said")
    func duplicate() throws {
        let bytes = try Self.record(.t) + Self.record(.named("T"))
        let (records, findings) = try read(Self.volume(bytes))
        #expect(records == [.t])
        #expect(findings == [.duplicateDropped])
    }

    @Test("a header whose writing was interrupted has no name and no data: what follows is read")
    func interrupted() throws {
        var begun = [UInt8](repeating: 0xFF, count: 60)
        begun.replaceSubrange(0..<2, with: [0xAA, 0x55])
        for state in [0xFF, 0x7F] as [UInt8] {
            begun[2] = state
            #expect(try read(Self.volume(begun + Self.record(.t))).records == [.t])
        }
    }

    @Test("a record without a name, without data or with a name that has no end is left out, and it is said")
    func malformed() throws {
        var noName = try Self.record(.named(""))
        var noEnd = try Self.record(.t)
        noEnd[62] = 0x55
        let noData = try Self.record(.named("T", .t, .ordinary, []))
        let (records, findings) = try read(Self.volume(noName + noEnd + noData + Self.record(.a)))
        #expect(records.map(\.name) == [VariableName("A")])
        #expect(findings == [.malformedDropped, .malformedDropped, .malformedDropped])
        noName[36] = 1
        #expect(try read(Self.volume(noName)).findings == [.malformedDropped])
    }

    @Test("a record that reaches beyond the store ends the reading, and it is said")
    func overrun() throws {
        var beyond = try Self.record(.a)
        for size in [0xFFFF_FFFE, 0x7FFF_FFFF, 0xF00] as [UInt32] {
            for field in [36, 40] {
                beyond = try Self.record(.a)
                for index in 0..<4 { beyond[field + index] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(index))) }
                let (records, findings) = try read(Self.volume(Self.record(.t) + beyond + Self.record(.named("B"))))
                #expect(records == [.t])
                #expect(findings == [.recordOverrun])
            }
        }
    }

    @Test("a store that ends at any byte of a record gives the records before it")
    func everyStoreSize() throws {
        let records = try Self.record(.t) + Self.record(.named("B"))
        for size in 28...(28 + records.count) {
            let (read, findings) = try read(Self.volume(records, storeByteCount: UInt32(size)))
            let whole = [28 + 67, 28 + 68 + 65].filter { $0 <= size }.count
            #expect(read.count == whole)
            #expect(findings.isEmpty || findings == [.recordOverrun])
        }
    }

    @Test("a plain store is read, without times, and not written")
    func plain() throws {
        var bytes = hex("aa55 3f 00 07000000 04000000 03000000 33221100554477668899aabbccddeeff 54000000 616263 ff")
        let volume = try FirmwareVolume(Self.volume(bytes, authenticated: false))
        #expect(!volume.isAuthenticated)
        #expect(volume.variables().variables.map(\.record) == [.t])
        #expect(refusal { () throws(FormatError) in _ = try volume.replacingVariables([.t]) } == .readOnly)
        bytes.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0, 0])
        let overrun = try FirmwareVolume(Self.volume(bytes, authenticated: false)).variables()
        #expect(overrun.findings.map(\.kind) == [.recordOverrun])
    }

    @Test("writing into a file keeps what is outside of the record area and frees the rest of it")
    func existing() throws {
        var random = Seeded(state: 3)
        var bytes = Self.volume(random.bytes(0xF00 - 28), storeByteCount: 0xF00) + random.bytes(100)
        bytes.replaceSubrange((72 + 0xF00)..<4096, with: random.bytes(4096 - 72 - 0xF00))
        let written = try FirmwareVolume(bytes).replacingVariables([.t]).volume.bytes
        #expect(written.count == bytes.count)
        #expect(written.prefix(100) == bytes.prefix(100))
        #expect(Array(written[100..<168]) == Self.exampleRecord)
        #expect(written[168..<(72 + 0xF00)].allSatisfy { $0 == 0xFF })
        #expect(written[(72 + 0xF00)...] == bytes[(72 + 0xF00)...])
    }

    @Test("variables that just fit are written, one byte more is refused, and so is a name of odd length")
    func room() throws {
        let volume = try FirmwareVolume(Self.volume([]))
        let most = 0xF00 - 28 - 64
        let fits = VariableRecord.named("T", .t, .ordinary, [UInt8](repeating: 1, count: most))
        #expect(try read(volume.replacingVariables([fits]).volume.bytes).records == [fits])
        let more = VariableRecord.named("T", .t, .ordinary, [UInt8](repeating: 1, count: most + 1))
        #expect(refusal { () throws(FormatError) in _ = try volume.replacingVariables([more]) } == .noRoom)
        var odd = VariableRecord.t
        odd.name.bytes.append(1)
        #expect(refusal { () throws(FormatError) in _ = try volume.replacingVariables([odd]) } == .oddName)
    }

    @Test(
        "a wrong field in a header is refused at its place",
        arguments: [
            (16, 0), (33, 0), (40, 0x60), (48, 0x47), (48, 0x40), (50, 0), (72, 0), (88, 0), (89, 0x10), (92, 0xFF),
            (93, 0xFF),
        ])
    func header(_ offset: Int, _ value: UInt8) throws {
        var bytes = Self.volume([])
        bytes[offset] = value
        if offset == 88 { bytes[89] = 0 }
        #expect(throws: FormatError.self) { try FirmwareVolume(bytes) }
    }

    @Test("a qcow2 image is refused as such")
    func qcow2() {
        let image = hex("514649fb 00000003") + [UInt8](repeating: 0, count: 4088)
        #expect(refusal { () throws(FormatError) in _ = try FirmwareVolume(image) } == .qcow2)
        #expect(refusal { () throws(FormatError) in _ = try VariableFile(image) } == .qcow2)
    }

    @Test("every truncation of a file is refused")
    func truncations() throws {
        let bytes = try Self.volume(Self.record(.t))
        for count in 0..<bytes.count {
            let part = Array(bytes.prefix(count))
            #expect(refusal { () throws(FormatError) in _ = try FirmwareVolume(part) } == .truncated)
        }
        #expect(try FirmwareVolume(bytes + [0]).variables().variables.count == 1)
    }
}
