// Where the guest keeps what its code has no heap for: one 128 KiB piece of memory, divided here.
import Machine

enum Scratch {
    /// The line that is being printed.
    static var line: UInt64 { scratch_start() }
    /// Whether a serial port is there; its driver is asked once.
    static var hasSerialPort: UInt64 { scratch_start() + 0x400 }
    /// What the second vCPU is to do (Race.swift).
    static var race: UInt64 { scratch_start() + 0x440 }
    /// The name at which an enumeration is, 4096 bytes at most.
    static var cursor: UInt64 { scratch_start() + 0x1000 }
    /// Names and values that a test keeps for itself.
    static var kept: UInt64 { scratch_start() + 0x4000 }
    /// A value as large as a request can have.
    static var value: UInt64 { scratch_start() + 0x1_0000 }

    static let lineByteCount: UInt64 = 0x400
}

/// Copies and comparisons of memory. Addresses are guest-physical.
enum Bytewise {
    static func copy(_ count: UInt64, from source: UInt64, to destination: UInt64) {
        if count > 0 { move_string(destination, source, 1, count, 0) }
    }

    static func fill(_ count: UInt64, at destination: UInt64, _ byte: UInt8) {
        let word = UInt64(byte) &* 0x0101_0101_0101_0101
        var done: UInt64 = 0
        while count - done >= 8 {
            store64(destination + done, word)
            done += 8
        }
        while done < count {
            store8(destination + done, UInt64(byte))
            done += 1
        }
    }

    static func areEqual(_ count: UInt64, _ first: UInt64, _ second: UInt64) -> Bool {
        var done: UInt64 = 0
        while count - done >= 8 {
            if load64(first + done) != load64(second + done) { return false }
            done += 8
        }
        while done < count {
            if load8(first + done) != load8(second + done) { return false }
            done += 1
        }
        return true
    }
}
