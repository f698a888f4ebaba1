// One access of the guest, waiting for its answer.
// Not for: taking requests off the shared page (see ServerCore).

public import XenABI

/// An access of the guest, a copy that the guest can't change any more. It is answered exactly once: now, or later from
/// wherever the value was moved to. Dropping it answers all ones, so that no vCPU ever waits for ever.
public struct IORequest: ~Copyable {
    /// Port, memory or PCI.
    public let kind: IORangeType
    /// Where, in bytes from the start of the claimed range; for PCI the register in the configuration space.
    public let offset: UInt64
    /// Where, as Xen says it: the port; the guest-physical address; the PCI function << 32 | register.
    public let address: UInt64
    /// Bytes of an element.
    public let width: AccessWidth
    /// Whether the guest reads.
    public let isRead: Bool
    /// The number of elements, 1 unless this is a string access.
    public let count: Int
    /// Whether the elements lie at falling addresses (the guest's direction flag).
    public let isDescending: Bool
    /// The guest-physical address of the elements' memory, when the data is not in the request.
    public let guestBuffer: UInt64?
    /// What the guest writes; no bits above the width. 0 for reads and where `guestBuffer` holds the data.
    public let value: UInt64
    /// Which vCPU waits.
    public let vcpu: VCPUID

    let server: ServerCore
    let ticket: UInt64
    private var isAnswered = false

    init(_ slot: ValidSlot, offset: UInt64, vcpu: VCPUID, ticket: UInt64, server: ServerCore) {
        kind = slot.kind
        self.offset = offset
        address = slot.address
        width = slot.width
        isRead = slot.isRead
        count = slot.count
        isDescending = slot.isDescending
        guestBuffer = slot.guestBuffer
        value = slot.isRead || slot.guestBuffer != nil ? 0 : slot.data & slot.width.allOnes
        self.vcpu = vcpu
        self.ticket = ticket
        self.server = server
    }

    deinit {
        if !isAnswered { server.complete(vcpu, ticket: ticket, value: .max) }
    }

    /// Whether there are several elements, or the data lies in guest memory.
    public var isString: Bool { count != 1 || guestBuffer != nil }

    /// Answers a read with `value` (bits above the width are dropped); for a write the value is ignored.
    public consuming func answer(_ value: UInt64) {
        isAnswered = true
        server.complete(vcpu, ticket: ticket, value: isRead && guestBuffer == nil ? value & width.allOnes : nil)
    }

    /// Says that a write is done. A read is answered with all ones.
    public consuming func answer() {
        answer(.max)
    }
}
