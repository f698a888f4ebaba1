// Devices that are inside Xen: an access that lies wholly in one of them never reaches a device model. dmop.md
// section 6, rule 1. Not for: what they do. The I/O APIC apart, the model's have no registers: reads give 0, writes are
// dropped.

internal import XenABI

/// A device inside Xen.
public struct InternalDevice: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Whether it has ports; otherwise memory.
    public var hasPorts: Bool
    /// The first to the last port or byte.
    public var range: ClosedRange<UInt64>

    init(_ name: String, ports range: ClosedRange<UInt64>) { (self.name, hasPorts, self.range) = (name, true, range) }

    init(_ name: String, memory range: ClosedRange<UInt64>) { (self.name, hasPorts, self.range) = (name, false, range) }

    /// All that a guest with a local APIC only has.
    static let ofEveryPC = [InternalDevice("local APIC", memory: 0xfee0_0000...0xfee0_0fff)]

    /// What a full PC has besides.
    static let ofFullPC =
        ofEveryPC + [
            InternalDevice("PIC", ports: 0x20...0x21), InternalDevice("PIT", ports: 0x40...0x43),
            InternalDevice("PIT", ports: 0x61...0x61), InternalDevice("RTC", ports: 0x70...0x71),
            InternalDevice("PIC", ports: 0xa0...0xa1), InternalDevice("PIC", ports: 0x4d0...0x4d1),
            InternalDevice("I/O APIC", memory: 0xfec0_0000...0xfec0_00ff),
            InternalDevice("HPET", memory: 0xfed0_0000...0xfed0_03ff),
        ]

    /// The standard VGA window: writes to it are posted, where the server has a ring.
    static let vgaWindow: ClosedRange<UInt64> = 0xa0000...0xbffff
}

extension Domain {
    /// The devices inside Xen that this domain has.
    public var internalDevices: [InternalDevice] {
        if shape.isArm { return [] }
        return shape.kind == .hvm ? InternalDevice.ofFullPC : InternalDevice.ofEveryPC
    }

    /// The device inside Xen that has all of these ports or bytes.
    @inline(__always)
    func internalDevice(_ type: IOREQType, _ first: UInt64, _ last: UInt64) -> InternalDevice? {
        // Nothing is listed there that a PVH guest's ports could be for.
        if type == .portIO ? shape.kind != .hvm : first < 0xfec0_0000 || first > 0xfee0_0fff { return nil }
        return findInternalDevice(type == .portIO, first, last)
    }

    @inline(never)
    private func findInternalDevice(_ hasPorts: Bool, _ first: UInt64, _ last: UInt64) -> InternalDevice? {
        internalDevices.first {
            $0.hasPorts == hasPorts && $0.range.contains(first) && $0.range.contains(last)
        }
    }
}
