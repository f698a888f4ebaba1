// Where our xenstored is found, and where it is not.
import Foundation
import Testing

@testable import LabKit

@Suite struct XenstoreDaemonTests {
    private let folder: ScratchFolder
    private let corbel: URL

    init() throws {
        folder = try ScratchFolder()
        corbel = folder.url.appendingPathComponent("bin/corbel")
    }

    /// Puts a program there that says `text`.
    private func put(_ path: String, saying text: String) throws {
        let file = folder.url.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }

    @Test func theOneBesideCorbelIsTaken() throws {
        try put("bin/xenstored", saying: "")
        try put("sbin/xenstored", saying: "this Xen has no stable domain state call (...)")
        #expect(try XenstoreDaemon.program(beside: corbel).path == folder.url.path + "/bin/xenstored")
    }

    @Test func theOneThatIsInstalledIsTakenWhenItIsOurs() throws {
        try put("sbin/xenstored", saying: "\u{1}this Xen has no stable domain state call (...)\u{0}")
        #expect(try XenstoreDaemon.program(beside: corbel).path == folder.url.path + "/sbin/xenstored")
    }

    @Test func theDistributionsIsNotTakenForOurs() throws {
        try put("sbin/xenstored", saying: "xenstored, in C")
        let error = #expect(throws: LabError.self) { try XenstoreDaemon.program(beside: corbel) }
        #expect(error?.remedy?.contains("--xenstored c") == true)
    }
}
