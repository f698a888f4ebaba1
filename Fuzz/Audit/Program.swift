// The input bytes as a program of steps, and the numbers that its steps are made of.
// Not for: what the steps do (see Scenario).

import HypervisorModel
import XenABI

/// What must hold whatever a caller does. A breach ends the run, and libFuzzer keeps the input.
func hold(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { fatalError("broken rule: \(rule())") }
}

/// A cursor over the input. Past its end everything is 0.
final class Program {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isOver: Bool { position >= bytes.count }

    func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    func chance(of sixteen: UInt8) -> Bool { byte() & 15 < sixteen }

    func number(below end: Int) -> Int { end > 0 ? Int(byte()) % end : 0 }

    func raw16() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    func raw32() -> UInt32 { UInt32(raw16()) << 16 | UInt32(raw16()) }

    func raw64() -> UInt64 { UInt64(raw32()) << 32 | UInt64(raw32()) }

    func pick<Value>(_ values: [Value]) -> Value { values[number(below: values.count)] }

    func someBytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    // MARK: Numbers that matter

    /// A domain: most often one that may be there.
    func domain() -> DomainID {
        let choice = byte()
        if choice < 0xE0 { return DomainID(UInt16(choice % 7)) }
        return pick([.invalid, .idle, .caller, .io, .xen, DomainID(0x7FEF), DomainID(raw16())])
    }

    func server() -> IOREQServerID {
        let choice = byte()
        return IOREQServerID(choice < 0xF0 ? UInt16(choice & 7) : raw16())
    }

    /// A frame near the ends of the guests' memory and of the address space; or any.
    func frame() -> UInt64 {
        let choice = byte()
        if choice < 0xC0 { return UInt64(choice % 72) }
        if choice >= 0xFA { return raw64() }
        let near: [UInt64] = [0, 32, 64, 0xA0, 0xFEE00, 0x100000, 1 << 32, 1 << 40, 1 << 46, 1 << 52, .max >> 12, .max]
        return near[Int(choice) % near.count] &+ UInt64(bitPattern: Int64(Int8(bitPattern: byte()) / 8))
    }

    func frameCount() -> UInt32 {
        let choice = byte()
        if choice < 0xC0 { return UInt32(choice % 40) }
        return pick([0, 1, 255, 256, 257, 511, 512, 513, 4095, .max, 1 << 31, UInt32(raw16())])
    }

    /// A port or an address: around claims, devices inside Xen, ends of pages; or any.
    func address() -> UInt64 {
        let near: [UInt64] = [
            0, 0x20, 0x60, 0x100, 0xCF8, 0xCFC, 0xFFF, 0x1000, 0x1_F000, 0x3_FFFF, 0xA_0000, 0xB_FFFF, 0xF_FFFF,
            0xFEC0_0000, 0xFEE0_0000, 0xF000_0000, 1 << 32, 1 << 63, .max - 4095, .max,
        ]
        let choice = byte()
        if choice >= 0xF8 { return raw64() }
        return near[Int(choice) % near.count] &+ UInt64(bitPattern: Int64(Int8(bitPattern: byte())))
    }

    func range() -> (first: UInt64, last: UInt64) {
        let first = address()
        let span = chance(of: 14) ? UInt64(byte()) : raw64()
        return chance(of: 15)
            ? (first, first.addingReportingOverflow(span).overflow ? .max : first + span) : (first, span)
    }

    func port() -> EventPort {
        let choice = byte()
        return EventPort(choice < 0xF0 ? UInt32(choice % 24) : raw32())
    }

    /// One access of a guest.
    func access() -> GuestAccess {
        let size = pick([.one, .two, .four, .eight] as [AccessSize])
        let portSize = size == .eight ? .four : size
        let choice = byte()
        switch choice & 15 {
        case 0...3: return .input(UInt16(truncatingIfNeeded: address()), portSize)
        case 4...6: return .output(UInt16(truncatingIfNeeded: address()), portSize, raw64())
        case 7: return .output(0xCF8, .four, 0x8000_0000 | UInt64(raw32() & 0xF0FF_FFFF))
        case 8, 9: return .load(address(), size)
        case 10, 11: return .store(address(), size, raw64())
        case 12: return .repeatedInput(portNumber(), portSize, count: elements(), to: address(), descending: isDown())
        case 13:
            return .repeatedOutput(portNumber(), portSize, count: elements(), from: address(), descending: isDown())
        case 14: return .repeatedLoad(address(), size, count: elements(), to: address(), descending: isDown())
        default: return .repeatedStore(address(), size, count: elements(), from: address(), descending: isDown())
        }
    }

    private func portNumber() -> UInt16 { UInt16(truncatingIfNeeded: address()) }
    private func isDown() -> Bool { byte() & 3 == 0 }
    private func elements() -> UInt32 { chance(of: 15) ? UInt32(byte() & 31) : UInt32(raw16() & 0x1FFF) }
}
