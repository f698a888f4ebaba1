// A vCPU: what it waits for, and what it is given. Not for: how an access becomes requests (Accesses/).

public import XenABI

/// A virtual CPU of a domain.
public final class VirtualCPU {
    /// Its number.
    public let id: VCPUID
    unowned let domain: Domain
    /// An event that op 13 has left and the guest has not taken (dmop.md section 3.13).
    public internal(set) var pendingEvent: InjectedEvent?
    /// Interrupts that MSIs have brought to its local APIC, oldest first.
    public internal(set) var interrupts: [UInt8] = []
    /// Whether its local APIC takes interrupts.
    public var isAPICEnabled = true
    /// The logical id of its local APIC, as the guest has set it, in the flat model; 0 takes no logical interrupts.
    public var logicalID: UInt8 = 0
    /// The latched CF8 value. dmop.md section 6.
    var configurationAddress: UInt32 = 0

    init(_ id: VCPUID, of domain: Domain) {
        self.id = id
        self.domain = domain
    }

    /// Its local APIC's id: twice its number, as Xen makes them.
    public var apicID: UInt32 { id.rawValue * 2 }
}

/// What op 13 gives a vCPU.
public struct InjectedEvent: Hashable, Sendable {
    /// The kind.
    public var type: EventType
    /// The vector.
    public var vector: UInt8
    /// The error code; all ones: none.
    public var errorCode: UInt32
    /// CR2 of a page fault, pending debug bits of a debug exception.
    public var extra: UInt64
}
