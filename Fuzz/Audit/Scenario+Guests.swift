// What guests do, and what device models do to the pages that they share with Xen.
// Not for: calls of device models (Scenario+Calls).

@testable import HypervisorModel
import XenABI
import XenPlatform

extension Scenario {
    private func vcpu() -> VirtualCPU? {
        guard let domain = world.hypervisor.domain(DomainID(UInt16(1 + (program.byte() & 1)))) else { return nil }
        return domain.vcpus.isEmpty ? nil : program.pick(domain.vcpus)
    }

    /// A vCPU begins an access, or goes on with one.
    func guestAccess() {
        guard let vcpu = vcpu() else { return }
        let wasBusy = vcpu.isBusy
        if wasBusy { return checkOutcome(vcpu.resume(), vcpu) }
        let access = program.access()
        if program.chance(of: 3) { _ = vcpu.domain.explain(access).description }
        checkOutcome(vcpu.perform(access), vcpu)
    }

    private func checkOutcome(_ outcome: AccessOutcome, _ vcpu: VirtualCPU) {
        switch outcome {
        case .waiting:
            hold(vcpu.isBusy && (vcpu.isWaitingForAnswer || vcpu.isWoken), "who waits is answered some time")
        case .retrying: hold(vcpu.isBusy && !vcpu.isWaitingForAnswer, "who tries again waits for nobody")
        case .done, .generalProtection, .dataAbort: hold(!vcpu.isBusy, "an access ends once")
        case .stopped:
            hold(!vcpu.isBusy, "a vCPU that has stopped does nothing")
            hold(!vcpu.domain.life.isRunning, "a vCPU stops with its domain")
        }
    }

    /// A device model answers, rightly or not, and notifies.
    func answer() {
        guard let vcpu = vcpu(), vcpu.isWaitingForAnswer else { return }
        for case let server? in vcpu.domain.servers {
            guard vcpu.wait.servers & 1 << UInt8(truncatingIfNeeded: server.id.rawValue) != 0 else { continue }
            guard let slot = server.slot(of: vcpu.id, in: vcpu.domain) else { continue }
            let isHonest = program.chance(of: 12)
            slot.setState(isHonest ? .responseReady : IOREQState(program.byte() & 15))
        }
        if program.chance(of: 14) { world.hypervisor.answered(vcpu.domain, vcpu.id) }
        if program.chance(of: 12) { checkOutcome(vcpu.resume(), vcpu) }
    }

    /// Bytes of a device model's anywhere in a server's pages, or in RAM.
    func spoil() {
        guard let domain = world.hypervisor.domain(DomainID(UInt16(1 + (program.byte() & 1)))) else { return }
        let servers = domain.servers.compactMap { $0 }
        guard !servers.isEmpty else { return }
        let server = program.pick(servers)
        let isRing = program.chance(of: 6)
        guard let (run, page) = isRing ? server.bufferedPage(in: domain) : server.synchronousPage(in: domain) else {
            return
        }
        if isRing, program.chance(of: 8) {
            let read = program.chance(of: 8) ? UInt32(program.byte()) &- 16 : program.raw32()
            let distance = program.pick([0, 1, 2, 509, 510, 511, 512, .max, 1 << 31] as [UInt32])
            run.pages.store(UInt64(read), byteCount: 4, at: page * 4096 + BufferedPage.readPointerOffset)
            run.pages.store(UInt64(read &+ distance), byteCount: 4, at: page * 4096 + BufferedPage.writePointerOffset)
            return
        }
        let offset = program.chance(of: 12) ? Int(program.byte()) : Int(program.raw16() & 0xFFF)
        for index in 0..<program.number(below: 33) where offset + index < 4096 {
            run.pages.store(UInt64(program.byte()), byteCount: 1, at: page * 4096 + offset + index)
        }
    }

    /// What guests and toolstacks change without a device model.
    func guestChange() {
        let id = DomainID(UInt16(1 + (program.byte() & 1)))
        guard let domain = world.hypervisor.domain(id) else { return }
        switch program.byte() & 7 {
        case 0: domain.setClock(by: Int64(bitPattern: program.raw64()))
        case 1: if let vcpu = vcpu(), !vcpu.isBusy { checkOutcome(vcpu.invalidateMappings(), vcpu) }
        case 2: domain.giveBack(program.frame(), UInt64(program.frameCount()))
        case 3: domain.isLogDirty.toggle()
        case 4: if let vcpu = vcpu() { _ = vcpu.takeEvent() }
        case 5:
            guard let vcpu = vcpu() else { return }
            vcpu.isAPICEnabled.toggle()
            vcpu.logicalID = program.byte()
            vcpu.interrupts = []
        case 6:
            domain.refusesBadEvents.toggle()
            domain.extendsConfigurationAddress.toggle()
        default:
            // The pool of legacy frames, or any parameter.
            let index = program.chance(of: 13) ? program.pick([5, 6, 32, 33] as [UInt32]) : program.raw32()
            let value = program.chance(of: 14) ? UInt64(program.byte() & 63) : program.raw64()
            _ = attempt { () throws(Refusal) in try world.hypervisor.setParameter(index, to: value, on: id) }
            _ = attempt { () throws(Refusal) in try world.hypervisor.parameter(index, on: id) }
        }
    }

    /// All that a device model does to serve: a server with pages and claims, enabled, its ports bound.
    func serve() {
        let caller = program.chance(of: 12) ? World.dom0 : World.stub
        guard let handle = world.privcmds.first(where: { $0.kernel.domain.id == caller }),
            let events = world.evtchns.first(where: { $0.kernel === handle.kernel })
        else { return }
        let id = DomainID(UInt16(1 + (program.byte() & 1)))
        guard let domain = world.hypervisor.domain(id), domain.shape.kind != .pv else { return }
        let before = domain.servers.count { $0 != nil }
        perform(handle, id, DMOPFrame(DMOP.CreateIOREQServer(handling: program.chance(of: 10) ? .atomic : .off)))
        guard domain.servers.count(where: { $0 != nil }) > before else { return }
        guard let server = program.pick(domain.servers) else { return }
        let range = program.range()
        for type in [IORangeType.port, .memory, .pci] {
            let payload = DMOP.MapIORange(id: server.id, type: type, start: range.first, end: range.last)
            perform(handle, id, DMOPFrame(payload))
        }
        if program.chance(of: 14), world.areas.count < 24 {
            let area = attempt { () throws(Refusal) in Area(try handle.file.mmap(pageCount: 1), handle.kernel) }
            let request = ResourceRequest(
                id, .ioreqServer, id: UInt32(server.id.rawValue), firstFrame: 1, count: 1, into: area?.area)
            let mapping = attempt { () throws(Refusal) in try handle.file.mapResource(request) }
            if let area, mapping?.token != nil {
                area.counted.append(domain)
                world.areas.append(area)
            }
        }
        perform(handle, id, DMOPFrame(DMOP.SetIOREQServerState(id: server.id, enabled: true)))
        for port in server.vcpuPorts + [server.bufferedPort].compactMap({ $0 }) {
            _ = attempt { () throws(Refusal) in try events.file.bindInterdomain(UInt32(id.rawValue), port) }
        }
        if program.chance(of: 4) {
            perform(handle, id, DMOPFrame(DMOP.MapMemoryType(id: server.id, type: .ioreqServer, flags: .write)))
        }
    }

    private func perform(_ handle: PrivcmdHandle, _ id: DomainID, _ frame: DMOPFrame) {
        var buffers = [CallerBuffer((0..<DMOPFrame.byteCount).map { frame.bytes[$0] })]
        _ = attempt { () throws(Refusal) in try handle.file.dmOp(id, count: 1, buffers: &buffers) }
    }
}
