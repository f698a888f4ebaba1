// String accesses: `rep ins`, `rep outs` and `rep movs` between a device and the guest's RAM.

internal import HypervisorModel
public import XenDeviceModel

extension TestGuest {
    /// `rep ins`: reads `count` elements from a port into RAM.
    public func readString(
        port: UInt16, _ width: AccessWidth, count: UInt32, to address: UInt64, descending: Bool = false, vcpu: Int = 0
    ) throws(GuestFailure) {
        try perform(
            .repeatedInput(port, width.size, count: count, to: address, descending: descending), vcpu: vcpu)
    }

    /// `rep outs`: writes `count` elements of RAM to a port.
    public func writeString(
        port: UInt16, _ width: AccessWidth, count: UInt32, from address: UInt64, descending: Bool = false,
        vcpu: Int = 0
    ) throws(GuestFailure) {
        try perform(
            .repeatedOutput(port, width.size, count: count, from: address, descending: descending), vcpu: vcpu)
    }

    /// `rep movs` from a device's memory to RAM.
    public func copy(
        fromDevice device: UInt64, _ width: AccessWidth, count: UInt32, to address: UInt64, vcpu: Int = 0
    ) throws(GuestFailure) {
        try perform(.repeatedLoad(device, width.size, count: count, to: address), vcpu: vcpu)
    }

    /// `rep movs` from RAM to a device's memory.
    public func copy(
        toDevice device: UInt64, _ width: AccessWidth, count: UInt32, from address: UInt64, vcpu: Int = 0
    ) throws(GuestFailure) {
        try perform(.repeatedStore(device, width.size, count: count, from: address), vcpu: vcpu)
    }
}
