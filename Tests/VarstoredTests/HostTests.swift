// The host's settings and files (varstored.md 10.5, 12.3, 15.3).

import SystemCalls
import Testing
import UEFIVariables
import VariableFormats

@testable import varstored

@Suite struct HostSettingsTests {
    private func settings(_ secureBoot: String?, _ enforce: String?, _ change: (inout Options) -> Void = { _ in })
        -> HostSettings
    {
        var options = Options(domain: 1, backend: .file(path: "p"))
        change(&options)
        return HostSettings(
            secureBootNode: secureBoot.map { Array($0.utf8) }, enforceNode: enforce.map { Array($0.utf8) }, options)
    }

    @Test("Secure Boot is on by exactly `true`, signatures are checked but by exactly `false`")
    func nodes() {
        #expect(settings("true", nil).secureBoot)
        for text in [nil, "", "True", "true\n", "1", "false"] { #expect(!settings(text, nil).secureBoot) }
        #expect(!settings(nil, "false").enforcing)
        for text in [nil, "", "False", "false ", "0", "true"] { #expect(settings(nil, text).enforcing) }
    }

    @Test("an option is stronger than its node")
    func options() {
        let forced = settings("true", "true") { options in
            options.secureBoot = false
            options.enforcing = false
        }
        #expect(!forced.secureBoot && !forced.enforcing)
        #expect(settings("false", nil) { $0.secureBoot = true }.secureBoot)
        #expect(settings(nil, "false") { $0.enforcing = true }.enforcing)
    }

    @Test("the nodes of a domain")
    func paths() {
        #expect(HostSettings.secureBootNode(7) == "/local/domain/7/platform/secureboot")
        #expect(HostSettings.enforceNode(7) == "/local/domain/7/platform/auth-enforce")
        #expect(HostSettings.pidNode(7) == "/local/domain/7/varstored-pid")
    }
}

@Suite struct HostFilesTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("176 to 178: a key's file that is not there is none")
    func missing() throws {
        try folder.write("PK.auth", [1])
        try folder.write("db.auth", [2])
        let keys = try HostFiles.keys(in: folder.path, requiresPKOnly: true)
        #expect(keys.pk == [1] && keys.db == [2] && keys.kek == nil && keys.dbx == nil && keys.requiresPKOnly)
        let none = try HostFiles.keys(in: "/nowhere", requiresPKOnly: false)
        #expect(none.pk == nil && none.db == nil && none.kek == nil && none.dbx == nil)
    }

    @Test("179: a key's file of 57344 bytes is read, one of 57345 fails the start")
    func longFile() throws {
        try folder.write("KEK.auth", [UInt8](repeating: 1, count: 57344))
        #expect(try HostFiles.keys(in: folder.path, requiresPKOnly: false).kek?.count == 57344)
        try folder.write("KEK.auth", [UInt8](repeating: 1, count: 57345))
        #expect(throws: StartEnd.failed("\(folder.path)/KEK.auth has more than 57344 bytes")) {
            try HostFiles.keys(in: folder.path, requiresPKOnly: false)
        }
    }

    @Test("a file that can't be read fails the start")
    func unreadable() throws {
        #expect(throws: StartEnd.self) { try HostFiles.keys(in: "/proc/self/exe", requiresPKOnly: false) }
    }

    @Test("a certificate counts by its hash alone: others in the folder are nothing, whatever their names are")
    func certificates() throws {
        try folder.write("Microsoft Corporation KEK 2K CA 2023.der", [0x30, 0x82, 0, 1, 5])
        try folder.write("broken.pem", Array("-----BEGIN CERTIFICATE-----".utf8))
        #expect(HostFiles.certificates(in: folder.path).isEmpty)
        #expect(HostFiles.certificates(in: "/nowhere").isEmpty)
    }

    /// Debian's store with Microsoft's keys (package ovmf, which Lab/setup installs).
    private static let store = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"
    private static let hasStore = (try? OwnedDescriptor.open(path: store, .read)) != nil

    @Test("Microsoft's certificates are found under any name, as DER and as PEM", .enabled(if: hasStore))
    func microsoft() throws {
        let file = try OwnedDescriptor.open(path: Self.store, .read)
        let bytes = try file.read(at: 0, byteCount: file.byteCount())
        var found: [[UInt8]] = []
        for start in 0..<(bytes.count - 4) where bytes[start] == 0x30 && bytes[start + 1] == 0x82 {
            let end = start + 4 + Int(bytes[start + 2]) << 8 + Int(bytes[start + 3])
            guard end <= bytes.count, MicrosoftCertificate.all.contains(where: { $0.byteCount == end - start }) else {
                continue
            }
            found.append(Array(bytes[start..<end]))
        }
        try #require(found.count >= 3)
        for (number, der) in found.enumerated() {
            let lines = "-----BEGIN CERTIFICATE-----\n\(String(decoding: Base64.encode(der), as: UTF8.self))\n"
            let pem = Array("\(lines)-----END CERTIFICATE-----\n".utf8)
            try folder.write("file-\(number)", number % 2 == 0 ? der : pem)
        }
        let certificates = HostFiles.certificates(in: folder.path)
        #expect(Set(certificates.keys) == [.kek2011, .windows2011, .uefi2011])
        for (certificate, der) in certificates { #expect(der.count == certificate.byteCount) }
    }
}
