// Clients that don't keep to the rules: they are told and closed, and the others are undisturbed.

import SandboxClient
import SandboxServer
import SandboxWire
import SystemCalls
import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

@Suite("Hostile clients") struct HostileTests {
    /// Something that works throughout.
    private func verifyAlive(_ sandbox: RunningSandbox) throws { _ = try sandbox.control().status() }

    @Test("every truncation of every packet, and noise, closes the connection and no other") func malformed() throws {
        let sandbox = try RunningSandbox()
        let witness = try sandbox.control()
        let call = DeviceModelCall(DomainID(1), [CallBuffer(address: 1, byteCount: 2, bytes: [1, 2])])
        let script = TextRequest(DomainID(1), "in 0x100 1")
        func packets(_ client: RawClient) -> [[UInt8]] {
            [
                client.packet(.dmOp, call), client.packet(.mapFrames, FrameMapping(DomainID(1), isWritable: true, [1])),
                client.packet(.bindInterdomain, BindInterdomain(domain: 1, port: 2)),
                client.packet(.createDomain, DomainRequest()), client.packet(.runScript, script),
                client.packet(.restrict, DomainArgument(DomainID(4))), client.packet(.status, NoBody()),
            ]
        }
        let probe = try RawClient(sandbox.path)
        for (index, whole) in packets(probe).enumerated() {
            for length in 1..<whole.count {
                let client = try RawClient(sandbox.path)
                _ = try client.ask(.hello, Hello())
                var packet = Array(packets(client)[index].prefix(length))
                // Half a packet as it is, and one that claims to be whole.
                if length >= 16, length.isMultiple(of: 2) {
                    packet[12] = UInt8(length)
                    packet[13] = 0
                }
                try client.send(packet)
                #expect(try client.farewell()?.hasPrefix("a malformed packet: ") == true)
            }
        }
        _ = try witness.status()
    }

    @Test("noise closes the connection") func noise() throws {
        let sandbox = try RunningSandbox()
        for _ in 0..<200 {
            let client = try RawClient(sandbox.path)
            try client.send((0..<Int.random(in: 1...100)).map { _ in UInt8.random(in: 0...255) })
            #expect(try client.farewell()?.hasPrefix("a malformed packet: ") == true)
        }
        try verifyAlive(sandbox)
    }

    @Test("a packet of every unknown kind, with unknown flags, too large, with descriptors, too early") func strange()
        throws
    {
        let sandbox = try RunningSandbox()
        for kind: UInt16 in [0, 2, 3, 15, 23, 31, 40, 63, 72, 0xFFFF] {
            let client = try RawClient(sandbox.path)
            _ = try client.ask(.hello, Hello())
            try client.send(client.packet(WireKind(rawValue: kind), NoBody()))
            #expect(try client.farewell()?.contains("no known kind") == true)
        }
        let flags = try RawClient(sandbox.path)
        var packet = flags.packet(.hello, Hello())
        packet[6] = 1
        try flags.send(packet)
        #expect(try flags.farewell()?.contains("unknown flags") == true)
        let large = try RawClient(sandbox.path)
        try large.send([UInt8](repeating: 0, count: WireLimits.packetByteCount + 1))
        #expect(try large.farewell() == "a packet that is too large")
        let giver = try RawClient(sandbox.path)
        try giver.send(giver.packet(.hello, Hello()), descriptors: [0, 1])
        #expect(try giver.farewell() == "descriptors where none belong")
        let early = try RawClient(sandbox.path)
        try early.send(early.packet(.status, NoBody()))
        #expect(try early.farewell()?.contains("not the packet to begin with") == true)
        let twice = try RawClient(sandbox.path)
        _ = try twice.ask(.hello, Hello())
        try twice.send(twice.packet(.hello, Hello()))
        #expect(try twice.farewell()?.contains("no known kind") == true)
        try verifyAlive(sandbox)
    }

    @Test("without nodes there are no calls; a mapping that is none can't be given up") func nodes() throws {
        let sandbox = try RunningSandbox()
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello(opensNodes: false))
        #expect(try client.ask(.restrict, DomainArgument(DomainID(1))).result == WireResult(.enodev, .sandbox))
        #expect(try client.ask(.bindUnbound, NumberArgument(1)).result == WireResult(.enodev, .sandbox))
        try client.send(client.packet(.unmapped, NumberArgument(1)))
        #expect(try client.farewell()?.contains("no such mapping") == true)
        let other = try RawClient(sandbox.path)
        _ = try other.ask(.hello, Hello())
        try other.send(other.packet(.unmapped, NumberArgument(1)))
        #expect(try other.farewell()?.contains("no such mapping") == true)
    }

    @Test("who refuses is told: the kernel or Xen") func origins() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello())
        func dmOp(_ buffers: [CallBuffer], count: UInt16? = nil, on domain: DomainID? = nil) throws -> WireResult {
            try client.ask(.dmOp, DeviceModelCall(domain ?? id, buffers, count: count)).result
        }
        let good = CallBuffer(address: 0x1000, byteCount: 8, bytes: [99, 0, 0, 0, 0, 0, 0, 0])
        #expect(try dmOp([good]) == WireResult(.eopnotsupp, .xen))
        #expect(try dmOp([good], on: DomainID(77)) == WireResult(.esrch, .xen))
        #expect(try dmOp([]) == .success)
        #expect(try dmOp([], count: 1) == WireResult(.efault, .kernel))
        #expect(try dmOp([CallBuffer](repeating: good, count: 17)) == WireResult(.e2big, .kernel))
        #expect(try dmOp([good, good, good]) == WireResult(.e2big, .xen))
        #expect(
            try dmOp([CallBuffer(address: 0x1000, byteCount: 8, bytes: [1])]) == WireResult(.efault, .kernel))
        var readOnly = good
        readOnly.isWritable = false
        #expect(try dmOp([readOnly]) == WireResult(.efault, .kernel))
        var kernel = good
        kernel.address = 0xFFFF_8000_0000_0000
        #expect(try dmOp([kernel]) == WireResult(.efault, .kernel))
        let huge = CallBuffer(address: 0x1000, byteCount: .max, bytes: [UInt8](repeating: 0, count: 4096))
        #expect(try dmOp([huge]) == WireResult(.e2big, .kernel))
        #expect(try client.ask(.bindVIRQ, NumberArgument(99)).result == WireResult(.einval, .xen))
        #expect(try client.ask(.unbind, NumberArgument(900)).result == WireResult(.enotconn, .kernel))
    }

    @Test("a slow reader is closed, with a line in the log, when too much waits for it") func slowReader() throws {
        let sandbox = try RunningSandbox { $0.limits.queuedBytes = 100_000 }
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello(opensNodes: false))
        // Until it is closed, or sends more than any queue holds.
        var sent = 0
        while sent < 200_000 {
            do {
                try client.send(client.packet(.status, NoBody()))
                sent += 1
            } catch { break }
        }
        #expect(sent < 200_000)
        #expect(sandbox.log.contains("it does not read its answers"))
        try verifyAlive(sandbox)
    }

    @Test("a flood of questions leaves the others their turn") func flood() throws {
        let sandbox = try RunningSandbox()
        let flooder = try RawClient(sandbox.path)
        _ = try flooder.ask(.hello, Hello())
        for _ in 0..<20 {
            for _ in 0..<50 { try flooder.send(flooder.packet(.resetEvents, NoBody())) }
            try verifyAlive(sandbox)
            for _ in 0..<50 { _ = try flooder.receive() }
        }
    }

    @Test("connections, mappings and ports have limits") func limits() throws {
        let sandbox = try RunningSandbox {
            $0.limits.connections = 3
            $0.limits.mappingsPerConnection = 2
        }
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest())
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello())
        let frames = FrameMapping(id, isWritable: true, [1])
        for _ in 0..<2 { #expect(try client.ask(.mapFrames, frames).result.isSuccess) }
        #expect(try client.ask(.mapFrames, frames).result == WireResult(.enomem, .sandbox))
        for _ in 0..<WireLimits.portsPerConnection {
            let answer = try client.ask(.bindUnbound, NumberArgument(1))
            if !answer.result.isSuccess { #expect(answer.result.isSuccess) }
        }
        #expect(try client.ask(.bindUnbound, NumberArgument(1)).result == WireResult(.enospc, .sandbox))
        let third = try RawClient(sandbox.path)
        _ = try third.ask(.hello, Hello())
        let fourth = try RawClient(sandbox.path)
        #expect(try fourth.farewell() == "there are too many connections")
        _ = try control.status()
    }

    @Test("files of the sandbox can't be made shorter or longer") func sealed() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest())
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello())
        func verifySealed(_ file: consuming OwnedDescriptor?) throws {
            guard let file else {
                Issue.record("no file")
                return
            }
            for size in [0, 4096, 1 << 30] {
                #expect(throws: SystemError(1, "ftruncate")) { try file.truncate(to: size) }
            }
        }
        try verifySealed(client.take(0))
        #expect(try client.ask(.mapFrames, FrameMapping(id, isWritable: true, [1])).result.isSuccess)
        try verifySealed(client.take(0))
    }

    @Test("whatever is in the shared page, the sandbox goes on and the others' events come") func hostilePage() throws {
        let sandbox = try RunningSandbox()
        let control = try sandbox.control()
        let id = try control.createDomain(DomainRequest())
        let witness = try RunningDevice(sandbox, domain: id)
        for round in 0..<60 {
            let client = try RawClient(sandbox.path)
            _ = try client.ask(.hello, Hello())
            guard let file = client.take(0), let pipe = client.take(1), let counter = client.take(2) else {
                Issue.record("no files")
                return
            }
            let wakes = try EventCounter(owning: counter)
            for _ in 0..<20 {
                let small = round.isMultiple(of: 2)
                let noise = (0..<512).map { _ in small ? UInt8.random(in: 0...2) : UInt8.random(in: 0...255) }
                try file.writeAll(at: 4 * Int.random(in: 0..<110), noise.span)
                try file.writeAll(at: 4096 + 4 * Int.random(in: 0..<3900), noise.span)
                try wakes.signal()
                _ = try? client.send(client.packet(.bindUnbound, NumberArgument(1)))
            }
            withExtendedLifetime(pipe.rawValue) {}
        }
        let trace = try control.runScript("repeat 20\nout 0x100 4 5\nin 0x100 4 expect 5\nend", in: id)
        #expect(!trace.contains("were not met"))
        #expect(witness.end() == "stopped")
    }

    @Test("a liar's numbers close its connection; ports of others can't be notified by the ring") func liars() throws {
        let sandbox = try RunningSandbox()
        let victim = try sandbox.platform()
        let port = try victim.events.bindUnbound(DomainID(0))
        let client = try RawClient(sandbox.path)
        _ = try client.ask(.hello, Hello())
        let file = client.take(0)
        let memory = file
        guard let memory else { return }
        func put(_ value: UInt32, at offset: Int) throws {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
            try memory.writeAll(at: offset, bytes.span)
        }
        // The victim's port, as a command in the ring of the liar.
        try put(EventCommand.notify(port: port.port.rawValue).word, at: 4096 + 8192)
        try put(1, at: 192)
        #expect(try client.ask(.bindUnbound, NumberArgument(1)).result.isSuccess)
        #expect(try victim.events.wait(orReadable: nil, milliseconds: 30) == .timeout)
        try put(0x7FFF_FFFF, at: 192)
        try client.send(client.packet(.bindUnbound, NumberArgument(1)))
        #expect(try client.farewell() == "impossible numbers in its ring")
        #expect(try victim.events.wait(orReadable: nil, milliseconds: 30) == .timeout)
    }

    @Test("a process that never looks at its pipe makes nobody wait") func deafClient() throws {
        let sandbox = try RunningSandbox()
        let id = try sandbox.control().createDomain(DomainRequest(kind: 0, id: DomainID(9), frameCount: 0))
        let deaf = try RawClient(sandbox.path)
        _ = try deaf.ask(.hello, Hello(caller: id, privilege: .none))
        guard let memory = deaf.take(0), let pipe = deaf.take(1) else { return }
        try pipe.setNonBlocking(false)
        let dom0 = try sandbox.platform()
        let offered = try dom0.events.bindUnbound(id)
        let bound = try deaf.ask(.bindInterdomain, BindInterdomain(domain: 0, port: offered.port.rawValue))
        var body = bound.body
        let port = try NumberAnswer(from: &body).number
        // Each round: the word says that it sleeps, and nothing was read. More rounds than a pipe has bytes.
        let asleep: [UInt8] = [1, 0, 0, 0]
        for _ in 0..<70_000 {
            try memory.writeAll(at: 320, asleep.span)
            try dom0.events.notify(offered.port)
            _ = try? deaf.socket.send(
                deaf.packet(.unmask, NumberArgument(UInt32(port))).span, waits: true)
            _ = try deaf.receive()
        }
        try verifyAlive(sandbox)
    }
}
