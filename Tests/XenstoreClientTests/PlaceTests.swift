// Where a Xenstore is looked for, and what connecting answers when it is not there (xenstored.md 10).

import ServerCalls
import SystemCalls
import Testing
import XenstoreWire

@testable import XenstoreClient

@Suite("Finding Xenstore")
struct PlaceTests {
    @Test("XENSTORED_PATH alone, else the socket of XENSTORED_RUNDIR, else the usual sockets; the devices last")
    func candidates() {
        let devices = ["/dev/xen/xenbus", "/proc/xen/xenbus"]
        func paths(_ environment: [String: String]) -> [String] {
            XenstorePlace.candidates { environment[$0] }
        }
        #expect(paths(["XENSTORED_PATH": "/x", "XENSTORED_RUNDIR": "/run/y"]) == ["/x"])
        #expect(paths(["XENSTORED_RUNDIR": "/run/y"]) == ["/run/y/socket"] + devices)
        #expect(paths([:]) == ["/run/xenstored/socket", "/var/run/xenstored/socket"] + devices)
        #expect(paths(["XENSTORED_PATH": "", "XENSTORED_RUNDIR": ""]) == paths([:]))
    }

    @Test("the first place that answers is taken; when none does, the error that says most")
    func first() throws {
        let fake = try FakeXenstored { connection in
            if let request = connection.request() { connection.reply(request, "1") }
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(
            toFirstOf: ["/nowhere/socket", "/", fake.path, "/dev/null"], timeoutMilliseconds: 5000)
        #expect(try client.read("/a") == [49])
        #expect(throws: XenstoreError.transport(SystemError(2, "connect"))) {
            try XenstoreClient.connect(toFirstOf: ["/nowhere/a", "/nowhere/b"], timeoutMilliseconds: 100)
        }
        #expect(throws: XenstoreError.transport(SystemError(21, "open"))) {
            try XenstoreClient.connect(toFirstOf: ["/nowhere/a", "/"], timeoutMilliseconds: 100)
        }
    }

    @Test("a socket that nobody listens to is refused, and a file that is no device")
    func dead() throws {
        let path = "/tmp/corbel-xenstore-dead-\(processID)"
        let socket = try StreamSocket.listening(path: path)
        (consume socket).intoDescriptor().close()
        #expect(throws: XenstoreError.transport(SystemError(111, "connect"))) {
            try XenstoreClient.connect(to: path, timeoutMilliseconds: 100)
        }
        try removeFile(path: path)
        try OwnedDescriptor.open(path: path, .write, .create).close()
        #expect(throws: XenstoreError.transport(SystemError(1, "epoll_ctl"))) {
            try XenstoreClient.connect(to: path, timeoutMilliseconds: 100)
        }
        try removeFile(path: path)
    }

    @Test("a server that lets nobody in gives a timeout")
    func full() throws {
        let path = "/tmp/corbel-xenstore-full-\(processID)"
        let socket = try StreamSocket.listening(path: path, backlog: 0)
        let first = try StreamSocket.connected(path: path)
        #expect(throws: XenstoreError.timeout) { try XenstoreClient.connect(to: path, timeoutMilliseconds: 50) }
        try removeFile(path: path)
        (consume first).intoDescriptor().close()
        (consume socket).intoDescriptor().close()
    }
}
