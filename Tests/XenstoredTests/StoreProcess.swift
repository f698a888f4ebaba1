// The built program as a process without Xen, and raw connections to it.
// Not for: what is tested with them.

import DaemonCalls
import Foundation
import SystemCalls
import Testing
import XenstoreWire

struct ProcessError: Error, CustomStringConvertible {
    var description: String
}

/// A daemon in a folder of its own. It is killed when this goes.
final class StoreProcess {
    let folder: String
    /// The program.
    let program: String
    let child: ChildProcess
    /// The daemon's number: in the background that of a process that is not our child.
    var id: Int32

    /// Starts it in the foreground, and waits until it serves.
    convenience init(_ options: [String] = []) throws {
        try self.init(["-N"] + options, notifying: nil)
        try waitForSocket()
    }

    /// Starts it, with who listens to what it tells service managers, and does not wait.
    init(_ options: [String], notifying listener: String?) throws {
        program = try Self.programPath()
        folder = "/tmp/corbel-xenstored-\(processID)-\(MonotonicTime.now.nanoseconds)"
        try makeDirectory(path: folder)
        child = try ChildProcess.start(
            path: "/usr/bin/env",
            arguments: [
                "-u", "XENSTORED_PATH", "-u", "NOTIFY_SOCKET", "XENSTORED_RUNDIR=\(folder)",
                "XENSTORED_ROOTDIR=\(folder)",
            ] + (listener.map { ["NOTIFY_SOCKET=\($0)"] } ?? []) + [program, "-D"] + options)
        id = child.id
    }

    func waitForSocket() throws {
        try wait("the socket") { (try? StreamSocket.connected(path: self.folder + "/socket")) != nil }
    }

    deinit {
        if id != child.id { kill(id, SIGKILL) }
        for name in (try? directoryNames(path: folder, countMax: 100)) ?? [] {
            try? removeFile(path: "\(folder)/\(name)")
        }
        try? removeDirectory(path: folder)
    }

    /// The program beside the tests.
    private static func programPath() throws -> String {
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            guard let end = argument.range(of: ".xctest"), let slash = argument[..<end].lastIndex(of: "/") else {
                continue
            }
            let path = argument[..<slash] + "/xenstored"
            if fileAccess(path: String(path)).isExecutable { return String(path) }
        }
        throw ProcessError(description: "no xenstored beside \(CommandLine.arguments)")
    }

    func connect() throws -> RawClient { try RawClient(folder + "/socket") }

    /// Its command line, as the kernel has it.
    func commandLine() throws -> [String] {
        let file = try OwnedDescriptor.open(path: "/proc/\(id)/cmdline", .read)
        let bytes = try file.read(at: 0, byteCount: 4096)
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether it has been replaced by another program.
    func isUpdated() throws -> Bool { try commandLine().contains("-U") }

    /// A file in its folder.
    func file(_ name: String, _ text: String, permissions: UInt32 = 0o700) throws -> String {
        let path = "\(folder)/\(name)"
        let file = try OwnedDescriptor.open(path: path, .write, [.create, .truncate], permissions: permissions)
        try file.writeAll(Array(text.utf8).span)
        return path
    }

    private func wait(_ what: String, _ condition: () -> Bool) throws {
        let end = MonotonicTime.now.advanced(byMilliseconds: 20_000)
        while !condition() {
            if MonotonicTime.now > end { throw ProcessError(description: "\(what): not within 20 seconds") }
            MonotonicTime.now.advanced(byMilliseconds: 5).sleep()
        }
    }
}

extension StringProtocol {
    /// Where a text stands.
    fileprivate func range(of text: String) -> Index? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(text) { return at }
            at = index(after: at)
        }
        return nil
    }
}

/// A connection that says and hears just what it is told to.
final class RawClient {
    private let socket: StreamSocket
    private var parser = XenstoreFrameParser()
    private var messages: [(operation: XenstoreOperation, text: String)] = []
    private var head = 0

    init(_ path: String) throws { socket = try StreamSocket.connected(path: path) }

    /// A request's bytes; `|` stands for NUL.
    static func request(_ operation: XenstoreOperation, _ text: String, transaction: UInt32 = 0) -> [UInt8] {
        var writer = XenstoreWriter()
        writer.begin(operation, requestID: 9, transactionID: transaction)
        writer.put(text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 })
        _ = writer.end()
        return writer.bytes
    }

    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            if let count = try? socket.descriptor.send(bytes.span.extracting(done...)) {
                done += count
            } else {
                MonotonicTime.now.advanced(byMilliseconds: 1).sleep()
            }
        }
    }

    func send(_ operation: XenstoreOperation, _ text: String, transaction: UInt32 = 0) throws {
        try send(Self.request(operation, text, transaction: transaction))
    }

    /// The next message: an event, or a reply.
    func next() throws -> (operation: XenstoreOperation, text: String) {
        while head == messages.count {
            messages.removeAll()
            head = 0
            try receive()
        }
        head += 1
        return messages[head - 1]
    }

    private func receive() throws {
        if try waitUntilReadable(socket.descriptor.rawValue, milliseconds: 20_000).isEmpty {
            throw ProcessError(description: "nothing came within 20 seconds")
        }
        var bytes = [UInt8](repeating: 0, count: 65536)
        var span = bytes.mutableSpan
        let count = try socket.descriptor.readIfReady(into: &span) ?? -1
        if count < 0 { return }
        if count == 0 { throw ProcessError(description: "the connection was closed") }
        var offset = 0
        while let message = try parser.next(
            in: bytes.span.extracting(..<count), at: &offset,
            deliver: { header, payload in
                let text = XenstoreText.copy(payload, 0..<payload.count).map { $0 == 0 ? UInt8(ascii: "|") : $0 }
                return (operation: header.operation, text: String(decoding: text, as: UTF8.self))
            })
        { messages.append(message) }
    }

    /// A request and its reply; events that come before are left out.
    func ask(_ operation: XenstoreOperation, _ text: String, transaction: UInt32 = 0) throws -> String {
        try send(operation, text, transaction: transaction)
        while true {
            let message = try next()
            if message.operation != .watchEvent { return message.text }
        }
    }

    /// The answer to `live-update` with these words.
    func liveUpdate(_ words: String...) throws -> String {
        try ask(.control, "live-update|" + words.map { $0 + "|" }.joined())
    }
}
