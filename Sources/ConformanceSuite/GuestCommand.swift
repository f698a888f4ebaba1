// What a running guest is told to do: the exerciser's commands (Guests/README.md), as data.
// Not for: how a guest is told (the hosts).

public import HypervisorModel

/// One command for a vCPU that runs the exerciser. Offsets are into its test buffer, 16 KiB from a page's start.
public enum GuestCommand: Hashable, Sendable {
    /// `in`.
    case input(UInt16, AccessSize)
    /// `out`.
    case output(UInt16, AccessSize, UInt64)
    /// `rep ins` into the buffer.
    case stringInput(UInt16, AccessSize, count: UInt32, offset: UInt32, down: Bool = false)
    /// `rep outs` out of the buffer.
    case stringOutput(UInt16, AccessSize, count: UInt32, offset: UInt32, down: Bool = false)
    /// A load from memory.
    case load(UInt64, AccessSize)
    /// A store to memory.
    case store(UInt64, AccessSize, UInt64)
    /// `rep movs` from memory into the buffer.
    case moveIn(UInt64, AccessSize, count: UInt32, offset: UInt32, down: Bool = false)
    /// `rep movs` from the buffer to memory.
    case moveOut(UInt64, AccessSize, count: UInt32, offset: UInt32, down: Bool = false)
    /// A 4-byte word of the buffer.
    case peek(UInt32)
    /// Changes a 4-byte word of the buffer.
    case poke(UInt32, UInt32)
    /// From here on a vector has a gate that counts.
    case arm(UInt8)
    /// How often a vector has come on this vCPU.
    case count(UInt8)
    /// Opens interrupts until a vector has come so often, or for a while: answers how often it has.
    case awaitVector(UInt8, count: UInt32)
    /// From here on each interrupt of a vector writes the vector, a byte, to a port before it is ended.
    case acknowledge(UInt8, port: UInt16)
    /// So many stores of a value, one after another.
    case repeatStore(UInt64, AccessSize, UInt64, rounds: UInt32)
    /// SCHEDOP_shutdown with this reason.
    case shutDown(UInt32)
}

extension GuestCommand: CustomStringConvertible {
    /// `inl 0x200`, `rep outsl 0x200, 4, buffer+0xff8`, `load 4 at 0xf0000010`.
    public var description: String {
        switch self {
        case .input(let port, let size): "in\(size.letter) \(hex(port))"
        case .output(let port, let size, let value): "out\(size.letter) \(hex(port)) = \(hex(value))"
        case .stringInput(let port, let size, let count, let offset, let down):
            "rep ins\(size.letter) \(hex(port)), \(count), to buffer+\(hex(offset))\(down ? ", down" : "")"
        case .stringOutput(let port, let size, let count, let offset, let down):
            "rep outs\(size.letter) \(hex(port)), \(count), from buffer+\(hex(offset))\(down ? ", down" : "")"
        case .load(let address, let size): "\(size.rawValue)-byte load at \(hex(address))"
        case .store(let address, let size, let value):
            "\(size.rawValue)-byte store at \(hex(address)) = \(hex(value))"
        case .moveIn(let address, let size, let count, let offset, let down):
            "rep movs\(size.letter), \(count), \(hex(address)) to buffer+\(hex(offset))\(down ? ", down" : "")"
        case .moveOut(let address, let size, let count, let offset, let down):
            "rep movs\(size.letter), \(count), buffer+\(hex(offset)) to \(hex(address))\(down ? ", down" : "")"
        case .peek(let offset): "word at buffer+\(hex(offset))"
        case .poke(let offset, let word): "word at buffer+\(hex(offset)) = \(hex(word))"
        case .arm(let vector): "a gate for vector \(hex(vector))"
        case .count(let vector): "count of vector \(hex(vector))"
        case .awaitVector(let vector, let count): "wait for \(count) of vector \(hex(vector))"
        case .acknowledge(let vector, let port): "interrupts of vector \(hex(vector)) write to port \(hex(port))"
        case .repeatStore(let address, let size, let value, let rounds):
            "\(rounds) times \(size.rawValue)-byte store at \(hex(address)) = \(hex(value))"
        case .shutDown(let reason): "SCHEDOP_shutdown \(reason)"
        }
    }
}

private func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }

extension AccessSize {
    /// As assembler names the width.
    var letter: String {
        switch self {
        case .one: "b"
        case .two: "w"
        case .four: "l"
        case .eight: "q"
        }
    }
}

/// How far a vCPU has come with a command.
public enum GuestProgress: Hashable, Sendable {
    /// It waits for a device model, or has not come to it.
    case waiting
    /// It has done it; what was read or counted, else 0.
    case done(UInt64)
    /// It will never be done: the domain has crashed, shut down or faulted.
    case ended
}
