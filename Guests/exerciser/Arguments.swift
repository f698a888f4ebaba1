// The argument words of one command, read at once and handed out checked. It knows no command's meaning.

extension Opcode {
    /// Words that follow the opcode.
    var argumentWords: Int {
        switch self {
        case .hello, .spin, .expectOnes: 0
        case .peek, .armVector, .vectorCount, .startVCPU, .shutdown: 1
        case .portIn, .poke, .acknowledge, .script: 2
        case .portOut, .load, .fill, .pciRead, .awaitVector, .repeatIn, .repeatMessage, .expectWords: 3
        case .pciWrite, .repeatOut, .repeatLoad, .expectValue: 4
        case .stringIn, .stringOut, .store: 5
        case .moveIn, .moveOut, .repeatStore: 6
        }
    }
}

/// A cursor over the words of one command.
struct Arguments {
    private var words = InlineArray<6, UInt32>(repeating: 0)
    private var position = 0

    init(of opcode: Opcode, from source: inout some WordSource) {
        for index in 0..<opcode.argumentWords { words[index] = source.receive() }
    }

    mutating func next() -> UInt32 {
        defer { position += 1 }
        return words[position]
    }

    /// Two words, the low half first.
    mutating func pair() -> UInt64 {
        let low = UInt64(next())
        return low | UInt64(next()) << 32
    }

    mutating func below(_ limit: UInt32) throws(Status) -> UInt32 {
        let value = next()
        guard value < limit else { throw .badArgument }
        return value
    }

    mutating func port() throws(Status) -> UInt32 { try below(0x10000) }

    /// One of the four PCI data ports, told by its distance from 0xcfc.
    mutating func dataPort() throws(Status) -> UInt32 { try below(4) + 0xcfc }

    mutating func rounds() throws(Status) -> UInt32 {
        let value = next()
        guard value >= 1, value <= Protocol.roundsMax else { throw .badCount }
        return value
    }

    mutating func portWidth() throws(Status) -> Width {
        guard let width = Width(rawValue: next()), width != .eight else { throw .badWidth }
        return width
    }

    /// The width of accesses to memory at `address`, all of which must be outside the guest's own image.
    mutating func width(at address: UInt64, count: UInt32, down: Bool) throws(Status) -> Width {
        guard let width = Width(rawValue: next()) else { throw .badWidth }
        let reach = UInt64(count - 1) * UInt64(width.rawValue)
        guard address < 1 << 32, !down || address >= reach else { throw .outOfBounds }
        let first = down ? address - reach : address
        let end = first + reach + UInt64(width.rawValue)
        guard end <= 1 << 32, end <= Image.start || first >= Image.end || Buffer.contains(first..<end) else {
            throw .outOfBounds
        }
        return width
    }

    /// width, count, buffer offset, direction flag
    mutating func portSpan() throws(Status) -> Span {
        let width = try portWidth()
        let (count, offset) = (next(), next())
        return try Span(offset: offset, count: count, width: width, down: try below(2) == 1)
    }

    /// width, count, buffer offset, direction flag, for elements that are at `address` too
    mutating func memorySpan(at address: UInt64) throws(Status) -> Span {
        let (count, offset, flag) = (words[position + 1], words[position + 2], words[position + 3])
        guard count >= 1, count <= Protocol.elementsMax else { throw .badCount }
        guard flag < 2 else { throw .badArgument }
        let width = try width(at: address, count: count, down: flag == 1)
        return try Span(offset: offset, count: count, width: width, down: flag == 1)
    }

    /// A buffer offset with room for `count` 4-byte words.
    mutating func offset(count: UInt32) throws(Status) -> UInt32 { try Arguments.checked(next(), count: count) }

    static func checked(_ offset: UInt32, count: UInt32) throws(Status) -> UInt32 {
        guard count >= 1, count <= Protocol.bufferBytes / 4 else { throw .badCount }
        guard offset <= Protocol.bufferBytes - count * 4 else { throw .outOfBounds }
        return offset
    }
}
