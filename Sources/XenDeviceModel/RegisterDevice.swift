// What most devices are: registers at offsets.
// Not for: devices that answer later or handle whole string accesses (see IODevice).

public import XenABI

/// A device made of registers. String I/O, guest memory and direction are taken care of: each element arrives as one
/// read or one write. `offset` counts from the start of the claimed range (for PCI: the register in configuration
/// space). The guest waits meanwhile, so answer at once.
///
/// A device that throws, because Xen refused its interrupt, say, ends that request: a read answers all ones, what is
/// left of a string access is not served. The server stays up, and `process()` throws the error.
public protocol RegisterDevice: IODevice {
    /// The guest reads `width` bytes at `offset`. Bits above the width are dropped.
    func read(offset: UInt64, width: AccessWidth) throws(XenError) -> UInt64
    /// The guest writes `value` (no bits above the width) at `offset`.
    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError)
}

extension RegisterDevice {
    /// Turns the request into reads or writes of registers, and answers it.
    @inlinable
    public func accept(_ request: consuming IORequest) throws(XenError) {
        if request.isString {
            try request.answerString(from: self)
        } else if request.isRead {
            let value = try read(offset: request.offset, width: request.width)
            request.answer(value)
        } else {
            try write(offset: request.offset, width: request.width, value: request.value)
            request.answer()
        }
    }
}
