// A hypervisor of a few lines for unit tests: remembers what was asked, answers what a test wants, plays the guest.
// Not for: faithful answers (HypervisorModel will be that); real ones come from the lab.

import Synchronization
import XenABI
import XenPlatform

@testable import XenDeviceModel

/// One step that the device model took, in the order it took them.
enum Step: Equatable {
    case call(String)
    case bind(UInt32)
    case unbind(UInt32)
    case map(String)
    case unmap
    case notify(UInt32)
    case restrict(String)
}

@safe
final class FakeXen: DeviceModelCalls, GuestMemory, EventChannels, MappingOwner, PortOwner {
    static let ramByteCount = 16 * 4096

    var steps: [Step] = []
    /// Errors to answer, by operation, until removed.
    var refusals: [UInt32: XenErrorCode] = [:]
    /// The payload of the latest call of an operation, and buffer 1.
    var payloads: [UInt32: [UInt8]] = [:]
    var buffers: [UInt32: [[UInt8]]] = [:]
    var vcpus: UInt32 = 1
    var isDying = false
    var mapRefusal: XenErrorCode?
    var bindRefusal: XenErrorCode?
    /// Filled into the bitmap of track_dirty_vram.
    var dirtyByte: UInt8 = 0
    /// What guests got: per vCPU, the data of each answer.
    var answers: [UInt32: [UInt64]] = [:]
    var timeouts = 0
    /// A vCPU for which Xen makes no port.
    var portlessVCPU: UInt32?
    var notifyRefusal: XenErrorCode?
    /// Waits until the guest's vCPUs run and fetch their answers; 0: at once.
    var waitsUntilFetching = 0
    /// Called after each answer that a guest has got.
    var whenAnswered: (() -> Void)?
    /// Called when the device model waits.
    var whenWaiting: (() -> Void)?
    private(set) var nextServer: UInt16 = 0
    private var fired: [UInt32] = []
    private(set) var masked: Set<UInt32> = []
    private var bound: [UInt32: UInt32] = [:]  // local -> remote
    private var nextPort: UInt32 = 100
    var boundPorts: [UInt32] { bound.keys.sorted() }
    private let ioreqPages: UnsafeMutableRawPointer
    private let ram: UnsafeMutableRawPointer

    /// Remote ports: vCPU n has 10 + n, the ring 9.
    static let ringRemote: UInt32 = 9

    init() {
        unsafe ioreqPages = UnsafeMutableRawPointer.allocate(byteCount: 8192, alignment: 4096)
        unsafe ioreqPages.initializeMemory(as: UInt8.self, repeating: 0, count: 8192)
        unsafe ram = UnsafeMutableRawPointer.allocate(byteCount: Self.ramByteCount, alignment: 4096)
        unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramByteCount)
    }

    deinit {
        unsafe ioreqPages.deallocate()
        unsafe ram.deallocate()
    }

    var platform: Platform { Platform(calls: self, memory: self, events: self) }

    // MARK: DeviceModelCalls

    func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        var bytes: [UInt8] = []
        for index in 0..<operation.count { bytes.append(operation[index]) }
        var second: [UInt8] = []
        for index in 0..<data.count { second.append(data[index]) }
        let code = DMOpcode(rawValue: UInt32(bytes[0]))
        steps.append(.call(code.name.description))
        payloads[code.rawValue] = Array(bytes[8...])
        buffers[code.rawValue, default: []].append(second)
        if isDying, code == .trackDirtyVRAM { throw XenError(.esrch, code.name, domain: domain) }
        if let refusal = refusals[code.rawValue] { throw XenError(refusal, code.name, domain: domain) }
        switch code {
        case .createIOREQServer:
            operation[12] = UInt8(nextServer)
            nextServer += 1
        case .getIOREQServerInfo: operation[12] = UInt8(Self.ringRemote)
        case .vcpuCount: operation[8] = UInt8(vcpus)
        case .setIOREQServerState: enable(bytes[10] != 0)
        case .trackDirtyVRAM: try track(bytes, &data)
        default: break
        }
    }

    private func track(_ bytes: [UInt8], _ data: inout MutableSpan<UInt8>) throws(XenError) {
        let frames = Int(bytes[8]) | Int(bytes[9]) << 8 | Int(bytes[10]) << 16
        guard data.count >= (frames + 7) / 8 else { throw XenError(.einval, "track_dirty_vram") }
        for index in 0..<(frames + 7) / 8 { data[index] = dirtyByte }
    }

    private func enable(_ enabled: Bool) {
        guard enabled else { return }
        for vcpu in 0..<min(vcpus, 128) where vcpu != portlessVCPU {
            unsafe slot(vcpu).storeBytes(of: 10 + vcpu, toByteOffset: 24, as: UInt32.self)
        }
    }

    func restrict(to domain: DomainID) throws(XenError) { steps.append(.restrict("domain \(domain.rawValue)")) }

    // MARK: GuestMemory

    func mapFrames(_ domain: DomainID, _ frames: [GuestFrame], access: PageAccess) throws(XenError) -> MappedPages {
        steps.append(.map("frames \(frames.map(\.rawValue))"))
        for frame in frames where frame.rawValue >= UInt64(Self.ramByteCount / 4096) {
            throw XenError(.einval, "IOCTL_PRIVCMD_MMAPBATCH_V2", domain: domain, value: frame.rawValue)
        }
        // The library maps neighbours, in order.
        return unsafe MappedPages(
            unsafeBase: ram.advanced(by: Int(frames[0].rawValue) * 4096), byteCount: frames.count * 4096, owner: self)
    }

    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        if let mapRefusal { throw XenError(mapRefusal, "IOCTL_PRIVCMD_MMAP_RESOURCE", domain: domain) }
        steps.append(.map("resource \(id) frame \(frame) count \(count)"))
        return unsafe MappedPages(
            unsafeBase: ioreqPages.advanced(by: Int(frame) * 4096), byteCount: count * 4096, owner: self)
    }

    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 { 2 }

    func unmap(address: UInt, byteCount: Int) { steps.append(.unmap) }

    // MARK: EventChannels

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        if let bindRefusal { throw XenError(bindRefusal, "IOCTL_EVTCHN_BIND_INTERDOMAIN", domain: domain) }
        nextPort += 1
        bound[nextPort] = port.rawValue
        steps.append(.bind(port.rawValue))
        fired.append(nextPort)  // a fresh binding fires once
        return BoundPort(EventPort(nextPort), owner: self)
    }

    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort {
        nextPort += 1
        return BoundPort(EventPort(nextPort), owner: self)
    }

    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort { throw XenError(.eexist, "IOCTL_EVTCHN_BIND_VIRQ") }

    func unbind(_ port: EventPort) {
        steps.append(.unbind(bound[port.rawValue] ?? 0))
        bound[port.rawValue] = nil
    }

    func notify(_ port: EventPort) throws(XenError) {
        if let notifyRefusal { throw XenError(notifyRefusal, "IOCTL_EVTCHN_NOTIFY") }
        guard let remote = bound[port.rawValue] else { throw XenError(.enotconn, "IOCTL_EVTCHN_NOTIFY") }
        steps.append(.notify(remote))
        guard remote >= 10 else { return }
        if waitsUntilFetching == 0 { collectAnswer(remote - 10) }
    }

    func unmask(_ port: EventPort) throws(XenError) { masked.remove(port.rawValue) }

    func next() throws(XenError) -> EventPort? {
        guard let index = fired.firstIndex(where: { !masked.contains($0) }) else { return nil }
        let port = fired.remove(at: index)
        masked.insert(port)
        return EventPort(port)
    }

    var descriptor: Int32 { -1 }

    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        letTimePass()
        whenWaiting?()
        if fired.contains(where: { !masked.contains($0) }) { return .event }
        timeouts += 1
        return timeouts > 3 ? .other : .timeout
    }

    // MARK: The guest and Xen

    /// The guest's vCPUs come a step nearer to running.
    func letTimePass() {
        guard waitsUntilFetching > 0 else { return }
        waitsUntilFetching -= 1
        if waitsUntilFetching == 0 { for vcpu in 0..<vcpus { collectAnswer(UInt32(vcpu)) } }
    }

    private func slot(_ vcpu: UInt32) -> UnsafeMutableRawPointer {
        unsafe ioreqPages.advanced(by: 4096 + Int(vcpu) * 32)
    }

    func state(_ vcpu: UInt32) -> UInt8 { unsafe slot(vcpu).load(fromByteOffset: 30, as: UInt8.self) & 0x0F }

    /// Somebody writes to a slot while its request is out.
    func spoilState(_ vcpu: UInt32) {
        unsafe slot(vcpu).storeBytes(of: IOREQState.none.rawValue, toByteOffset: 30, as: UInt8.self)
    }

    /// A guest access: fills the slot as Xen does, and fires the port.
    func access(_ vcpu: UInt32 = 0, _ request: IOREQ) {
        var request = request
        request.port = EventPort(10 + vcpu)
        request.state = .ready
        let bytes = request.encodedBytes
        for index in bytes.indices {
            unsafe slot(vcpu).storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self)
        }
        fire(remote: 10 + vcpu)
    }

    func fire(remote: UInt32) {
        for (local, bound) in bound where bound == remote && !fired.contains(local) { fired.append(local) }
    }

    private func collectAnswer(_ vcpu: UInt32) {
        guard state(vcpu) == IOREQState.responseReady.rawValue else { return }
        answers[vcpu, default: []].append(unsafe slot(vcpu).load(fromByteOffset: 8, as: UInt64.self))
        let bits = unsafe slot(vcpu).load(fromByteOffset: 30, as: UInt8.self)
        unsafe slot(vcpu).storeBytes(of: bits & 0xF0, toByteOffset: 30, as: UInt8.self)
        whenAnswered?()
    }

    var ringPointers: (read: UInt32, write: UInt32) {
        get { unsafe (ioreqPages.load(as: UInt32.self), ioreqPages.load(fromByteOffset: 4, as: UInt32.self)) }
        set {
            unsafe ioreqPages.storeBytes(of: newValue.read, as: UInt32.self)
            unsafe ioreqPages.storeBytes(of: newValue.write, toByteOffset: 4, as: UInt32.self)
        }
    }

    /// A posted write; an 8-byte one takes two entries. Does not fire.
    func post(_ entry: BufferedIOREQ, data: UInt64) {
        var (read, write) = ringPointers
        let count: UInt32 = entry.size == 8 ? 2 : 1
        for index in 0..<count {
            var entry = entry
            entry.data = UInt32(truncatingIfNeeded: data >> (32 * UInt64(index)))
            let bytes = entry.encodedBytes
            let start = 8 + Int(write % 511) * 8
            for offset in 0..<8 {
                unsafe ioreqPages.storeBytes(of: bytes[offset], toByteOffset: start + offset, as: UInt8.self)
            }
            write &+= 1
        }
        if read >= 511 {  // ATOMIC: both are lowered by the same multiple
            write -= read / 511 * 511
            read -= read / 511 * 511
        }
        ringPointers = (read, write)
    }

    subscript(ram address: Int) -> UInt8 {
        get { unsafe ram.load(fromByteOffset: address, as: UInt8.self) }
        set { unsafe ram.storeBytes(of: newValue, toByteOffset: address, as: UInt8.self) }
    }
}

/// A stop source for tests: FakeXen decides when it is readable.
final class NeverStop: StopSource {
    let descriptor: Int32 = -1
}

/// Remembers every access; answers reads with `answer` plus the offset.
final class Recorder: RegisterDevice {
    struct Access: Equatable {
        var isRead: Bool
        var offset: UInt64
        var width: AccessWidth
        var value: UInt64 = 0
    }

    var accesses: [Access] = []
    var answer: UInt64 = 0x1122_3344_5566_7788
    var broadcasts: [String] = []

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        accesses.append(Access(isRead: true, offset: offset, width: width))
        return answer &+ offset
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        accesses.append(Access(isRead: false, offset: offset, width: width, value: value))
    }

    func guestMappingsChanged() { broadcasts.append("mappings") }
    func timeOffsetChanged(to seconds: Int64) { broadcasts.append("time \(seconds)") }
}

/// Keeps requests instead of answering them.
final class Keeper: IODevice {
    final class Box {
        var request: IORequest?
        init(_ request: consuming IORequest) { self.request = consume request }
        func take() -> IORequest? { request.take() }
    }

    var kept: [Box] = []

    func accept(_ request: consuming IORequest) { kept.append(Box(request)) }
}
