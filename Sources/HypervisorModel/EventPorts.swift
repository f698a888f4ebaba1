// Event channels of a domain: its ports and who is at the other end. dmop.md sections 3.1 and 10.
// Not for: the evtchn driver's queue and masks (EventChannelFile).

public import XenABI

/// Takes the events of a domain: its kernel.
public protocol EventSink: AnyObject {
    /// A port of the domain has fired.
    func portFired(_ port: EventPort)
}

/// One port.
enum PortState: Hashable {
    case free
    /// Waits for `remote` to bind to it.
    case unbound(remote: DomainID)
    /// Bound to a port of another domain.
    case interdomain(remote: DomainID, port: EventPort)
    /// Raised by Xen.
    case virq(VIRQ)
}

/// Who takes the events of a port.
enum PortConsumer: Hashable {
    /// The domain's kernel.
    case kernel
    /// Xen itself: the other end has answered the request of a vCPU. dmop.md section 5.
    case vcpu(VCPUID)
    /// Xen itself: the other end has notified the ring's port, which means nothing.
    case ring
}

/// The ports of a domain. Port 0 is never used; the lowest free one is taken first.
struct PortTable {
    struct Entry: Hashable {
        var state = PortState.free
        var consumer = PortConsumer.kernel
    }

    /// Ports of a domain with the two-level interface.
    static let portsMax = 4096

    private var entries: [Entry] = [Entry()]
    private var lowestMaybeFree = 1

    subscript(port: EventPort) -> Entry {
        port.rawValue > 0 && port.rawValue < UInt32(entries.count) ? entries[Int(port.rawValue)] : Entry()
    }

    /// All ports in use.
    var used: [EventPort] {
        entries.indices.filter { entries[$0].state != .free }.map { EventPort(UInt32($0)) }
    }

    /// Takes the lowest free port. ENOSPC when there is none.
    mutating func take(_ state: PortState, _ consumer: PortConsumer) throws(Refusal) -> EventPort {
        var index = lowestMaybeFree
        while index < entries.count, entries[index].state != .free { index += 1 }
        try check(index < Self.portsMax, .enospc, "3.1 no free event-channel port")
        if index == entries.count { entries.append(Entry()) }
        entries[index] = Entry(state: state, consumer: consumer)
        lowestMaybeFree = index + 1
        return EventPort(UInt32(index))
    }

    mutating func set(_ port: EventPort, _ state: PortState) { entries[Int(port.rawValue)].state = state }

    mutating func free(_ port: EventPort) {
        entries[Int(port.rawValue)] = Entry()
        lowestMaybeFree = min(lowestMaybeFree, Int(port.rawValue))
    }
}
