// Somebody who looks on while a device model serves: each access that comes, and what it was answered.
// Not for: answering; that is the devices' business.

public import XenABI

/// A guest's access as a server has taken it, checked.
public struct ObservedRequest: Equatable, Sendable {
    /// The vCPU whose slot it came in; nil for a posted write, to which there is no answer.
    public var vcpu: VCPUID?
    /// Port, memory or PCI.
    public var type: IORangeType
    /// The port; the guest-physical address; the PCI function << 32 | register.
    public var address: UInt64
    /// Bytes of an element: 1, 2, 4 or 8.
    public var byteCount: Int
    /// Whether the guest reads.
    public var isRead: Bool
    /// Elements, 1 but for a string access.
    public var count: Int
    /// Whether the elements lie at falling addresses.
    public var isDescending: Bool
    /// Where the elements are in the guest's memory; nil: the data is in the request.
    public var guestBuffer: UInt64?
    /// What the guest writes: each element of a buffer, else the one value; none for a read, nor where the guest has no
    /// memory.
    public var values: [UInt64]

    /// A request of these fields.
    public init(
        vcpu: VCPUID?, type: IORangeType, address: UInt64, byteCount: Int, isRead: Bool, count: Int = 1,
        isDescending: Bool = false, guestBuffer: UInt64? = nil, values: [UInt64] = []
    ) {
        self.vcpu = vcpu
        self.type = type
        self.address = address
        self.byteCount = byteCount
        self.isRead = isRead
        self.count = count
        self.isDescending = isDescending
        self.guestBuffer = guestBuffer
        self.values = values
    }
}

/// Sees what the servers of a platform are asked and what is answered, in order, in the midst of serving: it must be
/// quick, and nothing it does may fail. Xen's broadcasts and malformed requests are not among it.
public protocol RequestObserver: AnyObject {
    /// A request has come in; its device has not seen it yet.
    func requestArrived(_ request: ObservedRequest)
    /// The request of a vCPU's is being answered: the values of a read's elements, none for a write's. Also called for
    /// what `requestArrived` was not.
    func requestAnswered(_ vcpu: VCPUID, values: [UInt64])
}
