// What most devices are: registers at offsets.
// Not for: devices that answer later or handle whole string accesses (see IODevice).

/// A device made of registers. String I/O, guest memory and direction are taken care of: each element arrives as one
/// read or one write. `offset` counts from the start of the claimed range (for PCI: the register in configuration
/// space). The guest waits meanwhile, so answer at once.
public protocol RegisterDevice: IODevice {
    /// The guest reads `width` bytes at `offset`. Bits above the width are dropped.
    func read(offset: UInt64, width: AccessWidth) -> UInt64
    /// The guest writes `value` (no bits above the width) at `offset`.
    func write(offset: UInt64, width: AccessWidth, value: UInt64)
}

extension RegisterDevice {
    /// Turns the request into reads or writes of registers, and answers it.
    public func accept(_ request: consuming IORequest) {
        if request.isString {
            request.answerString(from: self)
        } else if request.isRead {
            let value = read(offset: request.offset, width: request.width)
            request.answer(value)
        } else {
            write(offset: request.offset, width: request.width, value: request.value)
            request.answer()
        }
    }
}
