// Which server gets an access, and by which rule. dmop.md section 6. Not for: saying so in words (Explanation).

public import XenABI

/// Where an access goes, and why.
public enum SelectionReason {
    /// To a device inside Xen.
    case insideXen(InternalDevice)
    /// Memory of the guest's, of this type.
    case memory(MemoryType)
    /// A write to a frame of type 4: to the server that holds the type.
    case memoryType(IOREQServerRecord)
    /// A write to a frame of type 4 that nobody holds: the vCPU tries again for ever.
    case noHolder
    /// To the server, by a range of ports or memory.
    case range(IOREQServerRecord, ClosedRange<UInt64>)
    /// To the server, by a range of PCI functions.
    case pci(IOREQServerRecord, PCIAddress, ClosedRange<UInt64>)
    /// Nobody gets it: the server has no pages that a request could be put into (dmop.md 15.1).
    case noPages(IOREQServerRecord)
    /// Nobody gets it: a server that is disabled has claimed it.
    case disabled(IOREQServerRecord)
    /// Nobody gets it: only a part of it is in a range.
    case crossesRangeEnd(IOREQServerRecord, ClosedRange<UInt64>)
    /// Nobody has claimed it.
    case noRange

    /// The server that gets it.
    public var server: IOREQServerRecord? {
        switch self {
        case .memoryType(let server), .range(let server, _), .pci(let server, _, _): server
        default: nil
        }
    }
}

/// What an access is looked up by.
struct SelectionKey: Hashable {
    var type: IORangeType
    var first: UInt64
    var last: UInt64

    /// The key of a request; nil when its bytes wrap around.
    @inline(__always)
    init?(_ request: IOREQ) {
        switch request.type {
        case .portIO:
            type = .port
            first = request.address
            last = request.address &+ UInt64(request.size) &- 1
        case .pciConfig:
            type = .pci
            first = UInt64(PCIRegister(ioreqAddress: request.address).function.rawValue)
            last = first
        default:
            type = .memory
            let distance = UInt64(request.count &- 1) &* UInt64(request.size)
            let low = request.descending ? request.address &- distance : request.address
            let (high, wraps) = low.addingReportingOverflow(distance &+ UInt64(request.size) &- 1)
            guard !wraps, low <= request.address else { return nil }
            first = low
            last = high
        }
    }
}

extension Domain {
    /// Finds who gets a request; one that is a PCI cycle is made into one. dmop.md section 6.
    package func select(_ request: inout IOREQ) -> SelectionReason {
        guard let key = SelectionKey(request) else { return .noRange }
        if let device = internalDevice(request.type, key.first, key.last) { return .insideXen(device) }
        switch request.type {
        case .portIO:
            // Arm has no ports.
            if shape.isArm { return .noRange }
            guard let register = configurationRegister(port: request.address) else { break }
            request.type = .pciConfig
            request.address = register.ioreqAddress
            return selectPCI(register.function)
        case .copy:
            if let reason = selectByMemory(request) { return reason }
        default: break
        }
        guard let (server, range) = server(claiming: key) else { return .noRange }
        return server.hasPublishedPorts ? .range(server, range) : .noPages(server)
    }

    /// Rule 4, without the latch.
    func selectPCI(_ function: PCIAddress) -> SelectionReason {
        // An Arm guest knows no type for it.
        let key = SelectionKey(pci: function)
        guard !shape.isArm, let (server, range) = server(claiming: key) else { return .noRange }
        return server.hasPublishedPorts ? .pci(server, function, range) : .noPages(server)
    }

    /// What the frame says: RAM is not for servers, unless it is a write to a frame of type 4. nil: not RAM.
    private func selectByMemory(_ request: IOREQ) -> SelectionReason? {
        guard case .ram(let type, _) = memory.use(of: GuestFrame(containing: request.address)) else { return nil }
        guard type == .ioreqServer, !request.isRead else { return .memory(type) }
        guard let holder = memoryTypeHolder.flatMap({ server($0) }) else { return .noHolder }
        return holder.hasPublishedPorts ? .memoryType(holder) : .noPages(holder)
    }

    /// The highest enabled server that has all of it inside one merged range, and the range.
    @inline(__always)
    func server(claiming key: SelectionKey) -> (IOREQServerRecord, ClosedRange<UInt64>)? {
        // Copies of the lists: what is looked at while a list is accessed costs more than counting its references.
        let servers = servers
        var index = servers.count
        while index > 0 {
            index -= 1
            guard let server = servers[index], server.isEnabled else { continue }
            let ranges = server.ranges
            if let range = ranges[Int(key.type.rawValue)].merged(covering: key.first, key.last) {
                return (server, range)
            }
        }
        return nil
    }

    /// The register that a port is for, while a function is latched. dmop.md section 6, rule 4.
    @inline(__always)
    func configurationRegister(port: UInt64) -> PCIRegister? {
        guard port & ~3 == 0xcfc else { return nil }
        let latched = configurationAddress
        guard latched & 0x8000_0000 != 0 else { return nil }
        var offset = latched & 0xfc | UInt32(truncatingIfNeeded: port) & 3
        if extendsConfigurationAddress { offset |= (latched >> 24 & 0xf) << 8 }
        return PCIRegister(function: PCIAddress(latched >> 8 & 0xffff), offset: offset)
    }
}

extension SelectionKey {
    /// The key of a PCI function.
    init(pci function: PCIAddress) {
        type = .pci
        first = UInt64(function.rawValue)
        last = first
    }
}

extension Domain {
    /// Where the first request of an access would go; nil for one without elements.
    package func decide(_ access: GuestAccess) -> SelectionReason? {
        guard let piece = AccessCursor(access).next() else { return nil }
        var request = IOREQ(piece, isRead: access.isRead, type: access.space == .port ? .portIO : .copy)
        return select(&request)
    }
}
