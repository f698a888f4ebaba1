// A guest without Xen, for tests of devices: some RAM, and a Xen of a few lines that notes what a device asks of it.
// Not for: requests (a test calls the device's methods), nor for faithful answers (real ones come from the lab).

public import XenABI
public import XenDeviceModel
public import XenPlatform

/// Plays Xen and a guest's RAM, from address 0 on.
@safe
public final class FakeGuest: DeviceModelCalls, GuestMemory, EventChannels, MappingOwner, PortOwner {
    public static let ramByteCount = 64 * GuestFrame.byteCount

    /// Ranges claimed now, as `memory 0x1000...0x1fff`.
    public private(set) var claims: [String] = []
    /// MSIs sent: address and data.
    public private(set) var interrupts: [(address: UInt64, data: UInt32)] = []
    /// Frames of the type `ioreqServer`.
    public private(set) var trackedFrames: Set<UInt64> = []
    /// Windows of `track_dirty_vram`: first frame and count.
    public private(set) var windows: [(first: UInt64, count: Int)] = []
    /// What `track_dirty_vram` answers in each byte of the next bitmap; 0 afterwards.
    public var dirtyByte: UInt8 = 0
    /// Errors to answer, by operation, until removed.
    public var refusals: [DMOpcode: XenErrorCode] = [:]

    private let ram: UnsafeMutableRawPointer
    private let ioreqPage: UnsafeMutableRawPointer

    public init() {
        // SAFETY: as many bytes as are initialised; freed by deinit, after every mapping (they keep this object).
        unsafe ram = .allocate(byteCount: Self.ramByteCount, alignment: GuestFrame.byteCount)
        unsafe ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramByteCount)
        unsafe ioreqPage = .allocate(byteCount: GuestFrame.byteCount, alignment: GuestFrame.byteCount)
        unsafe ioreqPage.initializeMemory(as: UInt8.self, repeating: 0, count: GuestFrame.byteCount)
    }

    deinit {
        unsafe ram.deallocate()
        unsafe ioreqPage.deallocate()
    }

    /// The domain, as a device model gets it.
    public func domain() throws(XenError) -> DeviceModelDomain {
        try Platform(calls: self, memory: self, events: self).domain(DomainID(5), restricted: false)
    }

    /// Bytes of the guest's RAM. An address outside of it traps.
    public subscript(_ address: Int, count count: Int) -> [UInt8] {
        get {
            precondition(address >= 0 && count >= 0 && address + count <= Self.ramByteCount)
            // SAFETY: in bounds, checked above.
            return (0..<count).map { unsafe ram.load(fromByteOffset: address + $0, as: UInt8.self) }
        }
        set {
            precondition(address >= 0 && address + newValue.count <= Self.ramByteCount)
            // SAFETY: in bounds, checked above.
            for index in newValue.indices {
                unsafe ram.storeBytes(of: newValue[index], toByteOffset: address + index, as: UInt8.self)
            }
        }
    }

    // MARK: DeviceModelCalls

    public func dmOp(
        _ domain: DomainID, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(XenError) {
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(operation[8 + offset + $1]) << UInt64(8 * $1) }
        }
        let code = DMOpcode(rawValue: UInt32(operation[0]))
        if let refusal = refusals[code] { throw XenError(refusal, code.name, domain: domain) }
        switch code {
        case .vcpuCount: operation[8] = 1
        case .mapIORange: claims.append(Self.range(number(4, 4), number(8, 8), number(16, 8)))
        case .unmapIORange:
            let range = Self.range(number(4, 4), number(8, 8), number(16, 8))
            guard let index = claims.firstIndex(of: range) else { throw XenError(.enoent, code.name) }
            claims.remove(at: index)
        case .injectMSI: interrupts.append((number(8, 8), UInt32(number(0, 4))))
        case .setMemoryType:
            for frame in number(8, 8)..<number(8, 8) + number(0, 4) {
                if number(4, 2) == 4 { trackedFrames.insert(frame) } else { trackedFrames.remove(frame) }
            }
        case .trackDirtyVRAM:
            let frames = Int(number(0, 4))
            guard data.count >= (frames + 7) / 8 else { throw XenError(.einval, code.name) }
            windows.append((number(8, 8), frames))
            for index in 0..<(frames + 7) / 8 { data[index] = dirtyByte }
            dirtyByte = 0
        default: break
        }
    }

    private static func range(_ type: UInt64, _ start: UInt64, _ end: UInt64) -> String {
        let name = type == 0 ? "ports" : type == 1 ? "memory" : "pci"
        return "\(name) 0x\(String(start, radix: 16))...0x\(String(end, radix: 16))"
    }

    public func restrict(to domain: DomainID) throws(XenError) {}

    // MARK: GuestMemory

    public func mapFrames(
        _ domain: DomainID, _ frames: [GuestFrame], access: PageAccess
    ) throws(XenError) -> MappedPages {
        let first = frames.first?.rawValue ?? 0
        let isNeighbourhood = frames.indices.allSatisfy { frames[$0].rawValue == first + UInt64($0) }
        for frame in frames where frame.rawValue >= UInt64(Self.ramByteCount / GuestFrame.byteCount) {
            throw XenError(.einval, "IOCTL_PRIVCMD_MMAPBATCH_V2", domain: domain, value: frame.rawValue)
        }
        guard isNeighbourhood, !frames.isEmpty else { throw XenError(.einval, "IOCTL_PRIVCMD_MMAPBATCH_V2") }
        // SAFETY: the frames lie in the RAM, checked above, which lives as long as its owner.
        return unsafe MappedPages(
            unsafeBase: ram.advanced(by: Int(first) * GuestFrame.byteCount),
            byteCount: frames.count * GuestFrame.byteCount, owner: self)
    }

    public func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        guard count == 1 else { throw XenError(.einval, "IOCTL_PRIVCMD_MMAP_RESOURCE") }
        // SAFETY: one page, which lives as long as its owner.
        return unsafe MappedPages(unsafeBase: ioreqPage, byteCount: GuestFrame.byteCount, owner: self)
    }

    public func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 { 1 }

    public func unmap(address: UInt, byteCount: Int) {}

    // MARK: EventChannels: nothing ever comes in

    public func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        BoundPort(port, owner: self)
    }
    public func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort { BoundPort(EventPort(1), owner: self) }
    public func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort { throw XenError(.eexist, "BIND_VIRQ") }
    public func unbind(_ port: EventPort) {}
    public func notify(_ port: EventPort) throws(XenError) {}
    public func unmask(_ port: EventPort) throws(XenError) {}
    public func next() throws(XenError) -> EventPort? { nil }
    public var descriptor: Int32 { -1 }
    public func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome { .other }
}
