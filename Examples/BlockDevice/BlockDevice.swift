// A disk of 512-byte sectors at I/O ports 0x300 to 0x31f, kept in a file. README.md has the registers.

import SystemCalls
import XenABI
import XenDeviceModel
import XenLinux

final class Disk: RegisterDevice {
    static let ports = IORange.ports(0x300...0x31F)
    static let sectorBytes = 512

    /// Byte offsets.
    enum Register {
        static let (data, sector, address) = (0x00, 0x04, 0x08)
        static let (command, status, capacity) = (0x10, 0x14, 0x18)
    }

    /// What a write to the command register asks for: which way the sector goes.
    enum Command: UInt64 {
        case readToBuffer = 1
        case writeFromBuffer = 2
        case readToMemory = 3
        case writeFromMemory = 4
    }

    private let image: OwnedDescriptor
    private let domain: DeviceModelDomain
    private var registers = RegisterFile(byteCount: 0x20)
    private var buffer = [UInt8](repeating: 0, count: sectorBytes)
    /// The byte of the buffer that the data port moves next.
    private var position = 0

    init(_ path: String, for domain: DeviceModelDomain) throws(SystemError) {
        image = try OwnedDescriptor.open(path: path, .readWrite)
        self.domain = domain
        registers.define(Register.sector, writable: .max)
        registers.define(Register.address, .quadWord, writable: .max)
        registers.define(Register.capacity, value: UInt64(clamping: try image.byteCount() / Self.sectorBytes))
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        guard offset < Register.sector else { return registers.read(offset: offset, width: width) }
        var value: UInt64 = 0
        for index in 0..<width.byteCount {
            value |= UInt64(position < buffer.count ? buffer[position] : 0xFF) << (8 * index)
            position = min(position + 1, buffer.count)
        }
        return value
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        guard offset < Register.sector else {
            registers.write(offset: offset, width: width, value: value)
            if offset == Register.command { registers[Register.status] = succeeds(value & 0xFF) ? 0 : 1 }
            return
        }
        for index in 0..<width.byteCount where position < buffer.count {
            buffer[position] = UInt8(truncatingIfNeeded: value >> (8 * index))
            position += 1
        }
    }

    /// Whether the command was one, and the sector, the file and the guest's memory were good.
    private func succeeds(_ number: UInt64) -> Bool {
        position = 0
        let sector = registers[Register.sector]
        guard let command = Command(rawValue: number), sector < registers[Register.capacity] else { return false }
        let (place, address) = (Int(sector) * Self.sectorBytes, registers[Register.address, .quadWord])
        do {
            switch command {
            case .readToBuffer, .readToMemory:
                let bytes = try image.read(at: place, byteCount: Self.sectorBytes)
                guard bytes.count == Self.sectorBytes else { return false }
                if command == .readToMemory { try domain.writeMemory(at: address, from: bytes.span) }
                buffer = bytes
            case .writeFromBuffer, .writeFromMemory:
                let fromMemory = command == .writeFromMemory
                let bytes = fromMemory ? try domain.readMemory(at: address, byteCount: Self.sectorBytes) : buffer
                try image.writeAll(at: place, bytes.span)
            }
            return true
        } catch {
            return false  // The guest sees it in the status register.
        }
    }
}

@main enum BlockDevice: DeviceProgram {
    static let (name, version, operands) = ("BlockDevice", "0.1.0", ["IMAGE"])

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let disk = try attempt("opening IMAGE", try Disk(operands[0], for: domain))
        try domain.makeIOREQServer().mapPages().claim(Disk.ports, for: disk).enable().serve(until: stop)
    }
}
