// Calls of files, and what must hold of each: buffers that were not to be changed, domains that were not to be reached.
// Not for: what holds of the state afterwards (Invariants).

@testable import HypervisorModel
import XenABI

extension Scenario {
    private var privcmd: PrivcmdHandle? { world.privcmds.isEmpty ? nil : program.pick(world.privcmds) }
    private var evtchn: EvtchnHandle? { world.evtchns.isEmpty ? nil : program.pick(world.evtchns) }

    /// A file that is restricted changes nothing of other domains but what its own domain's ports are bound to.
    private func fenced<Value>(_ handle: PrivcmdHandle, _ body: () -> Value) -> Value {
        let only = handle.file.audit.restriction
        guard only != .invalid else { return body() }
        let before = world.hypervisor.domains.mapValues { DomainShadow($0) }
        let value = body()
        for (id, shadow) in before where id != only {
            guard let domain = world.hypervisor.domain(id) else {
                hold(false, "a restricted file destroys no domain")
                continue
            }
            hold(shadow.isSame(as: DomainShadow(domain), butPeersOf: only), "a file for \(only) changes \(id)")
        }
        return value
    }

    func dmOp(_ domain: DomainID, count: UInt16, _ buffers: [CallerBuffer]) {
        guard let handle = privcmd else { return }
        world.pages.isRefusing = program.chance(of: 1)
        var buffers = buffers
        Self.tame(&buffers)
        let before = buffers
        let isDone = fenced(handle) {
            attempt { () throws(Refusal) in try handle.file.dmOp(domain, count: count, buffers: &buffers) } != nil
        }
        world.pages.isRefusing = false
        let only = handle.file.audit.restriction
        hold(!isDone || count == 0 || only == .invalid || only == domain, "a file for another domain is refused")
        hold(buffers.count == before.count, "buffers stay as many")
        for index in buffers.indices { checkBuffer(index, before, buffers, isDone) }
    }

    private func checkBuffer(_ index: Int, _ before: [CallerBuffer], _ after: [CallerBuffer], _ isDone: Bool) {
        let (old, new) = (before[index], after[index])
        hold(old.address == new.address && old.byteCount == new.byteCount, "only bytes change")
        hold(old.bytes.count == new.bytes.count, "a buffer keeps its size")
        guard old.bytes != new.bytes else { return }
        hold(old.access == .writable, "what can't be written is not written")
        let opcode = Self.opcode(before[0].bytes)
        switch index {
        case 0:
            let end = DMOPFrame.payloadOffset + opcode.payloadByteCount
            let isOutside = { (place: Int) in place < DMOPFrame.payloadOffset || place >= end }
            hold(
                !old.bytes.indices.contains { isOutside($0) && old.bytes[$0] != new.bytes[$0] },
                "only the payload is written back")
            // An operation in rounds leaves its progress, also when a later round fails.
            hold(
                isDone || [.modifiedMemory, .setMemoryType, .relocateMemory, .mapMemoryType].contains(opcode),
                "a failed \(opcode) leaves its payload")
            hold(opcode.writeBack != .never, "\(opcode) writes nothing back")
        case 1: hold(isDone && opcode == .trackDirtyVRAM, "only a bitmap is written to buffer 1")
        default: hold(false, "Xen writes to two buffers at most")
        }
    }

    private static func opcode(_ bytes: [UInt8]) -> DMOpcode {
        DMOpcode((0..<4).reduce(0) { $1 < bytes.count ? $0 | UInt32(bytes[$1]) << (8 * UInt32($1)) : $0 })
    }

    /// Operations in rounds on billions of frames take minutes, as on Xen: not so many here.
    private static func tame(_ buffers: inout [CallerBuffer]) {
        guard let first = buffers.first, first.bytes.count >= 12 else { return }
        switch Self.opcode(first.bytes) {
        case .setMemoryType, .relocateMemory: buffers[0].bytes[10] = 0; buffers[0].bytes[11] = 0
        case .modifiedMemory where buffers.count > 1:
            for place in buffers[1].bytes.indices where [1, 2, 3].contains(place & 15) { buffers[1].bytes[place] &= 1 }
        default: break
        }
    }

    // MARK: Mapping

    func mapFrames() {
        guard let handle = privcmd, let area = area(of: handle) else { return }
        let frames = (0..<program.number(below: 6)).map { _ in GuestFrame(program.frame()) }
        let id = program.domain()
        let domain = world.hypervisor.domain(id)
        let request = FrameRequest(
            id, frames, into: program.chance(of: 15) ? area.area : nil, at: program.chance(of: 14) ? 0 : place(),
            count: program.chance(of: 15) ? nil : UInt32(program.byte()), canReport: program.chance(of: 15))
        let uses = frames.map { domain?.memory.use(of: $0) ?? .hole }
        let mapping = fenced(handle) { attempt { () throws(Refusal) in try handle.file.mapFrames(request) } }
        guard let mapping else { return }
        hold(mapping.results.count == Int(request.count), "a result for each frame")
        for (result, use) in zip(mapping.results, uses) {
            switch (result, use) {
            case (.mapped(let run, let page), .ram(_, let expected)):
                hold(page == Int(expected) && run === domain?.ram, "a frame is mapped by its page")
            case (.mapped, _): hold(false, "only RAM is mapped")
            case (.refused(let code), _): hold(Watcher.known.contains(code), "a frame's errno")
            }
        }
        keep(mapping, in: area, domain)
    }

    func mapResource() {
        guard let handle = privcmd else { return }
        let id = program.domain()
        let server = UInt32(program.server().rawValue)
        let type = program.chance(of: 15) ? .ioreqServer : ResourceType(rawValue: program.raw32())
        if program.chance(of: 2) {
            _ = fenced(handle) {
                attempt { () throws(Refusal) in try handle.file.resourceSize(id, type, id: server) }
            }
            return
        }
        guard let area = area(of: handle) else { return }
        let isOdd = program.chance(of: 2)
        let request = ResourceRequest(
            id, type, id: isOdd ? program.raw32() : server, firstFrame: isOdd ? program.raw32() : UInt32(place() & 1),
            count: isOdd ? UInt64(bitPattern: Int64(Int8(bitPattern: program.byte()))) : UInt64(area.area.pageCount),
            into: area.area, at: isOdd ? place() : 0, hasAddress: program.chance(of: 15))
        world.pages.isRefusing = program.chance(of: 1)
        let domain = world.hypervisor.domain(id)
        let mapping = fenced(handle) { attempt { () throws(Refusal) in try handle.file.mapResource(request) } }
        world.pages.isRefusing = false
        guard let mapping else { return }
        hold(UInt64(mapping.results.count) == request.count, "a resource is mapped whole")
        for case .refused in mapping.results { hold(false, "a resource is mapped whole") }
        keep(mapping, in: area, domain)
    }

    /// A fresh mmap, or one that is in use.
    private func area(of handle: PrivcmdHandle) -> Area? {
        let own = world.areas.filter { $0.kernel === handle.kernel }
        if !own.isEmpty, program.chance(of: 3) { return program.pick(own) }
        guard world.areas.count < 24 else { return nil }
        let count = program.chance(of: 12) ? 2 : place()
        return attempt { () throws(Refusal) in Area(try handle.file.mmap(pageCount: count), handle.kernel) }
    }

    private func place() -> Int { Int(Int8(bitPattern: program.byte())) / 16 }

    private func keep(_ mapping: PageMapping, in area: Area, _ domain: Domain?) {
        let isMapped = mapping.results.contains { if case .mapped = $0 { true } else { false } }
        hold(isMapped == (mapping.token != nil), "mapped pages are counted, and nothing else")
        if isMapped, let domain { area.counted.append(domain) }
        area.results += mapping.results
        if !world.areas.contains(where: { $0 === area }) { world.areas.append(area) }
        for case .mapped(let run, let page) in mapping.results {
            hold(page >= 0 && page < run.count, "a page is in its run")
        }
    }

    // MARK: Hypercalls, restrictions

    func hypercall() {
        guard let handle = privcmd else { return }
        var memory = CallerMemory([CallerBuffer(program.question(), at: 0x1000)])
        let base = memory.pieces[0].address
        let call = program.hypercall(base)
        if call.number == Hypercall.dmOp {
            let frame =
                program.chance(of: 12) ? Array(program.operation()) : program.someBytes(program.number(below: 40))
            var operation = [CallerBuffer(frame, at: 0x2000), CallerBuffer(program.extents(), at: 0x4000)]
            Self.tame(&operation)
            memory.pieces += operation
            let descriptors = operation.flatMap {
                PrivcmdBuffer(address: $0.address, byteLength: UInt64($0.byteCount)).encodedBytes
            }
            memory.pieces[0] = CallerBuffer(descriptors, at: base)
        }
        if program.chance(of: 2) { memory.pieces[program.number(below: memory.pieces.count)].access = .readOnly }
        let isRestricted = handle.file.audit.restriction != .invalid
        let answer = fenced(handle) {
            attempt { () throws(Refusal) in
                try handle.file.hypercall(program.chance(of: 15) ? call : nil, &memory)
            }
        }
        hold(answer == nil || !isRestricted, "a restricted file makes no hypercalls")
    }

    func restrict() {
        if program.chance(of: 8) {
            guard let handle = privcmd else { return }
            let before = handle.file.audit.restriction
            let domain = program.chance(of: 15) ? program.domain() : nil
            let isDone = attempt { () throws(Refusal) in try handle.file.restrict(to: domain) } != nil
            let after = handle.file.audit.restriction
            hold(isDone ? after == domain : after == before, "a restriction is as asked, or as it was")
            hold(before == .invalid || before == after, "a restriction stays")
        } else if let handle = evtchn {
            let before = handle.file.restriction
            _ = attempt { () throws(Refusal) in try handle.file.restrict(to: program.domain()) }
            hold(before == nil || before == handle.file.restriction, "a restriction stays")
        }
    }

    // MARK: Event channels

    /// ioctls by number, with bytes.
    func eventCall() {
        guard let handle = evtchn else { return }
        let numbers = [
            EventChannelCall.bindVIRQ, EventChannelCall.bindUnboundPort, EventChannelCall.bindInterdomain,
            EventChannelCall.unbind, EventChannelCall.notify, EventChannelCall.reset, EventChannelCall.bindInterdomain,
            EventChannelCall.restrict,
        ]
        let choice = program.byte()
        let number = choice < 0xFC ? numbers[Int(choice) % numbers.count] : program.raw32()
        let argument: [UInt8]? =
            switch number {
            case EventChannelCall.bindInterdomain:
                EventChannelBindInterdomain(remoteDomain: program.domain(), remotePort: program.port()).encodedBytes
            case EventChannelCall.bindUnboundPort: EventChannelArgument(domain: program.domain()).encodedBytes
            case EventChannelCall.restrict: EventChannelRestrict(domain: program.domain()).encodedBytes
            case EventChannelCall.bindVIRQ: EventChannelArgument(value: UInt32(program.byte() % 26)).encodedBytes
            default: EventChannelArgument(port: program.port()).encodedBytes
            }
        let bytes = program.chance(of: 15) ? argument : program.someBytes(program.number(below: 9))
        let restriction = handle.file.restriction
        let port = attempt { () throws(Refusal) in try handle.file.control(number, bytes) }
        guard let port, let restriction else { return }
        let binds = [EventChannelCall.bindVIRQ, EventChannelCall.bindUnboundPort]
        hold(!binds.contains(number), "a restricted file binds to its domain alone")
        guard number == EventChannelCall.bindInterdomain else { return }
        guard case .interdomain(restriction, _) = handle.kernel.domain.ports[EventPort(port)].state else {
            return hold(false, "a restricted file binds to its domain alone")
        }
    }

    func event() {
        guard let handle = evtchn else { return }
        switch program.byte() & 7 {
        case 0: _ = attempt { () throws(Refusal) in try handle.file.notify(program.port()) }
        case 1: handle.file.unmask(program.port())
        case 2: _ = attempt { () throws(Refusal) in try handle.file.read(byteCount: Int(program.byte())) }
        case 3:
            let ports = (0..<program.number(below: 5)).map { _ in program.port() }
            let count = program.chance(of: 14) ? ports.count * 4 : place()
            _ = attempt { () throws(Refusal) in
                try handle.file.write(byteCount: count, ports: program.chance(of: 15) ? ports : nil)
            }
        case 4: handle.file.reset()
        default:
            // Reads what is there, as a device model does, and lets it fire again.
            while let port = attempt({ () throws(Refusal) in try handle.file.next() }) ?? nil {
                handle.file.unmask(port)
                if program.isOver { break }
            }
        }
        hold(!handle.file.hasOverflowed, "there is room for every port once")
    }
}
