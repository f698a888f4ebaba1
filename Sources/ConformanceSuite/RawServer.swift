// An ioreq server driven by hand: its page, its ports, the state of its slots. Rows misuse it on purpose, so it is not
// XenDeviceModel's. Not for: claims, which are operations.

internal import XenABI

/// A server whose slots steps drive.
final class RawServer {
    let name: String
    /// Where its synchronous page is mapped.
    let page: UInt64
    /// By vCPU: the port in this domain that its slot's is bound to.
    private(set) var localPorts: [UInt64] = []
    private let host: any ConformanceHost
    private let events: NodeHandle

    /// Takes over a server whose page is mapped and which is enabled: binds the port of each vCPU.
    init(_ name: String, page: UInt64, on bench: Bench) throws(HostError) {
        self.name = name
        self.page = page
        host = bench.host
        events = try bench.node("evtchn")
        for vcpu in 0..<bench.vcpuCount {
            let port = try slot(vcpu).port
            let argument = EventChannelBindInterdomain(remoteDomain: bench.guest, remotePort: port)
            let answer = try bench.control("evtchn", EventChannelCall.bindInterdomain, argument)
            guard case .value(let local) = answer else {
                throw .broken("port \(port.rawValue) of \(name) can't be bound: \(answer)")
            }
            localPorts.append(local)
        }
    }

    /// A vCPU's slot, copied: its state first, so that what Xen has written before READY is in the copy.
    func slot(_ vcpu: Int) throws(HostError) -> IOREQ {
        try host.slot(at: page + UInt64(vcpu * IOREQ.byteCount))
    }

    /// Changes bytes of a slot.
    func store(_ vcpu: Int, at offset: Int, _ value: UInt64, width: Int) throws(HostError) {
        var bytes = [UInt8](repeating: 0, count: width)
        bytes.put(value, at: 0, width: width)
        try host.store(page + UInt64(vcpu * IOREQ.byteCount + offset), bytes)
    }

    /// Changes a slot's state, and keeps the other bits of its byte.
    func setState(_ vcpu: Int, _ state: IOREQState) throws(HostError) {
        let address = page + UInt64(vcpu * IOREQ.byteCount + IOREQ.stateOffset)
        let byte = try host.load(address, byteCount: 1)[0]
        try host.store(address, [state.replacingState(in: byte)])
    }

    /// Tells Xen that a slot was changed.
    func notify(_ vcpu: Int, _ bench: Bench) throws(HostError) {
        guard vcpu < localPorts.count else { throw .broken("\(name) has no port for vCPU \(vcpu)") }
        let port = EventPort(UInt32(truncatingIfNeeded: localPorts[vcpu]))
        let answer = try bench.control("evtchn", EventChannelCall.notify, EventChannelArgument(port: port))
        guard answer == .value(0) else { throw .broken("NOTIFY of \(name): \(answer)") }
    }

    /// Unbinds its ports, where they are bound still.
    func unbind(_ bench: Bench) throws(HostError) {
        for port in localPorts {
            let argument = EventChannelArgument(value: UInt32(truncatingIfNeeded: port))
            _ = try bench.control("evtchn", EventChannelCall.unbind, argument)
        }
        localPorts = []
    }
}

extension ConformanceHost {
    /// A slot, copied: its state first.
    func slot(at address: UInt64) throws(HostError) -> IOREQ {
        let state = try load(address + UInt64(IOREQ.stateOffset), byteCount: 1)[0]
        let bytes = try load(address, byteCount: IOREQ.byteCount)
        var slot = IOREQ(trusting: bytes.span)
        slot.state = IOREQState(slotByte: state)
        return slot
    }
}
