// One client takes what it can get, by every means; another one's round trips go on.

import Foundation
import SandboxServer
import SandboxWire
import Synchronization
import SystemCalls
import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel
@testable import SandboxClient

@Suite("Floods") struct StarvationTests {
    /// Floods from a thread of its own until this object goes.
    private final class Flood: Sendable {
        private let state = State()

        private final class State: Sendable {
            let shouldEnd = Atomic<Bool>(false)
            let hasEnded = DispatchSemaphore(value: 0)
            let rounds = Atomic<Int>(0)
        }

        init(_ path: String, _ round: @escaping @Sendable (RawClient) throws -> Void) {
            Thread { [state] in
                var client = try? RawClient(path)
                _ = try? client?.ask(.hello, Hello())
                while !state.shouldEnd.load(ordering: .acquiring), let current = client {
                    do {
                        try round(current)
                    } catch {
                        // Closed for what it does: it comes again.
                        client = try? RawClient(path)
                        _ = try? client?.ask(.hello, Hello())
                    }
                    state.rounds.wrappingAdd(1, ordering: .relaxed)
                }
                state.hasEnded.signal()
            }.start()
        }

        var rounds: Int { state.rounds.load(ordering: .relaxed) }

        func end() {
            state.shouldEnd.store(true, ordering: .releasing)
            state.hasEnded.wait()
        }
    }

    private func verify(
        _ name: String, _ prepare: (SandboxControl, RunningSandbox) throws -> DomainID,
        _ round: @escaping @Sendable (RawClient, DomainID) throws -> Void
    ) throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let witness = try control.createDomain(DomainRequest())
        let device = try RunningDevice(sandbox, domain: witness)
        let victim = try prepare(control, sandbox)
        let flood = Flood(sandbox.path) { client in try round(client, victim) }
        let begin = ContinuousClock.now
        // At least so many round trips, and until the flood has begun.
        for _ in 0..<2 {
            let trace = try control.runScript("repeat 20\nout 0x100 4 5\nin 0x100 4 expect 5\nend", in: witness)
            #expect(trace.split(separator: "\n").count == 40 && !trace.contains("were not met"), "\(name)")
        }
        while flood.rounds < 1, ContinuousClock.now - begin < .seconds(10) { _ = try control.status() }
        flood.end()
        #expect(flood.rounds > 0, "\(name)")
        // 80 round trips: far below a second, unless they are starved.
        #expect(ContinuousClock.now - begin < .seconds(20), "\(name)")
        #expect(device.end() == "stopped")
    }

    private func plain(_ control: SandboxControl, _: RunningSandbox) throws -> DomainID {
        try control.createDomain(DomainRequest(frameCount: 8192))
    }

    /// Many questions at a time, and then their answers.
    private static func many(_ client: RawClient, _ count: Int, _ packet: () -> [UInt8]) throws {
        for _ in 0..<count { try client.send(packet()) }
        for _ in 0..<count where try client.receive() == nil { throw SystemError(32, "receive") }
    }

    @Test("by small packets, large mappings, status, binding") func packets() throws {
        try verify("reset", plain) { client, _ in
            try Self.many(client, 60) { client.packet(.resetEvents, NoBody()) }
        }
        let frames = (0..<8192).map { UInt64($0 * 4001 % 8192) }
        try verify("map", plain) { client, victim in
            try Self.many(client, 1) { client.packet(.mapFrames, FrameMapping(victim, isWritable: true, frames)) }
        }
        try verify("status", plain) { client, _ in try Self.many(client, 60) { client.packet(.status, NoBody()) } }
        try verify("bind", plain) { client, _ in
            try Self.many(client, 60) { client.packet(.bindUnbound, NumberArgument(5)) }
            try Self.many(client, 1) { client.packet(.resetEvents, NoBody()) }
        }
    }

    @Test("by operations, of one round and of many") func operations() throws {
        try verify("short", plain) { client, victim in
            try Self.many(client, 30) { client.packet(.dmOp, DeviceModelCall(victim, [operation(20)])) }
        }
        try verify("long", plain) { client, victim in
            // Never answered: a client for each, which goes after a while.
            try client.send(client.packet(.dmOp, DeviceModelCall(victim, [endlessOperation()])))
            Thread.sleep(forTimeInterval: 0.05)
            throw SystemError(32, "enough")
        }
    }

    @Test("by connections, domains, answers that nobody reads") func connections() throws {
        try verify("connections", plain) { client, _ in throw SystemError(32, "another one") }
        try verify("domains", plain) { client, _ in
            try Self.many(client, 1) {
                client.packet(.createDomain, DomainRequest(id: DomainID(99), vcpuCount: 128, frameCount: 4 << 20))
            }
            try Self.many(client, 1) { client.packet(.destroyDomain, DomainArgument(DomainID(99))) }
        }
        try verify("unread", plain) { client, _ in
            for _ in 0..<200 { try client.socket.send(client.packet(.status, NoBody()).span, waits: false) }
        }
    }

    @Test("by a ring that is never empty") func ring() throws {
        try verify("ring", plain) { client, _ in
            guard let memory = client.take(0), let pipe = client.take(1), let counter = client.take(2) else {
                throw SystemError(32, "its files were taken")
            }
            let wakes = try EventCounter(owning: counter)
            let mapped = try MappedMemory(sharing: memory, byteCount: EventLayout.byteCount, access: .readWrite)
            let pages = MappedPages(mapped, owner: PlainMappings())
            // As many commands as there is room for, again and again.
            var commands = RingWriter(EventLayout.commands)
            for _ in 0..<2000 {
                while commands.push(EventCommand.notify(port: 5).word, to: pages) {}
                try wakes.signal()
            }
            withExtendedLifetime(pipe.rawValue) {}
            throw SystemError(32, "another one")
        }
    }

    @Test("by programs of guests that wait for nobody") func programs() throws {
        let steps = [
            "write 0x1000 01 02", "in 0x300 1", "fill 0x1000 16777216 7", "rep ins 0x300 4 count 4096 to 0x8000",
        ]
        for step in steps + ["repeat 1000000000\nend", "balloon 0 4503599627370495"] {
            try verify(step) { control, sandbox in
                let victim = try control.createDomain(DomainRequest(frameCount: 8192))
                let client = try RawClient(sandbox.path)
                _ = try client.ask(.hello, Hello())
                try client.send(
                    client.packet(.runScript, TextRequest(victim, "repeat 1000000000\n\(step)\nend")))
                _ = try client.ask(.resetEvents, NoBody())
                return victim
            } _: { client, _ in
                _ = try client.ask(.resetEvents, NoBody())
            }
        }
    }

    @Test("a trace of any size is told in part; memory that is not as it should be is not all kept") func traces()
        throws
    {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest())
        let long = String(repeating: "x", count: 100_000)
        let trace = try control.runScript("repeat 1000\nnote \(long)\nend", in: id)
        #expect(trace.utf8.count < 5 << 20 && trace.contains("more steps"))
        let bytes = String(repeating: " 01", count: 30_000)
        let other = try control.runScript("repeat 300\nexpect memory 0\(bytes)\nend", in: id)
        #expect(other.contains("300 expectations were not met"))
    }
}
