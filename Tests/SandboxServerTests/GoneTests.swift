// Clients that go in the middle of a call: nothing is left of them but what real Xen leaves, and nobody else notices.

import SandboxClient
import SandboxServer
import SandboxWire
import SystemCalls
import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

/// Buffer 0 of an operation: its number, and bytes of its payload by their offset.
func operation(_ number: UInt8, _ payload: [Int: UInt8] = [:]) -> CallBuffer {
    var bytes = [UInt8](repeating: 0, count: 32)
    bytes[0] = number
    for (offset, value) in payload { bytes[8 + offset] = value }
    return CallBuffer(address: 0x1000, byteCount: 32, bytes: bytes)
}

/// Op 17, which on 4.17 carries a page along for 2^32 steps: hours.
func endlessOperation() -> CallBuffer {
    let frame = DMOPFrame(
        DMOP.RelocateMemory(count: .max, source: GuestFrame(0), destination: GuestFrame(1)))
    return CallBuffer(address: 0x1000, byteCount: 32, bytes: (0..<32).map { frame.bytes[$0] })
}

extension SandboxControl {
    /// Waits until the sandbox has so many connections.
    func waitUntil(connections count: Int) throws -> Bool {
        for _ in 0..<2000 {
            if try status().split(separator: "\n").count == 2 + count { return true }
        }
        return false
    }
}

@Suite("Clients that go during a call") struct GoneTests {
    /// A domain that works throughout, with its device model; and one that is the victim.
    private struct Scene {
        let sandbox: RunningSandbox
        let control: SandboxControl
        let witness: DomainID
        let device: RunningDevice

        init() throws {
            sandbox = try RunningSandbox()
            control = try sandbox.control()
            witness = try control.createDomain(DomainRequest())
            device = try RunningDevice(sandbox, domain: witness)
        }

        func verifyUndisturbed() throws {
            let trace = try control.runScript("repeat 3\nout 0x100 4 5\nin 0x100 4 expect 5\nend", in: witness)
            #expect(trace.split(separator: "\n").count == 6 && !trace.contains("were not met"))
        }

        /// Sends a packet and goes without waiting for the answer; what is left of the victim's then.
        func abandon(_ victim: DomainID, _ kind: WireKind, _ body: some WireBody) throws -> DomainList.Entry? {
            do {
                let client = try RawClient(sandbox.path)
                _ = try client.ask(.hello, Hello())
                try client.send(client.packet(kind, body))
            }
            #expect(try control.waitUntil(connections: 2))
            try verifyUndisturbed()
            return try control.listDomains().first { $0.id == victim }
        }
    }

    @Test("each of the 20 operations") func operations() throws {
        let scene = try Scene()
        let payloads: [UInt8: [Int: UInt8]] = [
            3: [4: 0, 8: 0, 9: 3, 16: 0, 17: 3], 4: [8: 0, 9: 3, 16: 0, 17: 3], 5: [2: 1], 7: [0: 8], 11: [0: 1],
            12: [0: 0xff, 1: 3, 4: 1], 15: [2: 4, 4: 1], 16: [0: 1],
        ]
        let data = CallBuffer(address: 0x3000, byteCount: 16, bytes: [1] + [UInt8](repeating: 0, count: 15))
        for number in 1...20 as ClosedRange<UInt8> {
            let victim = try scene.control.createDomain(DomainRequest())
            do {
                // The server that operations are about.
                let maker = try RawClient(scene.sandbox.path)
                _ = try maker.ask(.hello, Hello())
                #expect(try maker.ask(.dmOp, DeviceModelCall(victim, [operation(1)])).result.isSuccess)
            }
            let buffers = [operation(number, payloads[number] ?? [:])] + (number == 7 || number == 11 ? [data] : [])
            let left = try scene.abandon(victim, .dmOp, DeviceModelCall(victim, buffers))
            // Servers are the domain's, as on real Xen: they stay, and one that was destroyed is gone.
            #expect(left?.serverCount == (number == 1 ? 2 : number == 6 ? 0 : 1), "operation \(number)")
            // Shut down, for reason 1.
            #expect(left?.life == (number == 16 ? 0x101 : 0), "operation \(number)")
            try scene.control.destroyDomain(victim)
            #expect(try scene.control.listDomains().map(\.id) == [scene.witness])
        }
        #expect(scene.device.end() == "stopped")
    }

    @Test("mapping, binding, restricting: no mapping and no port is left") func nodes() throws {
        let scene = try Scene()
        let victim = try scene.control.createDomain(DomainRequest())
        let other = try scene.control.createDomain(DomainRequest(kind: 0, frameCount: 0))
        func firstFreePort() throws -> EventPort { try scene.sandbox.platform().events.bindUnbound(victim).port }
        let port = try firstFreePort()
        #expect(try scene.control.waitUntil(connections: 2))
        func abandon(_ kind: WireKind, _ body: some WireBody) throws {
            #expect(try scene.abandon(victim, kind, body) != nil)
            #expect(try firstFreePort() == port)
            #expect(try scene.control.waitUntil(connections: 2))
        }
        try abandon(.mapFrames, FrameMapping(victim, isWritable: true, (0..<1024).map { UInt64($0) }))
        _ = try scene.abandon(victim, .dmOp, DeviceModelCall(victim, [operation(1)]))
        try abandon(
            .mapResource, ResourceMapping(victim, .ioreqServer, id: 0, firstFrame: 0, count: 2))
        try abandon(.resourceSize, ResourceMapping(victim, .ioreqServer, id: 0, firstFrame: 0, count: 0))
        try abandon(.bindUnbound, NumberArgument(UInt32(victim.rawValue)))
        try abandon(.bindVIRQ, NumberArgument(3))
        try abandon(.bindInterdomain, BindInterdomain(domain: UInt32(other.rawValue), port: 1))
        try abandon(.restrict, DomainArgument(victim))
        try abandon(.restrictEvents, DomainArgument(victim))
        try abandon(.resetEvents, NoBody())
        // A mapping that is left would keep the domain.
        try scene.control.destroyDomain(victim)
        #expect(try scene.control.listDomains().map(\.id) == [scene.witness, other])
        // What the virtual interrupt was bound to is free again.
        #expect(try scene.sandbox.platform().events.bindVIRQ(VIRQ(3)).port == port)
    }

    @Test("an operation of hours: others are served, its packets wait, and it ends with its client") func endless()
        throws
    {
        let scene = try Scene()
        for isHypercall in [false, true] {
            let victim = try scene.control.createDomain(DomainRequest())
            let address: [UInt8] = [0, 0x10, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0]
            let hypercall = HypercallRequest(
                number: Hypercall.dmOp, arguments: [UInt64(victim.rawValue), 1, 0x8000, 0, 0],
                memory: [endlessOperation(), CallBuffer(address: 0x8000, byteCount: 16, bytes: address)])
            do {
                let client = try RawClient(scene.sandbox.path)
                _ = try client.ask(.hello, Hello())
                if isHypercall {
                    try client.send(client.packet(.hypercall, hypercall))
                } else {
                    try client.send(client.packet(.dmOp, DeviceModelCall(victim, [endlessOperation()])))
                }
                try client.send(client.packet(.bindUnbound, NumberArgument(1)))
                for _ in 0..<5 { try scene.verifyUndisturbed() }
                #expect(throws: SystemError(11, "recvmsg")) { _ = try client.receive(waits: false) }
                #expect(try scene.control.status().contains(": 0 ports, 0 mappings"))
            }
            #expect(try scene.control.waitUntil(connections: 2))
        }
        #expect(scene.sandbox.log.contains("it has gone during a call"))
        #expect(scene.device.end() == "stopped")
    }

    @Test("a domain that is destroyed between two rounds ends the operation: ESRCH; and what waited is answered")
    func destroyed() throws {
        let scene = try Scene()
        let victim = try scene.control.createDomain(DomainRequest())
        let client = try RawClient(scene.sandbox.path)
        _ = try client.ask(.hello, Hello())
        try client.send(client.packet(.dmOp, DeviceModelCall(victim, [endlessOperation()])))
        try client.send(client.packet(.resetEvents, NoBody()))
        try scene.verifyUndisturbed()
        try scene.control.destroyDomain(victim)
        #expect(try result(client.receive(), .dmOp) == WireResult(.esrch, .xen))
        #expect(try result(client.receive(), .resetEvents) == .success)
        try scene.verifyUndisturbed()
    }

    private func result(_ packet: [UInt8]?, _ kind: WireKind) throws -> WireResult? {
        guard let packet else { return nil }
        var reader = WireReader(packet, 0..<packet.count)
        #expect(try WireHeader(from: &reader).kind == kind)
        return try WireResult(from: &reader)
    }

    @Test("a script goes on without whoever has asked for it, and its domain's end is its end") func script() throws {
        let scene = try Scene()
        let victim = try scene.control.createDomain(DomainRequest())
        let text = TextRequest(victim, "repeat 1000000000\nwrite 0x1000 01\nend")
        #expect(try scene.abandon(victim, .runScript, text) != nil)
        #expect(try scene.control.status().contains("1 scripts running"))
        let again = #expect(throws: SandboxError.self) { _ = try scene.control.runScript("note x", in: victim) }
        #expect(again?.description.contains("runs a script already") == true)
        try scene.control.destroyDomain(victim)
        var isOver = false
        for _ in 0..<1000 where !isOver { isOver = try scene.control.status().contains("0 scripts running") }
        #expect(isOver)
        try scene.verifyUndisturbed()
    }
}
