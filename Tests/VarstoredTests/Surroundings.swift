// What the tests of this folder share: a folder for a moment, a log to read, a backend in memory.

import DaemonShell
import SystemCalls
import UEFIVariables
import VariableBackends
import VariableService

@testable import varstored

/// A folder that goes with its last owner, with what is in it.
final class ScratchFolder {
    let path: String

    init() throws {
        path = "/tmp/varstored-test-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
        try makeDirectory(path: path)
    }

    deinit {
        for name in names { try? removeFile(path: "\(path)/\(name)") }
        try? removeDirectory(path: path)
    }

    var names: [String] { ((try? directoryNames(path: path, countMax: 1000)) ?? []).sorted() }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = try OwnedDescriptor.open(path: "\(path)/\(name)", .write, [.create, .truncate])
        try file.writeAll(bytes.span)
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = try OwnedDescriptor.open(path: "\(path)/\(name)", .read)
        return try file.read(at: 0, byteCount: file.byteCount())
    }
}

/// Keeps the lines.
final class KeptLog: LogSink {
    private(set) var lines: [String] = []

    func write(_ level: LogLevel, _ line: String) { lines.append(line) }

    /// Lines of a level.
    func count(_ level: String) -> Int { lines.count { $0.hasPrefix(level + " ") } }
}

/// A backend in memory.
final class FakeBackend: LoadableBackend {
    var stored: StoredVariables
    var writes: [(blob: [UInt8], reason: WriteReason)] = []

    init(_ blob: [UInt8]?, _ certificates: CertificateState = .absent) {
        stored = StoredVariables(blob: blob, certificates: certificates)
    }

    func load(shouldStop: () -> Bool) throws(BackendFailure) -> StoredVariables {
        if shouldStop() { throw .stopped }
        return stored
    }

    func write(_ blob: [UInt8], for reason: WriteReason, then: @escaping (BackendOutcome) -> Void) {
        writes.append((blob, reason))
        then(.confirmed)
    }

    func notifySecureBootFailure(then: @escaping (BackendOutcome) -> Void) { then(.confirmed) }

    func abandon() {}
}

/// Takes every entry whole for a certificate, and every signature for a good one.
final class Lenient: VariableAuthenticator {
    let verificationCount = 0
    var verdict = AuthenticationVerdict.accepted(digest: .zero)

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict { verdict }
    func certificateByteCount(_ entry: [UInt8]) -> Int? { entry.isEmpty ? nil : entry.count }
}

extension VendorGUID {
    /// The test GUID of varstored.md 4.
    static let t = VendorGUID(0x0011_2233, 0x4455, 0x6677, 0x8899_AABB_CCDD_EEFF)
}

extension VariableRecord {
    /// A variable of some name.
    static func named(
        _ name: String, _ guid: VendorGUID = .t, _ attributes: VariableAttributes = .ordinary,
        _ data: [UInt8] = Array("abc".utf8)
    ) -> VariableRecord {
        VariableRecord(guid: guid, name: VariableName(name), attributes: attributes, data: data)
    }

    /// A key variable with these certificates, or what stands for them.
    static func key(_ name: String, _ guid: VendorGUID, _ certificates: [UInt8]...) -> VariableRecord {
        named(name, guid, .key, certificates.flatMap { SignatureLists.list(of: .x509, [(owner: .t, data: $0)]) })
    }
}
