// A platform whose Xen and guest may do anything: it refuses calls, and its memory changes at any moment.
// Not for: what happens when (see Scenario).

import XenABI
import XenPlatform

@safe
final class LyingXen: DeviceModelCalls, GuestMemory, EventChannels, MappingOwner, PortOwner, MonotonicClock {
    /// The guest's memory: these frames from 0 on, and the last 16 of the address space.
    static let lowFrames: UInt64 = 256
    static let highMemory: UInt64 = 0 &- 16 * 4096

    private enum Mapping {
        case shared(SharedPages)
        case guest(PageAccess)
    }

    private enum Binding {
        case slot(SharedPages, Int)
        case ring(SharedPages)
    }

    /// The vCPUs that the domain has, and how many Xen says there are (nil: it does not say).
    let vcpus: UInt32
    let vcpusTold: UInt32?
    /// Runs while a call is under way.
    var meanwhile: () -> Void = {}
    /// Calls until one is refused, and whether all after it are.
    var refusal: (calls: Int, code: XenErrorCode, forEver: Bool)?
    private(set) var servers: [SharedPages] = []
    private var mappings: [UInt: Mapping] = [:]
    private var bindings: [UInt32: Binding] = [:]
    private var fired: [UInt32] = []
    private var masked: Set<UInt32> = []
    /// What the last look found; nil before one.
    private var batch: [UInt32]?
    private var lastLocal: UInt32 = 100
    private var lastRemote: UInt32 = 0x5EED_0000
    private(set) var destroyed = 0
    /// How many ports were handed out.
    private(set) var handed = 0
    var nanoseconds: UInt64 = 0

    init(vcpus: UInt32, told: UInt32?) {
        self.vcpus = vcpus
        vcpusTold = told
    }

    var platform: Platform { Platform(calls: self, memory: self, events: self, clock: self) }

    private func mayRefuse(_ call: StaticString) throws(XenError) {
        nanoseconds &+= 1000
        guard let next = refusal else { return }
        if next.calls > 0 {
            refusal?.calls -= 1
            return
        }
        if !next.forEver { refusal = nil }
        throw XenError(next.code, call)
    }

    // MARK: DeviceModelCalls

    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        let code = DMOpcode(rawValue: UInt32(operation[0]))
        let id = UInt16(operation[8]) | UInt16(operation[9]) << 8
        // A server that is to be destroyed is gone for us, whatever Xen answers.
        if code == .destroyIOREQServer { destroy(id) }
        try mayRefuse(code.name)
        switch code {
        case .createIOREQServer:
            servers.append(SharedPages(id: UInt16(servers.count) &* 0x1001))
            operation[12] = UInt8(truncatingIfNeeded: servers[servers.count - 1].id)
            operation[13] = UInt8(truncatingIfNeeded: servers[servers.count - 1].id >> 8)
        case .getIOREQServerInfo: put(ringRemote(id), &operation, at: 12)
        case .vcpuCount:
            guard let vcpusTold else { throw XenError(.eopnotsupp, code.name) }
            put(vcpusTold, &operation, at: 8)
        case .setIOREQServerState: if operation[10] != 0 { enable(id) }
        // The domain is alive.
        case .trackDirtyVRAM: throw XenError(.einval, code.name)
        default: break
        }
        meanwhile()
    }

    private func put(_ value: UInt32, _ bytes: inout MutableSpan<UInt8>, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
    }

    private func server(_ id: UInt16) -> SharedPages? { servers.first { $0.id == id && !$0.isDestroyed } }

    private func destroy(_ id: UInt16) {
        hold(server(id) != nil, "a server is destroyed once")
        server(id)?.check()
        server(id)?.isDestroyed = true
        destroyed += 1
    }

    private func ringRemote(_ id: UInt16) -> UInt32 { 0x00C0_0000 | UInt32(id) }

    private func enable(_ id: UInt16) {
        guard let pages = server(id), pages.port(of: 0) == 0 else { return }
        for vcpu in 0..<Int(vcpus) {
            lastRemote += 1
            pages.write32(lastRemote, at: SharedPages.slotStart(vcpu) + IOREQ.portOffset)
        }
    }

    func restrict(to domain: DomainID) throws(XenError) { try mayRefuse("restrict") }

    // MARK: GuestMemory

    func mapFrames(_ domain: DomainID, _ frames: [GuestFrame], access: PageAccess) throws(XenError) -> MappedPages {
        hold(frames.count <= 130, "one request maps no more than its elements need")
        meanwhile()
        try mayRefuse("mapFrames")
        for frame in frames where frame.rawValue >= Self.lowFrames && frame.rawValue < Self.highMemory / 4096 {
            throw XenError(.einval, "mapFrames", value: frame.rawValue)
        }
        let byteCount = frames.count * 4096
        let start = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0xA5, count: byteCount)
        mappings[UInt(bitPattern: start)] = .guest(access)
        return unsafe MappedPages(unsafeBase: start, byteCount: byteCount, owner: self)
    }

    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        try mayRefuse("mapResource")
        hold(Int(frame) + count <= 2, "a server has two frames")
        guard let pages = servers.first(where: { UInt32($0.id) == id }) else { throw XenError(.enoent, "mapResource") }
        let start = unsafe pages.start(ofFrame: frame)
        mappings[UInt(bitPattern: start)] = .shared(pages)
        return unsafe MappedPages(unsafeBase: start, byteCount: count * 4096, owner: self)
    }

    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 { 2 }

    func unmap(address: UInt, byteCount: Int) {
        switch mappings.removeValue(forKey: address) {
        case .shared(let pages): pages.check()
        case .guest(let access):
            guard let start = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
            if access == .read {
                for offset in stride(from: 0, to: byteCount, by: 8) {
                    let word = unsafe start.load(fromByteOffset: offset, as: UInt64.self)
                    hold(word == 0xA5A5_A5A5_A5A5_A5A5, "what was mapped to be read is not written")
                }
            }
            unsafe start.deallocate()
        case nil: hold(false, "a mapping is undone once")
        }
    }

    // MARK: EventChannels

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        // Slots may name any port by now. A port is the slot's that alone names it, as the library has just read it.
        var owners: [Binding] = []
        for pages in servers where !pages.isDestroyed {
            if port.rawValue == ringRemote(pages.id) { owners.append(.ring(pages)) }
            for vcpu in 0..<128 where pages.port(of: vcpu) == port.rawValue { owners.append(.slot(pages, vcpu)) }
        }
        meanwhile()
        try mayRefuse("bindInterdomain")
        guard owners.count == 1 else { throw XenError(.einval, "bindInterdomain", value: UInt64(port.rawValue)) }
        lastLocal += 1
        bindings[lastLocal] = owners[0]
        fired.append(lastLocal)  // a fresh binding fires once
        return BoundPort(EventPort(lastLocal), owner: self)
    }

    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort { throw XenError(.eperm, "bindUnbound") }

    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort { throw XenError(.eperm, "bindVIRQ") }

    func unbind(_ port: EventPort) {
        switch bindings.removeValue(forKey: port.rawValue) {
        case .slot(let pages, let vcpu):
            hold(!pages.slots[vcpu].isExpecting || pages.slots[vcpu].isSpoiled, "before it unbinds it answers")
        case .ring: break
        case nil: hold(false, "a port is unbound once")
        }
        fired.removeAll { $0 == port.rawValue }
        batch?.removeAll { $0 == port.rawValue }
        masked.remove(port.rawValue)
    }

    func notify(_ port: EventPort) throws(XenError) {
        guard case .slot(let pages, let vcpu)? = bindings[port.rawValue] else {
            fatalError("broken rule: only vCPUs with a port are notified")
        }
        pages.collect(vcpu)
        meanwhile()
        try mayRefuse("notify")
    }

    func unmask(_ port: EventPort) throws(XenError) {
        if case .ring(let pages)? = bindings[port.rawValue] { pages.endDrain() }
        try mayRefuse("unmask")
        masked.remove(port.rawValue)
    }

    func next() throws(XenError) -> EventPort? {
        try mayRefuse("next")
        if batch == nil {
            batch = fired.filter { !masked.contains($0) }
            fired.removeAll { !masked.contains($0) }
        }
        guard let port = batch?.first else {
            batch = nil
            return nil
        }
        batch?.removeFirst()
        masked.insert(port)
        handed += 1
        if case .ring(let pages)? = bindings[port] { pages.beginDrain() }
        return EventPort(port)
    }

    var descriptor: Int32 { -1 }

    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome { .other }

    // MARK: The scenario's side

    var localPorts: [UInt32] { bindings.keys.sorted() }

    /// The slot of a server that has a port, or its ring (nil).
    func place(of local: UInt32) -> (pages: SharedPages, vcpu: Int?)? {
        switch bindings[local] {
        case .slot(let pages, let vcpu): (pages, vcpu)
        case .ring(let pages): (pages, nil)
        case nil: nil
        }
    }

    func fire(_ local: UInt32) {
        if !fired.contains(local), fired.count < 256 { fired.append(local) }
    }

    /// Once every server is closed.
    func checkNothingIsLeft() {
        hold(mappings.isEmpty, "what was mapped was unmapped")
        hold(bindings.isEmpty, "what was bound was unbound")
        hold(destroyed == servers.count, "what was made was destroyed")
        for pages in servers { pages.check() }
    }
}
