// modules: UEFIVariables VariableFormats
// Files with variables from arbitrary bytes, in steps: noise; a frame that holds (a volume's headers, a document's
// braces, base64 text); records that hold. Whatever is taken goes out in every format and comes back the same.
// Not for: the blob's own reader (UEFIVariables), signatures.

import UEFIVariables

@testable import VariableFormats

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let step = bytes.popLast() else { return 0 }
    switch step % 8 {
    case 0: checkNoise(bytes)
    case 1: checkFile(Frames.volume(bytes, authenticated: step & 8 == 0))
    case 2: checkFile(Frames.document(bytes))
    case 3: checkBase64(bytes)
    case 4: checkAuth(bytes)
    case 5: checkAuth(Frames.authFile(bytes))
    case 6: checkSigners(bytes)
    default: checkRecords(Frames.records(bytes))
    }
    return 0
}

/// Every reader, whatever the bytes look like.
private func checkNoise(_ bytes: [UInt8]) {
    if let format = VariableFileFormat(detecting: bytes) {
        checkFile(bytes, as: format)
    } else {
        for format in VariableFileFormat.allCases { checkFile(bytes, as: format) }
    }
}

/// A file that is taken is one whose variables travel.
private func checkFile(_ bytes: [UInt8], as format: VariableFileFormat? = nil) {
    guard let file = try? VariableFile(bytes, as: format) else { return }
    for keepsAll in [false, true] {
        let rules = ImportRules(keepsPrivate: keepsAll, keepsInvalidLists: keepsAll, authenticator: Shape())
        guard let taken = try? rules.records(of: file.variables) else { continue }
        assume(taken.records.reduce(0) { $0 + $1.charge } <= VariableStore.chargeMax)
        checkRecords(taken.records)
    }
    checkRewriting(bytes)
}

/// Records that an import has taken come back from every format as they went out.
private func checkRecords(_ records: [VariableRecord]) {
    for format in VariableFileFormat.allCases where format != .firmwareVolume {
        guard let written = try? VariableFile.encode(records, as: format) else { return assume(false) }
        assume(VariableFileFormat(detecting: written.bytes) == format)
        guard let file = try? VariableFile(written.bytes) else { return assume(false) }
        assume(file.variables.map(\.record) == records)
    }
    checkVolume(records)
}

/// edk2's file holds no names of odd length, keeps signers in `certdb`, and may be too small.
private func checkVolume(_ records: [VariableRecord]) {
    guard !records.contains(where: { $0.key == SignerDatabase.key }) else { return }
    do {
        let volume = try FirmwareVolume(.small).replacingVariables(records).volume
        var variables = try FirmwareVolume(volume.bytes).variables()
        assume(variables.findings.isEmpty)
        variables.variables.removeAll { $0.record.key == SignerDatabase.key }
        assume(variables.variables.map(\.record) == records)
    } catch {
        assume(error.reason == .noRoom || error.reason == .oddName)
    }
}

/// Writing into a file changes its records only.
private func checkRewriting(_ bytes: [UInt8]) {
    guard let volume = try? FirmwareVolume(bytes), volume.isAuthenticated else { return }
    let record = VariableRecord(
        guid: .global, name: VariableName("T"), attributes: .ordinary, data: [1, 2, 3])
    guard let written = try? volume.replacingVariables([record]).volume else { return }
    assume(written.bytes.count == bytes.count)
    assume(written.bytes.prefix(volume.recordsOffset) == bytes.prefix(volume.recordsOffset))
    assume(written.bytes[volume.recordsEnd...] == bytes[volume.recordsEnd...])
    assume(written.variables().variables.map(\.record) == [record])
}

private func checkBase64(_ bytes: [UInt8]) {
    let text = Base64.encode(bytes)
    assume((try? Base64.decode(text)) == bytes)
    guard let decoded = try? Base64.decode(bytes) else { return }
    let blanks: Set<UInt8> = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20]
    assume(Base64.encode(decoded) == bytes.filter { !blanks.contains($0) })
}

private func checkAuth(_ bytes: [UInt8]) {
    guard let file = try? AuthFile(bytes) else { return }
    assume(AuthFile.looksLike(bytes))
    var expected = bytes
    expected.replaceSubrange(20..<22, with: [0, 2])
    assume(file.encoded() == expected)
}

/// The list of signers, and what it becomes when it is written.
private func checkSigners(_ bytes: [UInt8]) {
    var findings: [FormatFinding] = []
    var value: [UInt8] = []
    value.appendLittleEndian(UInt32(bytes.count + 4))
    let record = VariableRecord(
        guid: SignerDatabase.key.guid, name: SignerDatabase.key.name, attributes: .key, data: value + bytes)
    for (key, digest) in SignerDatabase.digests(of: ForeignVariable(record, at: 0), &findings) {
        let variable = VariableRecord(guid: key.guid, name: key.name, attributes: .key, data: [1], digest: digest)
        guard variable.isPrivateAuthenticated, !digest.isZero, key != SignerDatabase.key else { continue }
        guard let written = SignerDatabase.variable(for: [variable]) else { return assume(false) }
        findings = []
        assume(SignerDatabase.digests(of: ForeignVariable(written, at: 0), &findings) == [key: digest])
        assume(findings.isEmpty)
    }
}

func assume(_ holds: Bool, line: Int = #line) {
    if !holds { fatalError("line \(line)") }
}
