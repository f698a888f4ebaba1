// Why an access goes where it goes, for people: `corbel explain`. dmop.md section 6.
// Not on an access's way: it looks at every server, which Selection does not.

public import XenABI

/// Who gets an access, request by request, and who does not and why.
public struct Explanation: CustomStringConvertible {
    /// One request of the access.
    public struct Part {
        /// The request, as it would be in the slot.
        public let request: IOREQ
        /// Who gets it.
        public let reason: SelectionReason
        /// What it is and who gets it.
        public let text: String
        /// Other servers that have claimed it, or a part of it.
        public let remarks: [String]
    }

    /// Requests that are told at most.
    public static let partsMax = 16

    /// The requests, in order.
    public let parts: [Part]
    /// The access has more of them.
    public let isCutShort: Bool

    /// A line for each request, and one, indented, for each other server that has claimed it.
    public var lines: [String] {
        parts.flatMap { [$0.text] + $0.remarks.map { "  " + $0 } } + (isCutShort ? ["and more requests"] : [])
    }

    public var description: String { lines.joined(separator: "\n") }
}

extension Domain {
    /// Who would get an access now.
    public func explain(_ access: GuestAccess) -> Explanation {
        var cursor = AccessCursor(access)
        var parts: [Explanation.Part] = []
        while let piece = cursor.next() {
            if parts.count == Explanation.partsMax { return Explanation(parts: parts, isCutShort: true) }
            var request = IOREQ(piece, isRead: access.isRead, type: access.space == .port ? .portIO : .copy)
            let reason = select(&request)
            parts.append(part(request, reason))
            cursor.finish(piece, read: 0)
        }
        return Explanation(parts: parts, isCutShort: false)
    }

    /// Who would get an access to a register in a PCI function's configuration space, by the ports 0xcf8 and 0xcfc.
    public func explain(
        _ function: PCIAddress, register: UInt32, _ size: AccessSize, isRead: Bool = true
    ) -> Explanation {
        let address = PCIRegister(function: function, offset: register).ioreqAddress
        let request = IOREQ(address: address, size: size.rawValue, isRead: isRead, type: .pciConfig)
        return Explanation(parts: [part(request, selectPCI(function))], isCutShort: false)
    }

    private func part(_ request: IOREQ, _ reason: SelectionReason) -> Explanation.Part {
        let key = SelectionKey(request)
        var reason = reason
        if case .noRange = reason, let key { reason = missed(key) }
        let text = "\(request.explained): \(reason.text(isRead: request.isRead, isArm: shape.isArm))"
        let remarks = key.map { self.remarks($0, reason) } ?? ["its addresses wrap around"]
        return Explanation.Part(request: request, reason: reason, text: text, remarks: remarks)
    }

    /// Why nobody gets it: the highest server that is near it.
    private func missed(_ key: SelectionKey) -> SelectionReason {
        if shape.isArm, key.type != .memory { return .noRange }
        var reason = SelectionReason.noRange
        for case let server? in servers {
            let set = server.ranges[Int(key.type.rawValue)]
            if set.merged(covering: key.first, key.last) != nil {
                // Had it been enabled, it would have been found.
                if !server.isEnabled { reason = .disabled(server) }
            } else if server.isEnabled, let range = set.merged(touching: key.first, key.last) {
                if case .disabled = reason { continue }
                reason = .crossesRangeEnd(server, range)
            }
        }
        return reason
    }

    /// What the other servers have to do with it.
    private func remarks(_ key: SelectionKey, _ reason: SelectionReason) -> [String] {
        servers.reversed().compactMap { server in
            guard let server, server !== reason.toldServer else { return nil }
            let set = server.ranges[Int(key.type.rawValue)]
            if let range = set.merged(covering: key.first, key.last) {
                let claim = "server \(server.id.rawValue) has claimed it too (\(range.hexadecimal(key.type)))"
                return claim + (server.isEnabled ? reason.outranks : ", but is disabled")
            }
            guard let range = set.merged(touching: key.first, key.last) else { return nil }
            return "server \(server.id.rawValue) has only a part of it (\(range.hexadecimal(key.type)))"
        }
    }
}

extension SelectionReason {
    fileprivate var toldServer: IOREQServerRecord? {
        switch self {
        case .noPages(let server), .disabled(let server), .crossesRangeEnd(let server, _): server
        default: server
        }
    }

    fileprivate var outranks: String {
        switch self {
        case .range, .pci: ", but the highest id goes first"
        case .noPages: ", but the highest id goes first, pages or not"
        case .memoryType: ", but the holder of the frame's type goes first"
        case .insideXen: ", but devices inside Xen go first"
        default: ", but does not get it"
        }
    }

    fileprivate func text(isRead: Bool, isArm: Bool) -> String {
        let nobody = isArm ? "data abort" : isRead ? "reads all ones" : "the write is dropped"
        return switch self {
        case .insideXen(let device): "\(device.name), inside Xen"
        case .memory(.ramReadOnly): "read-only memory of the guest" + (isRead ? "" : ", the write is dropped")
        case .memory: "memory of the guest"
        case .memoryType(let server): "server \(server.id.rawValue), which holds the frame's type"
        case .noHolder: "nobody holds the frame's type; the vCPU tries again for ever"
        case .range(let server, let range): "server \(server.id.rawValue), by \(range.hexadecimal(.memory))"
        case .pci(let server, _, let range): "server \(server.id.rawValue), by \(range.hexadecimal(.pci))"
        case .noPages(let server):
            "\(nobody): server \(server.id.rawValue) has claimed it, but had no pages when it was enabled"
        case .disabled(let server): "\(nobody): server \(server.id.rawValue) has claimed it, but is disabled"
        case .crossesRangeEnd(let server, let range):
            "\(nobody): server \(server.id.rawValue) has only a part of it (\(range.hexadecimal(.memory)))"
        case .noRange: "\(nobody): nobody has claimed it"
        }
    }
}

extension IOREQ {
    fileprivate var explained: String {
        let elements = count == 1 ? "" : ", \(count) elements" + (descending ? " downwards" : "")
        let tail = ", \(size) \(size == 1 ? "byte" : "bytes")\(elements), \(isRead ? "read" : "write")"
        switch type {
        case .portIO: return "port \(address.hexadecimal)" + tail
        case .pciConfig:
            let register = PCIRegister(ioreqAddress: address)
            return "PCI \(register.function.text) register \(UInt64(register.offset).hexadecimal)" + tail
        default: return "memory \(address.hexadecimal)" + tail
        }
    }
}

extension ClosedRange<UInt64> {
    fileprivate func hexadecimal(_ type: IORangeType) -> String {
        guard type == .pci else { return "\(lowerBound.hexadecimal)-\(upperBound.hexadecimal)" }
        let first = PCIAddress(UInt32(truncatingIfNeeded: lowerBound)).text
        return lowerBound == upperBound ? first : "\(first)-\(PCIAddress(UInt32(truncatingIfNeeded: upperBound)).text)"
    }
}
