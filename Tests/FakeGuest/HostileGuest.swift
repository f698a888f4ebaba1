// A guest that does everything wrong: what a device must bear.
// Not for: finding out what it answers.

public import XenDeviceModel

/// Random accesses of every width within a claimed range, the same ones for the same seed.
public struct HostileGuest {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// The next number (SplitMix64).
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Accesses `device` `steps` times, anywhere in the first `byteCount` bytes of its range, and often at its first
    /// registers; values are anything, or small. `aligned`: within aligned 4-byte registers, as PCI accesses are.
    /// Returns how many reads had bits above their width.
    public mutating func run(
        against device: some RegisterDevice, byteCount: UInt64, steps: Int = 1_000_000, aligned: Bool = false
    ) throws -> Int {
        var tooWide = 0
        for _ in 0..<steps {
            let choice = next()
            var width = AccessWidth.allCases[Int(choice & 3)]
            if aligned, width == .quadWord { width = .doubleWord }
            let size = UInt64(width.byteCount)
            let span = choice & 4 == 0 ? byteCount : min(byteCount, 64)
            var offset = next() % (span - min(span, size) + 1)
            if aligned { offset = offset & ~3 | (offset & 3) % (5 - size) }
            if choice & 8 == 0 {
                if try device.read(offset: offset, width: width) & ~width.allOnes != 0 { tooWide += 1 }
            } else {
                let value = next() >> (choice & 16 == 0 ? 0 : 56)
                try device.write(offset: offset, width: width, value: value & width.allOnes)
            }
        }
        return tooWide
    }
}
