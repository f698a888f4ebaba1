// The input bytes as a program of steps, and the numbers that its steps are made of.
// Not for: what the steps do (see Scenario).

import XenABI
import XenDeviceModel

/// What must hold whatever a guest does. A breach ends the run, and libFuzzer keeps the input.
func hold(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { fatalError("broken rule: \(rule())") }
}

/// A cursor over the input. Past its end everything is 0.
final class Program {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isOver: Bool { position >= bytes.count }

    /// Nothing more is read.
    func end() { position = bytes.count }

    func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    func chance(of sixteen: UInt8) -> Bool { byte() & 15 < sixteen }

    func number(below end: Int) -> Int { end > 0 ? Int(byte()) % end : 0 }

    func raw32() -> UInt32 { (0..<4).reduce(0) { value, _ in value << 8 | UInt32(byte()) } }

    func raw64() -> UInt64 { UInt64(raw32()) << 32 | UInt64(raw32()) }

    func pick<Value>(_ values: [Value]) -> Value { values[number(below: values.count)] }

    // MARK: Numbers that matter

    /// Near the ends of the address space, of pages, of claims and of the guest's memory; or anything.
    func address() -> UInt64 {
        let near: [UInt64] = [
            0, 0x100, 0x200, 0xFFF, 0x1000, 0x3000, 0xFFFF, 0xA_0000, 0xB_FFFF, UInt64(LyingXen.lowFrames) * 4096,
            1 << 32, 0x0018_0000_0000, 1 << 63, LyingXen.highMemory, .max - 4095, .max,
        ]
        let choice = byte()
        if choice >= 0xF0 { return raw64() }
        let distance = Int8(bitPattern: byte())
        return near[Int(choice & 15)] &+ UInt64(bitPattern: Int64(distance))
    }

    func elementCount() -> UInt32 {
        let choice = byte()
        switch choice {
        case ..<0x80: return 1
        case ..<0xC0: return UInt32(choice & 0x3F)
        case ..<0xE0: return 512 + UInt32(byte())
        case ..<0xE4: return 65535 + UInt32(choice & 3)
        default: return raw32()
        }
    }

    func elementSize() -> UInt32 {
        let choice = byte()
        return choice < 0xF0 ? 1 << UInt32(choice & 3) : raw32()
    }

    func type() -> IOREQType {
        let choice = byte()
        let known: [IOREQType] = [
            .portIO, .copy, .pciConfig, .portIO, .copy, .copy, .timeOffset, .invalidate,
        ]
        return choice < 0xF0 ? known[Int(choice & 7)] : IOREQType(byte())
    }

    /// A request with every field drawn by itself.
    func request() -> IOREQ {
        let flags = byte()
        let isPointer = flags & 3 == 3
        return IOREQ(
            address: address(), data: isPointer ? address() : raw64(), count: elementCount(), size: elementSize(),
            state: .ready, dataIsPointer: isPointer, isRead: flags & 4 != 0, descending: flags & 0x18 == 0x18,
            type: type())
    }

    func range() -> IORange {
        switch byte() & 7 {
        case 0, 1: return .ports(0x100...0x1FF)
        case 2: return .memory(0x1000...0x2FFF)
        case 3: return .memory((.max - 8191)...(.max))
        case 4: return .pci(PCIAddress(segment: 0, bus: 0, device: 3, function: 0))
        case 5: return .memory(0xA_0000...0xB_FFFF)
        case 6:
            let first = UInt16(truncatingIfNeeded: address())
            return .ports(first...max(first, first &+ UInt16(byte())))
        default:
            let first = address()
            return .memory(first...max(first, first &+ UInt64(raw32())))
        }
    }

    func refusal() -> XenErrorCode {
        pick([.einval, .esrch, .enoent, .eperm, .enomem, .enospc, .eopnotsupp, .eio, .e2big])
    }
}
