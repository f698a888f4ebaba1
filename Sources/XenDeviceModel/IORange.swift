// The ranges that a device model claims.
// Not for: who serves them (see ClaimTable).

public import XenABI

/// A range of ports, of guest-physical memory, or one PCI function's configuration space. Both ends are included.
public struct IORange: Equatable, Sendable {
    /// Which of Xen's three range types this is.
    public let type: IORangeType
    /// First port or byte, or the PCI function's number.
    public let start: UInt64
    /// Last port or byte; the same as `start` for PCI.
    public let end: UInt64

    private init(type: IORangeType, start: UInt64, end: UInt64) {
        self.type = type
        self.start = start
        self.end = end
    }

    /// I/O ports.
    public static func ports(_ ports: ClosedRange<UInt16>) -> IORange {
        IORange(type: .port, start: UInt64(ports.lowerBound), end: UInt64(ports.upperBound))
    }

    /// Guest-physical byte addresses.
    public static func memory(_ addresses: ClosedRange<UInt64>) -> IORange {
        IORange(type: .memory, start: addresses.lowerBound, end: addresses.upperBound)
    }

    /// The configuration space of one PCI function.
    public static func pci(_ function: PCIAddress) -> IORange {
        IORange(type: .pci, start: UInt64(function.rawValue), end: UInt64(function.rawValue))
    }

    func contains(_ other: ClosedRange<UInt64>) -> Bool { start <= other.lowerBound && other.upperBound <= end }

    /// What is left of the range without `other`: nothing, one part or two.
    func parts(outside other: IORange) -> (low: IORange?, high: IORange?) {
        guard type == other.type, start <= other.end, other.start <= end else { return (self, nil) }
        let low = start < other.start ? IORange(type: type, start: start, end: other.start - 1) : nil
        let high = other.end < end ? IORange(type: type, start: other.end + 1, end: end) : nil
        return (low, high)
    }
}
