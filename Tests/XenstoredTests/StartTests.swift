// The start in this process: its files, and what keeps it from serving.

import DaemonShell
import Foundation
import ServerCalls
import SystemCalls
import Testing

@testable import xenstored

/// A folder that goes with the test.
final class Folder {
    let path = "/tmp/corbel-xenstored-\(processID)-\(UInt64.random(in: 0...UInt64.max))"

    init() throws { try makeDirectory(path: path, permissions: 0o700) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func text(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
    func permissions(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.posixPermissions] as? Int
    }
}

/// Keeps lines.
final class Lines: LogSink {
    var all: [String] = []
    func write(_ level: LogLevel, _ line: String) { all.append(line) }
}

@Suite struct StartTests {
    let folder: Folder
    let lines = Lines()

    init() throws { folder = try Folder() }

    private func start(_ arguments: String..., path: String? = nil) throws -> Daemon {
        guard case .serve(let options) = try Options.parse(["-N", "-D"] + arguments) else { throw OptionError("help") }
        let paths = StorePaths(path: path, runDirectory: "\(folder.path)/run", library: "\(folder.path)/library")
        let log = DaemonLog(.information, sink: lines)
        return try Start(options, paths, try ParentProcess(options), log).run()
    }

    /// Why a start has failed.
    private func failure(_ arguments: String..., path: String? = nil) throws -> String {
        do {
            _ = try start(arguments[0], arguments.count > 1 ? arguments[1] : "-N", path: path)
            return "started"
        } catch let end as StartEnd {
            guard case .failed(let sentence) = end else { return "\(end)" }
            return sentence
        }
    }

    @Test func `The folder has mode 0755, the socket 0600, the pid file the number`() throws {
        let daemon = try start("-F", "\(folder.path)/pid")
        #expect(try folder.permissions("run") == 0o755)
        #expect(try folder.permissions("run/socket") == 0o600)
        #expect(try folder.permissions("pid") == 0o600)
        #expect(folder.text("pid") == "\(processID)\n")
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasPrefix("INFO xenstored: ready version=") == true)
        withExtendedLifetime(daemon) {}
    }

    @Test func `An old socket and an old pid file are in nobody's way`() throws {
        try makeDirectory(path: "\(folder.path)/run")
        // Bound, and gone: the name stays.
        do { _ = try StreamSocket.listening(path: "\(folder.path)/run/socket") }
        try Data("99999999999\n".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/pid"))
        let daemon = try start("-F", "\(folder.path)/pid")
        withExtendedLifetime(daemon) { #expect(folder.text("pid") == "\(processID)\n") }
    }

    @Test func `A socket that somebody serves is left alone`() throws {
        let other = try StreamSocket.listening(path: "\(folder.path)/socket")
        #expect(
            try failure("-N", path: "\(folder.path)/socket") == "\(folder.path)/socket: another process serves it")
        #expect(try StreamSocket.connected(path: "\(folder.path)/socket").descriptor.rawValue >= 0)
        withExtendedLifetime(other) {}
    }

    @Test func `What can't be opened is named, with what the system says`() throws {
        let socket = "\(folder.path)/none/socket"
        #expect(try failure("-N", path: socket) == "\(socket): bind: No such file or directory (2)")
        let long = "\(folder.path)/" + String(repeating: "x", count: 100)
        #expect(try failure("-N", path: long).hasSuffix("bind: File name too long (36)"))
        let file = "\(folder.path)/none/pid"
        #expect(try failure("-F", file) == "--pid-file: \(file): open: No such file or directory (2)")
        let trace = "\(folder.path)/none/trace"
        #expect(try failure("-T", trace) == "--trace-file \(trace): open: No such file or directory (2)")
    }

    @Test func `A trace log with a relative name lies in the library folder, for its owner alone`() throws {
        let daemon = try start("-T", "trace")
        #expect(try folder.permissions("library/trace") == 0o600)
        withExtendedLifetime(daemon) {}
    }
}
