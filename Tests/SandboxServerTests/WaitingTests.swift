// What `wait` tells of the other descriptor, whatever becomes of it. Not for: events (AcrossTests).

import SandboxClient
import SandboxWire
import SystemCalls
import Testing
import XenABI
import XenPlatform

@Suite("Waiting for an event or another descriptor, across the socket")
struct WaitingTests {
    @Test("the other one is told of for as long as it is readable, and not afterwards") func again() throws {
        let sandbox = try RunningSandbox()
        let events = try sandbox.platform().events
        let other = try EventCounter()
        let number = other.descriptor.rawValue
        #expect(try events.wait(orReadable: number, milliseconds: 0) == .timeout)
        try other.signal()
        for milliseconds: Int32? in [5000, 0, nil, 5000] {
            #expect(try events.wait(orReadable: number, milliseconds: milliseconds) == .other)
        }
        _ = try other.drain()
        #expect(try events.wait(orReadable: number, milliseconds: 20) == .timeout)
        try other.signal()
        #expect(try events.wait(orReadable: nil, milliseconds: 20) == .timeout)
        #expect(try events.wait(orReadable: number, milliseconds: nil) == .other)
    }

    @Test("two of them by turns, and one that takes another's number") func another() throws {
        let sandbox = try RunningSandbox()
        let events = try sandbox.platform().events
        let quiet = try EventCounter()
        var number: Int32 = 0
        do {
            let first = try EventCounter()
            number = first.descriptor.rawValue
            try first.signal()
            #expect(try events.wait(orReadable: number, milliseconds: 5000) == .other)
            #expect(try events.wait(orReadable: quiet.descriptor.rawValue, milliseconds: 0) == .timeout)
            #expect(try events.wait(orReadable: number, milliseconds: 5000) == .other)
            _ = try first.drain()
            #expect(try events.wait(orReadable: number, milliseconds: 0) == .timeout)
        }
        // The number is free: the next file gets it, or one of other tests' that run beside this one.
        let second = try EventCounter()
        try second.signal()
        number = second.descriptor.rawValue
        #expect(try events.wait(orReadable: number, milliseconds: nil) == .other)
        #expect(try events.wait(orReadable: number, milliseconds: 5000) == .other)
    }

    @Test("a regular file is always readable, as for poll") func regularFile() throws {
        let sandbox = try RunningSandbox()
        let events = try sandbox.platform().events
        let file = try OwnedDescriptor.open(path: "/proc/self/exe", .read)
        #expect(try events.wait(orReadable: file.rawValue, milliseconds: 5000) == .other)
        #expect(try events.wait(orReadable: file.rawValue, milliseconds: nil) == .other)
    }

    @Test("who polls the descriptor is told of an event that a wait for another one has seen") func seen() throws {
        let sandbox = try RunningSandbox()
        let dom0 = try sandbox.platform()
        let id = try sandbox.control().createDomain(DomainRequest(kind: 0, id: DomainID(9), frameCount: 0))
        let guest = try SandboxClient.open(path: sandbox.path, caller: Hello(caller: id, privilege: .none))
        let offered = try dom0.events.bindUnbound(id)
        let bound = try guest.events.bindInterdomain(DomainID(0), port: offered.port)
        let other = try EventCounter()
        try other.signal()
        // The port of a fresh binding has fired: the wait finds both, and tells of the other one.
        for _ in 0..<3 {
            #expect(try guest.events.wait(orReadable: other.descriptor.rawValue, milliseconds: 5000) == .other)
        }
        #expect(try waitUntilReadable(guest.events.descriptor, milliseconds: 5000) == .first)
        #expect(try guest.events.next() == bound.port)
        #expect(try guest.events.next() == nil)
    }
}
