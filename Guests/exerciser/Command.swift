// Decoding of commands: words become a command whose values were all checked. Nothing is executed here.

/// Bytes of one access.
enum Width: UInt32 {
    case one = 1, two = 2, four = 4, eight = 8
}

/// `count` elements in the test buffer from byte `offset` on, down if `down`; all of them are inside the buffer.
struct Span {
    let offset: UInt32
    let count: UInt32
    let width: Width
    let down: Bool

    init(offset: UInt32, count: UInt32, width: Width, down: Bool) throws(Status) {
        guard count >= 1, count <= Protocol.elementsMax else { throw .badCount }
        let reach = (count - 1) * width.rawValue  // at most 8 * 4095
        let offsetMax = Protocol.bufferBytes - width.rawValue
        guard offset <= offsetMax, down ? offset >= reach : offset + reach <= offsetMax else { throw .outOfBounds }
        (self.offset, self.count, self.width, self.down) = (offset, count, width, down)
    }
}

/// A command with checked arguments.
enum Command {
    case hello
    case portIn(port: UInt32, width: Width)
    case portOut(port: UInt32, width: Width, value: UInt32)
    case stringIn(port: UInt32, Span)
    case stringOut(port: UInt32, Span)
    case load(address: UInt64, width: Width)
    case store(address: UInt64, width: Width, value: UInt64)
    case moveIn(address: UInt64, Span)
    case moveOut(address: UInt64, Span)
    case peek(offset: UInt32)
    case poke(offset: UInt32, value: UInt32)
    case fill(offset: UInt32, count: UInt32, value: UInt32)
    case pciRead(address: UInt32, port: UInt32, width: Width)
    case pciWrite(address: UInt32, port: UInt32, width: Width, value: UInt32)
    case armVector(UInt32)
    case vectorCount(UInt32)
    case awaitVector(UInt32, count: UInt32, tries: UInt32)
    case acknowledge(UInt32, port: UInt32)
    case startVCPU(UInt32)
    case shutdown(reason: UInt32)
    case spin
    case repeatIn(port: UInt32, width: Width, rounds: UInt32)
    case repeatOut(port: UInt32, width: Width, value: UInt32, rounds: UInt32)
    case repeatLoad(address: UInt64, width: Width, rounds: UInt32)
    case repeatStore(address: UInt64, width: Width, value: UInt64, rounds: UInt32)
    case repeatMessage(port: UInt32, vector: UInt32, rounds: UInt32)
    case script(count: UInt32, rounds: UInt32)
    case expectValue(UInt64, mask: UInt64)
    case expectOnes
    case expectWords(offset: UInt32, count: UInt32, value: UInt32)

    /// Reads the arguments of `opcode`, all of them even if one is bad, so that the stream stays in step.
    init(_ opcode: Opcode, from source: inout some WordSource) throws(Status) {
        var words = Arguments(of: opcode, from: &source)
        switch opcode {
        case .hello: self = .hello
        case .portIn: self = .portIn(port: try words.port(), width: try words.portWidth())
        case .portOut: self = .portOut(port: try words.port(), width: try words.portWidth(), value: words.next())
        case .stringIn: self = .stringIn(port: try words.port(), try words.portSpan())
        case .stringOut: self = .stringOut(port: try words.port(), try words.portSpan())
        case .load:
            let address = words.pair()
            self = .load(address: address, width: try words.width(at: address, count: 1, down: false))
        case .store:
            let address = words.pair()
            let width = try words.width(at: address, count: 1, down: false)
            self = .store(address: address, width: width, value: words.pair())
        case .moveIn:
            let address = words.pair()
            self = .moveIn(address: address, try words.memorySpan(at: address))
        case .moveOut:
            let address = words.pair()
            self = .moveOut(address: address, try words.memorySpan(at: address))
        case .peek: self = .peek(offset: try words.offset(count: 1))
        case .poke: self = .poke(offset: try words.offset(count: 1), value: words.next())
        case .fill:
            let (offset, count) = (words.next(), words.next())
            self = .fill(offset: try Arguments.checked(offset, count: count), count: count, value: words.next())
        case .pciRead: self = .pciRead(address: words.next(), port: try words.dataPort(), width: try words.portWidth())
        case .pciWrite:
            self = .pciWrite(
                address: words.next(), port: try words.dataPort(), width: try words.portWidth(), value: words.next())
        case .armVector: self = .armVector(try words.below(256))
        case .vectorCount: self = .vectorCount(try words.below(256))
        case .awaitVector:
            self = .awaitVector(try words.below(256), count: words.next(), tries: try words.rounds())
        case .acknowledge: self = .acknowledge(try words.below(256), port: try words.port())
        case .startVCPU: self = .startVCPU(try words.below(Protocol.vcpusMax))
        case .shutdown: self = .shutdown(reason: try words.below(256))
        case .spin: self = .spin
        case .repeatIn:
            self = .repeatIn(port: try words.port(), width: try words.portWidth(), rounds: try words.rounds())
        case .repeatOut:
            self = .repeatOut(
                port: try words.port(), width: try words.portWidth(), value: words.next(), rounds: try words.rounds())
        case .repeatLoad:
            let address = words.pair()
            let width = try words.width(at: address, count: 1, down: false)
            self = .repeatLoad(address: address, width: width, rounds: try words.rounds())
        case .repeatStore:
            let address = words.pair()
            let width = try words.width(at: address, count: 1, down: false)
            self = .repeatStore(address: address, width: width, value: words.pair(), rounds: try words.rounds())
        case .repeatMessage:
            self = .repeatMessage(port: try words.port(), vector: try words.below(256), rounds: try words.rounds())
        case .script: self = .script(count: words.next(), rounds: words.next())  // checked when all its words are read
        case .expectValue: self = .expectValue(words.pair(), mask: words.pair())
        case .expectOnes: self = .expectOnes
        case .expectWords:
            let (offset, count) = (words.next(), words.next())
            let checked = try Arguments.checked(offset, count: count)
            self = .expectWords(offset: checked, count: count, value: words.next())
        }
    }
}
