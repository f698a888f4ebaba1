// A guest that does everything wrong: what a device must bear.
// Not for: finding out what it answers.

internal import HypervisorModel
public import XenABI
public import XenDeviceModel

/// Random accesses to a device, the same ones for the same seed: of every width, within what it has claimed, and often
/// at its first registers; values are anything, or small.
///
/// ```swift
/// var guest = HostileGuest(seed: 1)
/// try guest.attack(.ports(0x100...0x10F), of: bench.guest)     // every access is answered, or this throws
/// ```
public struct HostileGuest {
    private var state: UInt64

    /// A guest whose accesses `seed` decides.
    public init(seed: UInt64) { state = seed }

    /// The next random number (SplitMix64).
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// One access: a read, or a write of a value.
    private struct Access {
        var offset: UInt64
        var width: AccessWidth
        var isRead: Bool
        var value: UInt64
        /// Bits that are left to choose something else by.
        var choice: UInt64
    }

    private mutating func access(byteCount: UInt64, aligned: Bool, widthMax: AccessWidth = .quadWord) -> Access {
        let choice = next()
        var width = AccessWidth.allCases[Int(choice & 3)]
        if width.byteCount > widthMax.byteCount { width = widthMax }
        let size = UInt64(width.byteCount)
        let span = choice & 4 == 0 ? byteCount : min(byteCount, 64)
        var offset = next() % (span - min(span, size) + 1)
        if aligned { offset = offset & ~3 | (offset & 3) % (5 - size) }
        let isRead = choice & 8 == 0
        let value = isRead ? 0 : next() >> (choice & 16 == 0 ? 0 : 56)
        return Access(
            offset: offset, width: width, isRead: isRead, value: value & width.allOnes, choice: choice >> 5)
    }

    /// Calls a device's own methods `steps` times, anywhere in the first `byteCount` bytes of its range: fast, and
    /// without a bench. `aligned`: within aligned 4-byte registers, as PCI accesses are. Returns how many reads had
    /// bits above their width.
    public mutating func run(
        against device: some RegisterDevice, byteCount: UInt64, steps: Int = 1_000_000, aligned: Bool = false
    ) throws(XenError) -> Int {
        var tooWide = 0
        for _ in 0..<steps {
            let next = access(byteCount: byteCount, aligned: aligned, widthMax: aligned ? .doubleWord : .quadWord)
            if next.isRead {
                if try device.read(offset: next.offset, width: next.width) & ~next.width.allOnes != 0 { tooWide += 1 }
            } else {
                try device.write(offset: next.offset, width: next.width, value: next.value)
            }
        }
        return tooWide
    }

    /// Lets a bench's guest access a claimed range `steps` times, by way of the hypervisor: one of eight as a string of
    /// up to 16 elements, from and to anywhere in the first MiB. Throws when an access is not answered. A device may
    /// throw: what the guest gets then is an answer too.
    public mutating func attack(
        _ range: IORange, of guest: TestGuest, vcpu: Int = 0, steps: Int = 20_000
    ) throws(GuestFailure) {
        for _ in 0..<steps {
            if range.type == .pci {
                try attack(PCIAddress(rawValue: UInt32(truncatingIfNeeded: range.start)), guest, vcpu)
            } else {
                try attack(range, guest, vcpu)
            }
        }
    }

    private mutating func attack(_ range: IORange, _ guest: TestGuest, _ vcpu: Int) throws(GuestFailure) {
        let isPort = range.type == .port
        let (length, isWhole) = (range.end - range.start).addingReportingOverflow(1)
        let next = access(
            byteCount: isWhole ? .max : length, aligned: false, widthMax: isPort ? .doubleWord : .quadWord)
        let place = range.start + next.offset
        guard next.choice & 7 == 0 else {
            return try attack(place, isPort, next, guest, vcpu)
        }
        let count = UInt32(next.choice >> 3 & 0xF) + 1
        let isDescending = next.choice & 0x80 != 0
        let memory = self.next() % 0x10_0000
        let size = next.width.size
        let port = UInt16(truncatingIfNeeded: place)
        switch (isPort, next.isRead) {
        case (true, true):
            try guest.perform(
                .repeatedInput(port, size, count: count, to: memory, descending: isDescending), vcpu: vcpu)
        case (true, false):
            try guest.perform(
                .repeatedOutput(port, size, count: count, from: memory, descending: isDescending), vcpu: vcpu)
        case (false, true):
            try guest.perform(
                .repeatedLoad(place, size, count: count, to: memory, descending: isDescending), vcpu: vcpu)
        case (false, false):
            try guest.perform(
                .repeatedStore(place, size, count: count, from: memory, descending: isDescending), vcpu: vcpu)
        }
    }

    private func attack(
        _ place: UInt64, _ isPort: Bool, _ next: Access, _ guest: TestGuest, _ vcpu: Int
    ) throws(GuestFailure) {
        let port = UInt16(truncatingIfNeeded: place)
        switch (isPort, next.isRead) {
        case (true, true): _ = try guest.read(port: port, next.width, vcpu: vcpu)
        case (true, false): try guest.write(port: port, next.width, next.value, vcpu: vcpu)
        case (false, true): _ = try guest.read(address: place, next.width, vcpu: vcpu)
        case (false, false): try guest.write(address: place, next.width, next.value, vcpu: vcpu)
        }
    }

    private mutating func attack(
        _ function: PCIAddress, _ guest: TestGuest, _ vcpu: Int
    ) throws(GuestFailure) {
        let next = access(byteCount: 256, aligned: true, widthMax: .doubleWord)
        let register = UInt8(truncatingIfNeeded: next.offset)
        if next.isRead {
            _ = try guest.read(pci: function, register: register, next.width, vcpu: vcpu)
        } else {
            try guest.write(pci: function, register: register, next.width, next.value, vcpu: vcpu)
        }
    }
}
