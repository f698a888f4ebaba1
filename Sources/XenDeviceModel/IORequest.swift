// One access of the guest, waiting for its answer.
// Not for: taking requests off the shared page (see ServerCore+Requests), or string accesses (IORequest+String).

public import XenABI

/// An access of the guest, a copy that the guest can't change any more. It is answered exactly once: now, or later from
/// wherever the value was moved to. Dropping it answers all ones, so that no vCPU ever waits for ever.
///
/// The access lies wholly within the range that was claimed. A PCI access lies within one aligned 4-byte register of
/// the 4096 bytes of configuration space, whatever of it the device has.
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

    let channel: Channel
    let ticket: UInt64
    private var isAnswered = false

    init(_ slot: ValidSlot, offset: UInt64, ticket: UInt64, channel: Channel) {
        kind = slot.kind
        self.offset = offset
        address = slot.address
        width = slot.width
        isRead = slot.isRead
        count = slot.count
        isDescending = slot.isDescending
        guestBuffer = slot.guestBuffer
        value = slot.isRead || slot.guestBuffer != nil ? 0 : slot.data & slot.width.allOnes
        self.ticket = ticket
        self.channel = channel
    }

    deinit {
        if !isAnswered {
            if isRead, guestBuffer != nil { fill(with: .max) }
            channel.complete(ticket, value: .max)
        }
    }

    /// The vCPU that waits; nil for a posted write, for whose answer nobody waits.
    public var vcpu: VCPUID? { channel.vcpu }

    /// The server that it came to, for a device that claims or releases ranges.
    public var server: ServerHandle { ServerHandle(core: channel.server) }

    /// Whether there are several elements, or the data lies in guest memory: see `elements()` and `answer(elements:)`.
    public var isString: Bool { count != 1 || guestBuffer != nil }

    /// Answers a read with `value` (bits above the width are dropped), every element of it if there are several. For a
    /// write the value is ignored.
    public consuming func answer(_ value: UInt64) {
        if isRead, guestBuffer != nil { fill(with: value) }
        finish(value)
    }

    /// Says that a write is done. A read is answered with all ones.
    public consuming func answer() {
        answer(.max)
    }

    /// Answers without a device: all ones.
    consuming func drop() {}

    /// Tells Xen that the request is done, with the data where it belongs.
    consuming func finish(_ value: UInt64) {
        isAnswered = true
        channel.complete(ticket, value: isRead && guestBuffer == nil ? value & width.allOnes : nil)
    }
}
