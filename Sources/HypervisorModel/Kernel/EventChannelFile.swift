// An open /dev/xen/evtchn: its ports and the ring of those that have fired. dmop.md section 10.
// Not for: ioctl numbers (EventChannelFile+Control), what happens between domains (Hypervisor+Events).

public import XenABI

/// An open /dev/xen/evtchn. Ports are masked as they come into the ring, and fire again once they are unmasked.
public final class EventChannelFile {
    let kernel: LinuxKernel
    /// Called when `read` would no longer wait: the ring was empty and is not, or has overflowed.
    public var whenReadable: (() -> Void)? {
        get { readableCall }
        set { readableCall = newValue }
    }
    /// Whether a port came that had no room. Then reading is EFBIG until RESET, and polling says error.
    public var hasOverflowed: Bool { isOverflowed }
    /// The only domain of this file; nil: any.
    public private(set) var restriction: DomainID?

    /// A power of two, and room for every port once.
    private var ring: [EventPort] = []
    private var produced = 0
    private var consumed = 0
    private var portCount = 0
    private var isClosed = false
    // Behind computed properties: who is outside can't be seen to make no overlapping changes, which is checked then.
    private var readableCall: (() -> Void)?
    private var isOverflowed = false

    init(_ kernel: LinuxKernel) { self.kernel = kernel }

    /// Whether a port is there to be read.
    public var isReadable: Bool { produced != consumed }

    // MARK: Binding

    /// BIND_INTERDOMAIN.
    public func bindInterdomain(_ remote: UInt32, _ remotePort: EventPort) throws(Refusal) -> EventPort {
        let id = DomainID(UInt16(truncatingIfNeeded: remote))
        do throws(Refusal) {
            if let restriction {
                try check(UInt32(restriction.rawValue) == remote, .eacces, "10 restricted to another domain")
            }
            return adopt(try kernel.hypervisor.bindInterdomain(kernel.domain, remote: id, remotePort: remotePort))
        } catch {
            throw logged(error, "IOCTL_EVTCHN_BIND_INTERDOMAIN", id)
        }
    }

    /// BIND_UNBOUND_PORT. The remote domain need not exist.
    public func bindUnbound(_ remote: UInt32) throws(Refusal) -> EventPort {
        let id = DomainID(UInt16(truncatingIfNeeded: remote))
        do throws(Refusal) {
            try checkUnrestricted()
            return adopt(try kernel.hypervisor.allocateUnbound(in: kernel.domain, remote: id))
        } catch {
            throw logged(error, "IOCTL_EVTCHN_BIND_UNBOUND_PORT", id)
        }
    }

    /// BIND_VIRQ.
    public func bindVIRQ(_ virq: VIRQ) throws(Refusal) -> EventPort {
        do throws(Refusal) {
            try checkUnrestricted()
            return adopt(try kernel.hypervisor.bindVIRQ(kernel.domain, virq))
        } catch {
            throw logged(error, "IOCTL_EVTCHN_BIND_VIRQ", nil)
        }
    }

    func checkUnrestricted() throws(Refusal) {
        try check(restriction == nil, .eacces, "10 a restricted file binds to its domain alone")
    }

    private func adopt(_ port: EventPort) -> EventPort {
        portCount += 1
        if portCount > ring.count { growRing() }
        kernel.adopt(port, self)
        return port
    }

    /// What is in the ring stays in it, in order.
    private func growRing() {
        let capacity = max(64, ring.count * 2)
        var grown: [EventPort] = []
        grown.reserveCapacity(capacity)
        while consumed != produced {
            grown.append(ring[consumed & (ring.count - 1)])
            consumed += 1
        }
        produced = grown.count
        consumed = 0
        grown.append(contentsOf: repeatElement(EventPort(0), count: capacity - grown.count))
        ring = grown
    }

    /// UNBIND. A port that is in the ring already stays there.
    public func unbind(_ port: EventPort) throws(Refusal) {
        do throws(Refusal) {
            try check(port.rawValue < kernel.portRange, .einval, "10 beyond the kernel's port range")
            try check(owns(port), .enotconn, "10 not bound on this file")
        } catch {
            throw logged(error, "IOCTL_EVTCHN_UNBIND", nil)
        }
        portCount -= 1
        kernel.release(port)
    }

    /// Whether a port is bound on this file.
    package func owns(_ port: EventPort) -> Bool { kernel.owns(port, self) }

    /// NOTIFY.
    public func notify(_ port: EventPort) throws(Refusal) {
        guard owns(port) else {
            throw logged(Refusal(.enotconn, "10 not bound on this file"), "IOCTL_EVTCHN_NOTIFY", nil)
        }
        kernel.hypervisor.send(kernel.domain, port)
    }

    /// RESTRICT_DOMID. Ports that are bound stay usable.
    public func restrict(to domain: DomainID) throws(Refusal) {
        do throws(Refusal) {
            try check(restriction == nil, .eacces, "10 restricted already")
            try check(domain.rawValue != 0 && !domain.isReserved, .einval, "10 0 or a reserved id")
            restriction = domain
        } catch {
            throw logged(error, "IOCTL_EVTCHN_RESTRICT_DOMID", domain)
        }
    }

    /// RESET: empties the ring and clears an overflow. What was in it stays masked.
    public func reset() {
        consumed = produced
        isOverflowed = false
    }

    /// The process has closed the file: all its ports are unbound. Nothing may be done with it afterwards.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        whenReadable = nil
        for port in kernel.ports(of: self) { kernel.release(port) }
    }

    // MARK: Events

    /// A port has fired: the kernel has masked it.
    func enqueue(_ port: EventPort) {
        let wasReadable = produced != consumed || hasOverflowed
        if produced - consumed < ring.count {
            // Taken out and put back: a change in place would be checked for overlapping ones.
            var ports = ring
            ring = []
            ports[produced & (ports.count - 1)] = port
            ring = ports
            produced += 1
        } else {
            isOverflowed = true
        }
        if !wasReadable { whenReadable?() }
    }

    /// The next port that has fired; nil when there is none (EAGAIN). EFBIG after an overflow.
    public func next() throws(Refusal) -> EventPort? {
        if hasOverflowed { throw overflow() }
        guard consumed != produced else { return nil }
        let port = ring[consumed & (ring.count - 1)]
        consumed += 1
        return port
    }

    /// `read` of so many bytes, non-blocking: ports that have fired. dmop.md section 10.
    public func read(byteCount: Int) throws(Refusal) -> [EventPort] {
        let portsMax = min(byteCount, 4096) / 4
        guard portsMax > 0 else { return [] }
        if hasOverflowed { throw overflow() }
        guard isReadable else { throw Refusal(.eagain, "10 no port has fired") }
        var ports: [EventPort] = []
        while ports.count < portsMax, let port = try next() { ports.append(port) }
        return ports
    }

    /// `write` of so many bytes, of which `ports` are the whole ones: unmasks those that are bound here. nil: the
    /// memory is unreadable. Answers the bytes taken.
    public func write(byteCount: Int, ports: [EventPort]?) throws(Refusal) -> Int {
        let count = min(byteCount, 4096) / 4
        guard count > 0 else { return 0 }
        guard let ports, ports.count >= count else {
            throw logged(Refusal(.efault, "10 ports unreadable"), "write evtchn", nil)
        }
        for port in ports.prefix(count) { unmask(port) }
        return count * 4
    }

    /// Lets a port fire again; ignored when it is not bound here.
    public func unmask(_ port: EventPort) {
        guard owns(port) else { return }
        kernel.unmask(port)
    }

    private func overflow() -> Refusal { logged(Refusal(.efbig, "10 the ring has overflowed"), "read evtchn", nil) }

    func logged(_ refusal: Refusal, _ call: StaticString, _ target: DomainID?) -> Refusal {
        kernel.hypervisor.observer?.refused(call, by: refusal, caller: kernel.caller.domain, target: target)
        return refusal
    }
}
