// A hypervisor that allocates nothing and remembers nothing, so that what grows in a long run is the library's.
// Not for: faithful answers.

import XenABI
import XenPlatform

/// Two vCPUs, one buffered server, 64 KiB of guest memory.
@safe
final class TirelessXen: DeviceModelCalls, GuestMemory, EventChannels, MappingOwner, PortOwner {
    static let domain = DomainID(5)
    static let vcpus: UInt32 = 2
    static let ramByteCount = 16 * 4096
    /// Remote ports: the ring's, and vCPU n has 10 + n.
    private static let ringRemote: UInt32 = 9

    let ioreqPages: UnsafeMutableRawPointer
    let ram: UnsafeMutableRawPointer
    /// Bit n: local port n has fired.
    private var fired: UInt64 = 0
    private var masked: UInt64 = 0
    private var remotes = [64 of UInt32](repeating: 0)
    private var nextPort: UInt32 = 1
    private(set) var answered: UInt64 = 0
    private(set) var lastAnswer: UInt64 = 0
    private(set) var calls: UInt64 = 0

    init() {
        unsafe ioreqPages = .allocate(byteCount: 8192, alignment: 4096)
        unsafe ioreqPages.initializeMemory(as: UInt8.self, repeating: 0, count: 8192)
        unsafe ram = .allocate(byteCount: Self.ramByteCount, alignment: 4096)
        unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramByteCount)
    }

    deinit {
        unsafe ioreqPages.deallocate()
        unsafe ram.deallocate()
    }

    var platform: Platform { Platform(calls: self, memory: self, events: self) }

    // MARK: The hypervisor

    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        calls += 1
        switch DMOpcode(UInt32(operation[0])) {
        case .createIOREQServer: operation[12] = 0
        case .getIOREQServerInfo: operation[12] = UInt8(Self.ringRemote)
        case .vcpuCount: operation[8] = UInt8(Self.vcpus)
        case .trackDirtyVRAM: throw XenError(.einval, "track_dirty_vram")  // alive
        case .setIOREQServerState:
            for vcpu in 0..<Self.vcpus {
                unsafe slot(vcpu).storeBytes(of: 10 + vcpu, toByteOffset: IOREQ.portOffset, as: UInt32.self)
            }
        default: break
        }
    }

    func restrict(to domain: DomainID) throws(XenError) {}

    func mapFrames(_ domain: DomainID, _ frames: [GuestFrame], access: PageAccess) throws(XenError) -> MappedPages {
        guard let first = frames.first, let last = frames.last, last.rawValue < UInt64(Self.ramByteCount / 4096) else {
            throw XenError(.einval, "IOCTL_PRIVCMD_MMAPBATCH_V2", domain: domain)
        }
        return unsafe MappedPages(
            unsafeBase: ram.advanced(by: Int(first.rawValue) * 4096), byteCount: frames.count * 4096, owner: self)
    }

    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        unsafe MappedPages(
            unsafeBase: ioreqPages.advanced(by: Int(frame) * 4096), byteCount: count * 4096, owner: self)
    }

    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 { 2 }
    func unmap(address: UInt, byteCount: Int) {}

    // MARK: Event channels

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        let local = nextPort
        nextPort += 1
        remotes[Int(local)] = port.rawValue
        return BoundPort(EventPort(local), owner: self)
    }

    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort { throw XenError(.enosys, "bindUnbound") }
    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort { throw XenError(.enosys, "bindVIRQ") }
    func unbind(_ port: EventPort) { remotes[Int(port.rawValue)] = 0 }

    func notify(_ port: EventPort) throws(XenError) {
        let remote = remotes[Int(port.rawValue)]
        guard remote >= 10 else { return }
        let slot = unsafe slot(remote - 10)
        let bits = unsafe slot.load(fromByteOffset: IOREQ.stateOffset, as: UInt8.self)
        guard IOREQState(slotByte: bits) == .responseReady else { return }
        answered += 1
        unsafe lastAnswer = slot.load(fromByteOffset: IOREQ.dataOffset, as: UInt64.self)
        unsafe slot.storeBytes(of: bits & 0xF0, toByteOffset: IOREQ.stateOffset, as: UInt8.self)
    }

    func unmask(_ port: EventPort) throws(XenError) { masked &= ~(1 << UInt64(port.rawValue)) }

    func next() throws(XenError) -> EventPort? {
        let ready = fired & ~masked
        guard ready != 0 else { return nil }
        let port = UInt64(ready.trailingZeroBitCount)
        fired &= ~(1 << port)
        masked |= 1 << port
        return EventPort(UInt32(port))
    }

    var descriptor: Int32 { -1 }

    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        fired & ~masked == 0 ? .timeout : .event
    }

    // MARK: The guest

    func slot(_ vcpu: UInt32) -> UnsafeMutableRawPointer {
        unsafe ioreqPages.advanced(by: 4096 + Int(vcpu) * IOREQ.byteCount)
    }

    /// A guest access: fills the slot as Xen does, and fires the vCPU's port.
    func access(_ vcpu: UInt32, _ request: IOREQ) {
        var request = request
        request.port = EventPort(10 + vcpu)
        request.state = .ready
        var bytes = [32 of UInt8](repeating: 0)
        var span = bytes.mutableSpan
        request.encode(into: &span)
        for index in 0..<32 { unsafe slot(vcpu).storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self) }
        fire(10 + vcpu)
    }

    /// A posted write of up to 4 bytes.
    func post(_ entry: BufferedIOREQ) {
        let write = unsafe ioreqPages.load(fromByteOffset: 4, as: UInt32.self)
        var bytes = [8 of UInt8](repeating: 0)
        var span = bytes.mutableSpan
        entry.encode(into: &span)
        let start = BufferedPage.slotsOffset + Int(write) % BufferedPage.slotCount * BufferedPage.slotByteCount
        for index in 0..<8 {
            unsafe ioreqPages.storeBytes(of: bytes[index], toByteOffset: start + index, as: UInt8.self)
        }
        unsafe ioreqPages.storeBytes(of: write &+ 1, toByteOffset: 4, as: UInt32.self)
        fire(Self.ringRemote)
    }

    func fire(_ remote: UInt32) {
        for local in 1..<Int(nextPort) where remotes[local] == remote { fired |= 1 << UInt64(local) }
    }
}
