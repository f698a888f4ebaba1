// What the built program tells a service manager, and when (xenstored.md 14.3 (9), 13.5).
// Not for: the notice itself (SystemLogTests of DaemonShell).

import DaemonCalls
import Foundation
import ServerCalls
import SystemCalls
import Testing
import XenstoreWire

/// Who listens at $NOTIFY_SOCKET.
private final class ServiceManager {
    let folder: Folder
    private let socket: DatagramSocket
    var path: String { folder.path + "/notify" }
    var pidFile: String { folder.path + "/pid" }

    init() throws {
        folder = try Folder()
        socket = try DatagramSocket.listening(at: folder.path + "/notify")
    }

    /// The next datagram within a time; nil when there is none.
    func next(milliseconds: Int32 = 0) throws -> String? {
        if milliseconds > 0 { _ = try waitUntilReadable(socket.descriptor.rawValue, milliseconds: milliseconds) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        var span = bytes.mutableSpan
        guard let count = try socket.descriptor.readIfReady(into: &span) else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// The number in the pid file, which is complete.
    func number() throws -> Int32 {
        let text = try #require(folder.text("pid"))
        #expect(text.hasSuffix("\n"))
        return try #require(Int32(text.dropLast()))
    }
}

@Suite("Readiness of the program")
struct ReadinessTests {
    /// A daemon from whose notice on everything has to be as it is when it serves.
    private func start(_ options: [String], _ manager: ServiceManager) throws -> StoreProcess {
        let store = try StoreProcess(["-F", manager.pidFile] + options, notifying: manager.path)
        let notice = try manager.next(milliseconds: 20_000)
        let client = try store.connect()
        store.id = try manager.number()
        #expect(notice == "READY=1\nMAINPID=\(store.id)\n")
        #expect(try client.ask(.write, "/a|1") == "OK|")
        #expect((store.id == store.child.id) == options.contains("-N"))
        return store
    }

    @Test(
        "READY=1 comes once, from who serves: the socket and the pid file are there by then",
        arguments: [["-N"], [], ["-N", "--confine"], ["--confine"]])
    func once(_ options: [String]) throws {
        let manager = try ServiceManager()
        let store = try start(options, manager)
        let client = try store.connect()
        #expect(try client.ask(.read, "/a|") == "1")
        #expect(try manager.next() == nil)
        #expect(kill(store.id, SIGTERM) == 0)
        #expect(throws: ProcessError.self) { try client.next() }
        #expect(try manager.next() == nil)
    }

    @Test("a live update tells nothing, in the foreground and in the background", arguments: [["-N"], []])
    func liveUpdate(_ options: [String]) throws {
        let manager = try ServiceManager()
        let store = try start(options, manager)
        let client = try store.connect()
        for _ in 0..<2 {
            #expect(try client.liveUpdate("-f", store.program) == "OK|")
            #expect(try client.liveUpdate("-s", "-t", "60") == "OK|")
            // Who answers has begun to serve: what it would tell has been told.
            #expect(try client.ask(.read, "/a|") == "1")
            #expect(try store.isUpdated())
            #expect(try manager.next() == nil)
            #expect(try manager.number() == store.id)
        }
    }

    @Test("a start that fails tells nothing")
    func failure() throws {
        let manager = try ServiceManager()
        let store = try StoreProcess(["-N", "-F", "/nowhere/pid"], notifying: manager.path)
        #expect(try store.child.wholeOutput(byteCountMax: 1000, milliseconds: 20_000) == [])
        #expect(try manager.next() == nil)
    }

    @Test("the store is served though nobody listens there", arguments: [["-N"], ["-N", "--confine"]])
    func nobody(_ options: [String]) throws {
        let store = try StoreProcess(options, notifying: "/nowhere/notify")
        try store.waitForSocket()
        #expect(try store.connect().ask(.write, "/a|1") == "OK|")
    }
}
