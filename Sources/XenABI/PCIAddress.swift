// PCI functions and their registers as Xen numbers them.

/// A PCI function (`XEN_DMOP_PCI_SBDF`), as a number: segment<<16 | bus<<8 | device<<3 | function. Ranges of type `pci`
/// count these. Source: `hvm/dm_op.h`; dmop.md section 3.3.
public struct PCIAddress: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The function of this number: segment, bus, device and function as `rawValue` has them.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// `device` is 0 to 31 and `function` 0 to 7; bits above are dropped.
    public init(segment: UInt16 = 0, bus: UInt8 = 0, device: UInt8, function: UInt8 = 0) {
        rawValue = UInt32(segment) << 16 | UInt32(bus) << 8 | UInt32(device & 0x1f) << 3 | UInt32(function & 7)
    }

    /// The segment.
    public var segment: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }
    /// The bus.
    public var bus: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }
    /// The device, 0 to 31.
    public var device: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 3) & 0x1f }
    /// The function, 0 to 7.
    public var function: UInt8 { UInt8(truncatingIfNeeded: rawValue) & 7 }

    public static func < (left: PCIAddress, right: PCIAddress) -> Bool { left.rawValue < right.rawValue }
}

/// A register of a PCI function, as the address of an ioreq of type `pciConfig`: function<<32 | register.
/// Source: dmop.md section 4.1.
public struct PCIRegister: Hashable, Sendable {
    /// The function.
    public var function: PCIAddress
    /// The byte offset in its configuration space.
    public var offset: UInt32

    /// The register at `offset` bytes in the configuration space of a function.
    public init(function: PCIAddress, offset: UInt32) {
        self.function = function
        self.offset = offset
    }

    /// Takes the address of an ioreq apart.
    public init(ioreqAddress: UInt64) {
        function = PCIAddress(UInt32(truncatingIfNeeded: ioreqAddress >> 32))
        offset = UInt32(truncatingIfNeeded: ioreqAddress)
    }

    /// The address as an ioreq carries it.
    public var ioreqAddress: UInt64 { UInt64(function.rawValue) << 32 | UInt64(offset) }
}
