// String accesses (`rep ins`, `rep outs`, `rep movs`): elements in guest memory, and their unrolling for registers.
// Not for: single accesses.

import XenABI
import XenPlatform

extension IORequest {
    /// What the guest writes, element by element in its order: copied out of its memory now. nil for a read, and when
    /// the guest has no memory there. Source: dmop.md section 4.2.
    public func elements() -> [UInt64]? {
        guard !isRead else { return nil }
        guard guestBuffer != nil else { return [UInt64](repeating: value, count: count) }
        guard let buffer = mapBuffer() else { return nil }
        return (0..<count).map { buffer.load($0) }
    }

    /// Answers a read with a value for each element, in the guest's order; elements without a value read all ones.
    public consuming func answer(elements: [UInt64]) {
        if guestBuffer != nil, isRead, let buffer = mapBuffer() {
            for index in 0..<count { buffer.store(index < elements.count ? elements[index] : .max, index) }
            channel.server.reportWritten(buffer.bytes)
        }
        finish(elements.count < count ? .max : elements[count - 1])
    }

    /// Serves every element by one read or write of `device`, then answers. Guest memory that can't be mapped makes the
    /// request end without touching the device.
    @usableFromInline
    consuming func answerString(from device: some RegisterDevice) throws(XenError) {
        if guestBuffer == nil {
            // Xen has no such request today, but the structure allows it: the value is in the request itself.
            finish(try serveElements(device))
            return
        }
        guard let buffer = mapBuffer() else {
            channel.server.statistics.malformed += 1
            finish(.max)
            return
        }
        for index in 0..<count {
            if isRead {
                let value = try device.read(offset: target(index), width: width)
                // A device that has closed its server meanwhile: the guest was answered, and the memory is its own
                // again.
                guard channel.isOut(ticket) else { break }
                buffer.store(value, index)
            } else {
                try device.write(offset: target(index), width: width, value: buffer.load(index))
            }
        }
        if isRead, channel.isOut(ticket) { channel.server.reportWritten(buffer.bytes) }
        finish(.max)
    }

    private borrowing func serveElements(_ device: some RegisterDevice) throws(XenError) -> UInt64 {
        var last: UInt64 = .max
        for index in 0..<count {
            if isRead {
                last = try device.read(offset: target(index), width: width)
            } else {
                try device.write(offset: target(index), width: width, value: value)
            }
        }
        return last
    }

    /// Gives every element of a read the same value.
    borrowing func fill(with value: UInt64) {
        guard let buffer = mapBuffer() else { return }
        for index in 0..<count { buffer.store(value, index) }
        channel.server.reportWritten(buffer.bytes)
    }

    /// The offset that element `index` goes to: a port or PCI register stays, memory moves along.
    private borrowing func target(_ index: Int) -> UInt64 {
        guard kind == .memory else { return offset }
        let distance = UInt64(index) * UInt64(width.byteCount)
        return isDescending ? offset - distance : offset + distance
    }

    /// nil also when a server that was closed has answered: the guest may use its memory for something else then.
    private borrowing func mapBuffer() -> ElementBuffer? {
        guard
            channel.isOut(ticket),
            let start = guestBuffer,
            let bytes = ValidSlot.bytes(at: start, width, count: count, descending: isDescending),
            let pages = channel.server.mapGuestBytes(bytes, access: isRead ? .readWrite : .read)
        else { return nil }
        return ElementBuffer(pages, bytes, start: start, width, descending: isDescending)
    }
}

/// The guest memory of a string access, mapped, as elements in the guest's order.
struct ElementBuffer: ~Copyable {
    /// First to last byte, guest-physical.
    let bytes: ClosedRange<UInt64>
    private let pages: MappedPages
    private let first: Int
    private let step: Int
    private let width: Int

    init(
        _ pages: consuming MappedPages, _ bytes: ClosedRange<UInt64>, start: UInt64, _ width: AccessWidth,
        descending: Bool
    ) {
        self.bytes = bytes
        self.pages = pages
        let base = GuestFrame(containing: bytes.lowerBound).rawValue * UInt64(GuestFrame.byteCount)
        first = Int(start - base)
        self.width = width.byteCount
        step = descending ? -width.byteCount : width.byteCount
    }

    func load(_ index: Int) -> UInt64 { pages.load(byteCount: width, at: first + index * step) }

    func store(_ value: UInt64, _ index: Int) { pages.store(value, byteCount: width, at: first + index * step) }
}
