// /dev/xen/evtchn: event channels.
// Not for: what an event means.

internal import SystemCalls
public import XenABI
public import XenPlatform

/// Event channels by the evtchn driver. Source: dmop.md section 10.
///
/// One read fetches up to 64 ports, which `next()` hands out one by one. Whoever polls `descriptor` calls `next()`
/// until it answers nil first, because ports already fetched don't make it readable. It answers nil after each batch,
/// which costs no further read and lets a busy program see to its other work; what has fired since, or did not fit,
/// keeps the descriptor readable.
public final class EventChannelDevice: EventChannels {
    private let device: OwnedDescriptor
    // What each request changes is changed by plain stores, never by a call that is given the place: the compiler then
    // proves that no two accesses overlap, and no check of that is left for run time.
    /// What the last read fetched: ports, from `batchNext` to `batchEnd` not handed out yet.
    private let batch = WordBuffer(capacity: 64)
    private var batchNext = 0
    private var batchEnd = 0
    /// Whether a batch was handed out whole, and nobody has been told so yet.
    private var isBatchOver = false
    /// Ports bound here, so that after an overflow each can be looked at.
    private var bound: [EventPort] = []
    /// Ports to be handed out because of an overflow.
    private var recovered: [EventPort] = []
    /// Whether there are some.
    private var isRecovering = false
    /// The only domain that new ports may be bound to; nil: any.
    private var restrictedTo: DomainID?
    /// How often the driver's ring has overflowed. Then every bound port is handed out once, whether it has fired or
    /// not.
    public private(set) var overflowCount: UInt64 = 0

    init(owning device: consuming OwnedDescriptor) throws(XenError) {
        do throws(SystemError) {
            try device.setNonBlocking(true)
        } catch {
            throw XenError(error, "fcntl /dev/xen/evtchn")
        }
        self.device = device
    }

    public var descriptor: Int32 { device.rawValue }

    public func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        let argument = EventChannelBindInterdomain(remoteDomain: UInt32(domain.rawValue), remotePort: port)
        do throws(SystemError) {
            return take(EventPort(UInt32(try device.send(EventChannelCall.bindInterdomain, argument))))
        } catch {
            throw XenError(error, "IOCTL_EVTCHN_BIND_INTERDOMAIN", domain: domain, value: UInt64(port.rawValue))
        }
    }

    public func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort {
        let argument = EventChannelArgument(value: UInt32(domain.rawValue))
        do throws(SystemError) {
            return take(EventPort(UInt32(try device.send(EventChannelCall.bindUnboundPort, argument))))
        } catch {
            throw XenError(error, "IOCTL_EVTCHN_BIND_UNBOUND_PORT", domain: domain)
        }
    }

    public func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort {
        do throws(SystemError) {
            return take(
                EventPort(
                    UInt32(try device.send(EventChannelCall.bindVIRQ, EventChannelArgument(value: virq.rawValue)))))
        } catch {
            throw XenError(error, "IOCTL_EVTCHN_BIND_VIRQ", value: UInt64(virq.rawValue))
        }
    }

    public func notify(_ port: EventPort) throws(XenError) {
        do throws(SystemError) {
            _ = try device.control(EventChannelCall.notify, word: port.rawValue)
        } catch {
            throw XenError(error, "IOCTL_EVTCHN_NOTIFY", value: UInt64(port.rawValue))
        }
    }

    /// Lets a port fire again. The driver ignores a port that is not bound here.
    public func unmask(_ port: EventPort) throws(XenError) {
        do throws(SystemError) {
            _ = try device.write(word: port.rawValue)
        } catch {
            throw XenError(error, "write /dev/xen/evtchn", value: UInt64(port.rawValue))
        }
    }

    /// Lets several ports fire again, with one write.
    public func unmask(_ ports: [EventPort]) throws(XenError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * ports.count)
        for port in ports {
            for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: port.rawValue >> shift)) }
        }
        do throws(SystemError) {
            _ = try device.write(bytes.span)
        } catch {
            throw XenError(error, "write /dev/xen/evtchn", value: ports.first.map { UInt64($0.rawValue) })
        }
    }

    /// Limits this handle to one domain. The driver refuses a second time; the same domain again changes nothing here.
    public func restrict(to domain: DomainID) throws(XenError) {
        if restrictedTo == domain { return }
        do throws(SystemError) {
            _ = try device.send(EventChannelCall.restrict, EventChannelRestrict(domain: domain))
            restrictedTo = domain
        } catch {
            throw XenError(error, "IOCTL_EVTCHN_RESTRICT_DOMID", domain: domain)
        }
    }

    public func next() throws(XenError) -> EventPort? {
        if isRecovering { return nextRecovered() }
        var index = batchNext
        if index == batchEnd {
            if isBatchOver {
                isBatchOver = false
                return nil
            }
            try fetch()
            if isRecovering { return nextRecovered() }
            index = 0
            if batchEnd == 0 { return nil }
        }
        batchNext = index + 1
        return EventPort(batch[index])
    }

    private func nextRecovered() -> EventPort? {
        let port = recovered.popLast()
        isRecovering = !recovered.isEmpty
        return port
    }

    /// See `EventChannels.wait`. Ports that are fetched and not handed out count as an event that is there.
    public func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        let hasEvent = batchNext != batchEnd || isRecovering
        // Whoever waits without having been told wants to know what there is from now on.
        isBatchOver = false
        if hasEvent && other == nil { return .event }
        let ready: ReadableDescriptors
        do throws(SystemError) {
            ready = try waitUntilReadable(device.rawValue, or: other, milliseconds: hasEvent ? 0 : milliseconds)
        } catch {
            throw XenError(error, "poll /dev/xen/evtchn")
        }
        if ready.contains(.second) { return .other }
        return hasEvent || ready.contains(.first) ? .event : .timeout
    }

    /// Reads what has fired; nothing, when nothing has.
    private func fetch() throws(XenError) {
        batchNext = 0
        batchEnd = 0
        do throws(SystemError) {
            // The driver answers whole ports; the end of a file, which is no driver, nothing.
            let count = try batch.fill(from: device)
            batchEnd = count
            isBatchOver = count > 0
        } catch {
            guard error.code == XenErrorCode.efbig.rawValue else { throw XenError(error, "read /dev/xen/evtchn") }
            try recover()
        }
    }

    /// After an overflow nobody knows which ports have fired, and those that have are masked: hand out all of them.
    private func recover() throws(XenError) {
        do throws(SystemError) {
            _ = try device.control(EventChannelCall.reset)
        } catch {
            throw XenError(error, "IOCTL_EVTCHN_RESET")
        }
        overflowCount += 1
        recovered = bound
        isRecovering = !bound.isEmpty
    }

    private func take(_ port: EventPort) -> BoundPort {
        bound.append(port)
        return BoundPort(port, owner: self)
    }
}

extension EventChannelDevice: InheritedPorts {
    /// See `InheritedPorts.adopt`. The driver is asked by a notification, as it has no call that only asks.
    public func adopt(_ port: EventPort) throws(XenError) -> BoundPort {
        if bound.contains(port) { throw XenError(.eexist, "adopt an event channel", value: UInt64(port.rawValue)) }
        try notify(port)
        let mine = take(port)
        // It may have fired for the program before this one, which could not unmask it any more.
        try unmask(port)
        return mine
    }
}

extension EventChannelDevice: PortOwner {
    public func unbind(_ port: EventPort) {
        do throws(SystemError) {
            _ = try device.send(EventChannelCall.unbind, EventChannelArgument(value: port.rawValue))
        } catch {
            preconditionFailure("a port of ours was not bound")
        }
        bound.removeAll { $0 == port }
        forget(port)
    }

    /// Drops a port that has been fetched: its number may soon be that of another channel.
    private func forget(_ port: EventPort) {
        recovered.removeAll { $0 == port }
        isRecovering = !recovered.isEmpty
        var kept = batchNext
        for index in batchNext..<batchEnd where batch[index] != port.rawValue {
            batch[kept] = batch[index]
            kept += 1
        }
        batchEnd = kept
    }
}
