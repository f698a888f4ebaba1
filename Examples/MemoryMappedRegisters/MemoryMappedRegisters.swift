// A block of memory-mapped registers: constant, scratch, counting, and write-1-to-clear. README.md has the map.

import XenABI
import XenDeviceModel
import XenLinux

final class RegisterBlock: RegisterDevice {
    static let range = IORange.memory(0xF000_0000...0xF000_0FFF)

    /// Byte offsets.
    enum Register {
        static let (id, scratch, accesses, limit, status, end) = (0x00, 0x04, 0x08, 0x10, 0x14, 0x18)
    }

    /// Bits of the status register.
    enum Status {
        static let limitReached: UInt64 = 1
        static let beyondEnd: UInt64 = 2
    }

    private var registers = RegisterFile(byteCount: Register.end)

    init() {
        registers.define(Register.id, value: 0x4C42_5243)  // "CRBL"
        registers.define(Register.scratch, writable: .max)
        registers.define(Register.accesses, .quadWord)
        registers.define(Register.limit, writable: .max)
        registers.define(Register.status, clearable: Status.limitReached | Status.beyondEnd)
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        count(offset, width)
        return registers.read(offset: offset, width: width)
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        count(offset, width)
        registers.write(offset: offset, width: width, value: value)
    }

    /// Before the access is served, so that a read of the counter counts itself, and a status bit can be cleared.
    private func count(_ offset: UInt64, _ width: AccessWidth) {
        let accesses = registers[Register.accesses, .quadWord] &+ 1
        registers[Register.accesses, .quadWord] = accesses
        if accesses == registers[Register.limit] { registers[Register.status] |= Status.limitReached }
        if offset + UInt64(width.byteCount) > UInt64(Register.end) { registers[Register.status] |= Status.beyondEnd }
    }
}

@main enum MemoryMappedRegisters: DeviceProgram {
    static let (name, version) = ("MemoryMappedRegisters", "0.1.0")

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let server = try domain.makeIOREQServer().mapPages().claim(RegisterBlock.range, for: RegisterBlock()).enable()
        try server.serve(until: stop)
    }
}
