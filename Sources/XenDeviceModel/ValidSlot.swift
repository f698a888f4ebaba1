// What is left of an ioreq slot once it has been checked: later code can't see an impossible request.
// Not for: finding a device.

import XenABI

/// A guest access whose every field has been checked. Source: dmop.md sections 4.1, 4.2 and 15.12.
struct ValidSlot {
    /// More elements than this in one request are refused: Xen itself clips repetitions to far fewer, and the guest's
    /// vCPU waits while they are served.
    static let elementsMax = 65536

    /// Bytes of a function's configuration space.
    static let configurationBytes: UInt32 = 4096

    let kind: IORangeType
    let address: UInt64
    let data: UInt64
    let width: AccessWidth
    let count: Int
    let isRead: Bool
    let isDescending: Bool
    let guestBuffer: UInt64?
    /// What the claim must cover: all bytes that are touched, or the PCI function's number.
    let coverage: ClosedRange<UInt64>

    /// nil: not an access, or one with impossible fields.
    @inline(__always)
    init?(_ slot: IOREQ) {
        guard let width = AccessWidth(rawValue: slot.size), slot.count >= 1, slot.count <= Self.elementsMax else {
            return nil
        }
        self.width = width
        address = slot.address
        data = slot.data
        count = Int(slot.count)
        isRead = slot.isRead
        isDescending = slot.descending
        guestBuffer = slot.dataIsPointer ? slot.data : nil
        switch slot.type {
        case .portIO:
            kind = .port
            guard let covered = Self.bytes(at: slot.address, width, count: 1, descending: false) else { return nil }
            coverage = covered
        case .copy:
            kind = .memory
            guard
                let covered = Self.bytes(at: slot.address, width, count: count, descending: isDescending)
            else { return nil }
            coverage = covered
        case .pciConfig:
            kind = .pci
            // Xen passes an access at 0xcff that is wider than a byte on as it is (row B31): it leaves its register.
            let register = PCIRegister(ioreqAddress: slot.address)
            guard register.offset & 3 + slot.size <= 4, register.offset < Self.configurationBytes else { return nil }
            coverage = UInt64(register.function.rawValue)...UInt64(register.function.rawValue)
        default:
            return nil
        }
        if let buffer = guestBuffer, Self.bytes(at: buffer, width, count: count, descending: isDescending) == nil {
            return nil
        }
    }

    /// First to last byte of `count` elements; nil when they would wrap around the address space.
    @inline(__always)
    static func bytes(
        at address: UInt64, _ width: AccessWidth, count: Int, descending: Bool
    ) -> ClosedRange<UInt64>? {
        let span = UInt64(count - 1) * UInt64(width.byteCount)
        let (low, below) = descending ? address.subtractingReportingOverflow(span) : (address, false)
        let (high, above) = (descending ? address : address &+ span).addingReportingOverflow(
            UInt64(width.byteCount) - 1)
        guard !below, !above, low <= high, descending || high >= address else { return nil }
        return low...high
    }

    /// Offset in a claim that starts at `start`.
    func offset(from start: UInt64) -> UInt64 {
        kind == .pci ? address & 0xFFFF_FFFF : address - start
    }
}
