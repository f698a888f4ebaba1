// One run: the steps that a program makes callers, device models and guests take.
// Not for: what the calls are made of (Operations), and what must hold of each (Scenario+Calls).

@testable import HypervisorModel
import XenABI

final class Scenario {
    private static let stepsMax = 300

    let program: Program
    let world: World
    private var steps = 0

    init(_ program: Program) throws(Refusal) {
        self.program = program
        world = try World(program)
    }

    func run() {
        world.check()
        while !program.isOver, steps < Self.stepsMax {
            steps += 1
            step()
            world.check()
        }
        // What is left goes, files before mappings.
        for kernel in world.kernels { world.endProcesses(of: kernel) }
        world.check()
        for domain in world.hypervisor.guests { destroy(domain.id) }
        hold(world.hypervisor.guests.isEmpty, "domains without mappings go at once")
    }

    private func step() {
        switch program.byte() & 31 {
        case 0, 1: noise()
        case 2...6: framed()
        case 7...12: plausible()
        case 13: mapFrames()
        case 14: mapResource()
        case 15: hypercall()
        case 16, 17: eventCall()
        case 18, 19: event()
        case 20: open()
        case 21: close()
        case 22: restrict()
        case 23: life()
        case 24, 25: guestAccess()
        case 26: answer()
        case 27: spoil()
        case 28: guestChange()
        case 29: if !world.areas.isEmpty { world.areas.remove(at: program.number(below: world.areas.count)) }
        default: serve()
        }
    }

    // MARK: Operations

    /// Nothing but bytes.
    private func noise() {
        let sizes = [0, 1, 7, 8, 12, 16, 31, 32, 33, 64, 4096, 4097]
        let buffers = (0..<program.number(below: 5)).map { _ in
            let count = program.pick(sizes)
            return CallerBuffer(program.someBytes(min(count, 40)) + [UInt8](repeating: 0, count: max(0, count - 40)))
        }
        dmOp(program.domain(), count: program.chance(of: 12) ? UInt16(buffers.count) : program.raw16(), buffers)
    }

    /// An operation whose fields are any, in buffers that may be anything.
    private func framed() {
        var bytes = [UInt8](repeating: 0, count: DMOPFrame.byteCount)
        let number = program.chance(of: 15) ? UInt32(program.byte() % 23) : program.raw32()
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * UInt32(index))) }
        if program.chance(of: 1) { bytes[4] = program.byte() }
        for index in 8..<32 where program.chance(of: 6) { bytes[index] = program.byte() }
        send(bytes)
    }

    /// An operation as a device model would do it, most often.
    private func plausible() { send(Array(program.operation())) }

    /// In one buffer, or two where there is use for it; sometimes cut, too long, or where nothing is.
    private func send(_ bytes: [UInt8]) {
        var bytes = bytes
        let shape = program.byte()
        if shape & 0xF0 == 0xF0 { bytes = Array((bytes + program.someBytes(8)).prefix(program.number(below: 41))) }
        var buffers = [CallerBuffer(bytes)]
        if shape & 3 != 0 || bytes.first == 7 || bytes.first == 11 { buffers.append(CallerBuffer(program.extents())) }
        for _ in 0..<(shape & 0x0C == 0x0C ? program.number(below: 19) : 0) { buffers.append(CallerBuffer([0])) }
        if shape & 0x30 == 0x30, program.chance(of: 8) { spoilBuffer(&buffers[program.number(below: buffers.count)]) }
        let count = program.chance(of: 15) ? UInt16(buffers.count) : UInt16(program.byte())
        dmOp(program.domain(), count: count, buffers)
    }

    private func spoilBuffer(_ buffer: inout CallerBuffer) {
        switch program.byte() & 7 {
        case 0: buffer.access = .readOnly
        case 1: buffer.access = .unmapped
        case 2: buffer.byteCount = Int(Int8(bitPattern: program.byte()))
        case 3: buffer.byteCount = Int(truncatingIfNeeded: program.raw64())
        case 4: buffer.address = program.address()
        case 5: buffer.bytes = []
        case 6: buffer.bytes.append(0)
        default: buffer = CallerBuffer(address: program.address(), byteCount: 4096, access: .writable)
        }
    }

    // MARK: Life

    private func open() {
        guard !world.kernels.isEmpty else { return }
        let kernel = program.pick(world.kernels)
        if program.chance(of: 8), world.privcmds.count < World.filesMax {
            world.privcmds.append(PrivcmdHandle(file: kernel.openPrivcmd(), kernel: kernel))
        } else if world.evtchns.count < World.filesMax {
            world.evtchns.append(EvtchnHandle(file: kernel.openEvtchn(), kernel: kernel))
        }
    }

    private func close() {
        if program.chance(of: 8), !world.privcmds.isEmpty {
            world.privcmds.remove(at: program.number(below: world.privcmds.count))
        } else if !world.evtchns.isEmpty {
            world.evtchns.remove(at: program.number(below: world.evtchns.count)).file.close()
        }
    }

    private func life() {
        switch program.byte() & 7 {
        case 0...2: destroy(program.domain())
        case 3...5:
            _ = attempt { () throws(Refusal) in
                try world.hypervisor.createDomain(World.shape(program), id: program.domain())
            }
        case 6:
            var shape = World.shape(program)
            shape.vcpuCount = Int(Int8(bitPattern: program.byte())) / 16
            shape.frameCount = program.chance(of: 8) ? UInt64(program.byte()) : program.raw64()
            _ = attempt { () throws(Refusal) in
                try world.hypervisor.createDomain(shape, id: program.chance(of: 8) ? nil : program.domain())
            }
        default:
            guard let domain = world.hypervisor.domain(program.domain()) else { return }
            world.hypervisor.shutDown(domain, ShutdownReason(UInt32(program.byte())))
        }
    }

    /// With a stub domain its processes go, now or when they find out.
    private func destroy(_ id: DomainID) {
        let domain = world.hypervisor.domain(id)
        guard attempt({ () throws(Refusal) in try world.hypervisor.destroyDomain(id) }) != nil else { return }
        guard id != World.dom0 else { return hold(false, "dom0 stays") }
        if program.chance(of: 8) {
            for kernel in world.kernels where kernel.domain === domain { world.endProcesses(of: kernel) }
            world.kernels.removeAll { $0.domain === domain }
        }
        hold(world.hypervisor.domain(id) == nil || domain?.mappingCount ?? 0 > 0, "the dead go with their mappings")
    }

    /// What is refused is refused as it should be; nil then.
    func attempt<Value>(_ body: () throws(Refusal) -> Value) -> Value? {
        do throws(Refusal) {
            return try body()
        } catch {
            Watcher.check(error)
            return nil
        }
    }
}
