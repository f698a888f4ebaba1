// Event channels of a sandbox: binding by packets, events by shared memory. dmop.md section 10.
// Not for: what only Linux' driver does: odd lengths, numbers that it does not know.

internal import HypervisorModel
internal import SandboxClient
internal import XenABI
internal import XenPlatform

extension SandboxHost {
    func evtchn(_ node: SandboxNode, _ request: UInt32, _ address: UInt64) throws(HostError) -> Answer {
        switch request {
        case EventChannelCall.bindInterdomain:
            guard let bytes = memory.load(address, byteCount: 8) else { break }
            let bind = EventChannelBindInterdomain(trusting: bytes.span)
            let domain = DomainID(UInt16(truncatingIfNeeded: bind.remoteDomain))
            return try bound(node) { () throws(XenError) in
                try node.bare.events.bindInterdomain(domain, port: bind.remotePort)
            }
        case EventChannelCall.bindUnboundPort:
            let domain = DomainID(UInt16(truncatingIfNeeded: try word(address)))
            return try bound(node) { () throws(XenError) in try node.bare.events.bindUnbound(domain) }
        case EventChannelCall.bindVIRQ:
            let virq = VIRQ(try word(address))
            return try bound(node) { () throws(XenError) in try node.bare.events.bindVIRQ(virq) }
        case EventChannelCall.notify:
            let port = EventPort(try word(address))
            return try answer { () throws(XenError) in
                try node.bare.events.notify(port)
                return 0
            }
        case EventChannelCall.unbind:
            guard node.ports.removeValue(forKey: try word(address)) != nil else { break }
            return .value(0)
        case EventChannelCall.restrict:
            guard let bytes = memory.load(address, byteCount: 2) else { break }
            let restrict = EventChannelRestrict(trusting: bytes.span)
            return try answer { () throws(XenError) in
                try node.bare.restrictEvents(to: restrict.domain)
                return 0
            }
        default: break
        }
        throw .unavailable("the sandbox has no such call of evtchn")
    }

    private func word(_ address: UInt64) throws(HostError) -> UInt32 {
        guard let bytes = memory.load(address, byteCount: 4) else {
            throw .unavailable("an unreadable argument is no packet")
        }
        return EventChannelArgument(trusting: bytes.span).value
    }

    private func bound(
        _ node: SandboxNode, _ bind: () throws(XenError) -> BoundPort
    ) throws(HostError) -> Answer {
        try answer { () throws(XenError) in
            let box = SandboxNode.PortBox(try bind())
            node.ports[box.port.port.rawValue] = box
            return UInt64(box.port.port.rawValue)
        }
    }

    /// read of evtchn, of whole ports.
    public func read(_ node: NodeHandle, into address: UInt64, byteCount: Int) throws(HostError) -> Answer {
        let node = try find(node, .evtchn)
        guard byteCount >= 4 else { throw .unavailable("the sandbox has no reads of so few bytes") }
        var bytes: [UInt8] = []
        do throws(XenError) {
            while bytes.count + 4 <= byteCount, let port = try node.bare.events.next() {
                bytes += EventChannelArgument(port: port).encodedBytes
            }
        } catch {
            return .error(error.code)
        }
        guard !bytes.isEmpty else { return .error(.eagain) }
        _ = memory.store(address, bytes, byKernel: true)
        return .value(UInt64(bytes.count))
    }

    /// write of evtchn, of whole ports.
    public func write(_ node: NodeHandle, from address: UInt64, byteCount: Int) throws(HostError) -> Answer {
        let node = try find(node, .evtchn)
        guard byteCount >= 4, let bytes = memory.load(address, byteCount: byteCount / 4 * 4) else {
            throw .unavailable("the sandbox has no writes of such bytes")
        }
        return try answer { () throws(XenError) in
            for index in 0..<(bytes.count / 4) {
                try node.bare.events.unmask(EventPort(UInt32(bytes.number(at: 4 * index, width: 4))))
            }
            return UInt64(bytes.count)
        }
    }
}
