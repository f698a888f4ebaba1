// A machine of a few lines: who has claimed what, byte by byte, and what accesses do to registers and RAM. Each vCPU
// has ports, addresses and RAM of its own, so that its program alone says what it sees.

internal import HypervisorModel
internal import XenABI
internal import XenDeviceModel

/// A claim of a server's.
struct Claim: Hashable {
    let server: Int
    let isPort: Bool
    let first: UInt64
    let last: UInt64

    var range: IORange {
        isPort ? .ports(UInt16(truncatingIfNeeded: first)...UInt16(truncatingIfNeeded: last)) : .memory(first...last)
    }

    /// What a register holds before it is written to.
    func pattern(_ offset: UInt64) -> UInt8 {
        let number = (offset &+ first &* 31 &+ UInt64(server) &* 977) &* 0x9E37_79B9_7F4A_7C15
        return UInt8(truncatingIfNeeded: number >> 56)
    }
}

struct NaiveMachine {
    static let vcpuCount = 2
    static let serverCount = 3
    private static let portCount: UInt64 = 0x100
    private static let memoryByteCount: UInt64 = 0x2000
    private static let ramByteCount: UInt64 = 0x4000

    struct Registers {
        var written: [UInt64: UInt8] = [:]
        var accessCount = 0
    }

    private(set) var claims: [Claim] = []
    private(set) var registers: [Claim: Registers] = [:]
    private(set) var ram: [UInt64: UInt8] = [:]

    /// Random claims. Two of one server never touch, as those would be one to Xen.
    init(_ random: inout SeededGenerator) {
        for server in 0..<Self.serverCount {
            for vcpu in 0..<Self.vcpuCount {
                addClaims(server, isPort: true, Self.ports(vcpu), 24, 40, &random)
                addClaims(server, isPort: false, Self.memory(vcpu), 700, 900, &random)
            }
        }
    }

    private static func ports(_ vcpu: Int) -> Range<UInt64> {
        let first = 0x1000 + UInt64(vcpu) * portCount
        return first..<(first + portCount)
    }

    private static func memory(_ vcpu: Int) -> Range<UInt64> {
        let first = 0xF000_0000 + UInt64(vcpu) * memoryByteCount
        return first..<(first + memoryByteCount)
    }

    private static func ram(_ vcpu: Int) -> Range<UInt64> {
        let first = 0x4000 + UInt64(vcpu) * ramByteCount
        return first..<(first + ramByteCount)
    }

    private mutating func addClaims(
        _ server: Int, isPort: Bool, _ place: Range<UInt64>, _ gapMax: UInt64, _ countMax: UInt64,
        _ random: inout SeededGenerator
    ) {
        var first = place.lowerBound
        while true {
            first += 1 + random.next() % gapMax
            let end = first + 1 + random.next() % countMax
            guard end < place.upperBound else { return }
            claims.append(Claim(server: server, isPort: isPort, first: first, last: end - 1))
            first = end
        }
    }

    // MARK: Accesses

    /// A program, each of whose reads says what it shall give.
    mutating func program(ofVCPU vcpu: Int, _ count: Int, _ random: inout SeededGenerator) -> [GuestStep] {
        (0..<count).flatMap { _ in step(vcpu, &random) }
    }

    private mutating func step(_ vcpu: Int, _ random: inout SeededGenerator) -> [GuestStep] {
        let choice = random.next() % 20
        let size = [AccessSize.one, .two, .four, .eight][Int(random.next() % (choice < 10 ? 3 : 4))]
        let byteCount = UInt64(size.rawValue)
        let port = UInt16(truncatingIfNeeded: Self.place(in: Self.ports(vcpu), byteCount, &random))
        switch choice {
        case 0...4: return [.access(.input(port, size), expect: read(isPort: true, UInt64(port), byteCount))]
        case 5...7:
            let value = random.next() & size.allOnes
            write(isPort: true, UInt64(port), byteCount, value)
            return [.access(.output(port, size, value), expect: nil)]
        case 8: return repeatedInput(vcpu, port, size, &random)
        case 9: return repeatedOutput(vcpu, port, size, &random)
        case 10...15:
            let address = Self.place(in: Self.memory(vcpu), byteCount, &random)
            var value: UInt64 = 0
            for part in Self.parts(address, byteCount) {
                value |= read(isPort: false, part.address, part.byteCount) << (8 * (part.address - address))
            }
            return [.access(.load(address, size), expect: value)]
        default:
            let address = Self.place(in: Self.memory(vcpu), byteCount, &random)
            let value = random.next() & size.allOnes
            for part in Self.parts(address, byteCount) {
                write(isPort: false, part.address, part.byteCount, value >> (8 * (part.address - address)))
            }
            return [.access(.store(address, size, value), expect: nil)]
        }
    }

    private static func place(in range: Range<UInt64>, _ byteCount: UInt64, _ random: inout SeededGenerator) -> UInt64 {
        range.lowerBound + random.next() % (UInt64(range.count) - byteCount + 1)
    }

    /// Powers of two that stay in their pages. dmop.md section 4.2.
    private static func parts(_ address: UInt64, _ byteCount: UInt64) -> [(address: UInt64, byteCount: UInt64)] {
        var parts: [(address: UInt64, byteCount: UInt64)] = []
        var first = address
        while first < address + byteCount {
            var size: UInt64 = 8
            while first + size > address + byteCount || first % 4096 + size > 4096 { size /= 2 }
            parts.append((first, size))
            first += size
        }
        return parts
    }

    // MARK: Strings

    private mutating func repeatedInput(
        _ vcpu: Int, _ port: UInt16, _ size: AccessSize, _ random: inout SeededGenerator
    ) -> [GuestStep] {
        let string = Self.string(vcpu, size, &random)
        for address in string.elements {
            let value = read(isPort: true, UInt64(port), UInt64(size.rawValue))
            for index in 0..<UInt64(size.rawValue) {
                ram[address + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
            }
        }
        let low = string.elements.min() ?? 0
        let bytes = (0..<UInt64(size.rawValue) * UInt64(string.elements.count)).map { ram[low + $0] ?? 0 }
        return [
            .access(
                .repeatedInput(
                    port, size, count: UInt32(string.elements.count), to: string.elements[0],
                    descending: string.isDescending), expect: nil),
            .expectMemory(low, bytes),
        ]
    }

    private mutating func repeatedOutput(
        _ vcpu: Int, _ port: UInt16, _ size: AccessSize, _ random: inout SeededGenerator
    ) -> [GuestStep] {
        let string = Self.string(vcpu, size, &random)
        for address in string.elements {
            let value = (0..<UInt64(size.rawValue)).reduce(UInt64(0)) {
                $0 | UInt64(ram[address + $1] ?? 0) << (8 * $1)
            }
            write(isPort: true, UInt64(port), UInt64(size.rawValue), value)
        }
        return [
            .access(
                .repeatedOutput(
                    port, size, count: UInt32(string.elements.count), from: string.elements[0],
                    descending: string.isDescending), expect: nil)
        ]
    }

    /// The addresses of a string's elements in RAM, as the processor takes them.
    private static func string(
        _ vcpu: Int, _ size: AccessSize, _ random: inout SeededGenerator
    ) -> (elements: [UInt64], isDescending: Bool) {
        let count = 1 + random.next() % 60
        let byteCount = UInt64(size.rawValue)
        let low = place(in: ram(vcpu), count * byteCount, &random)
        let elements = (0..<count).map { low + $0 * byteCount }
        let isDescending = random.next() & 3 == 0
        return (isDescending ? elements.reversed() : elements, isDescending)
    }

    // MARK: Who gets it

    /// The server with the highest number that has claimed all of it.
    private func owner(isPort: Bool, _ first: UInt64, _ byteCount: UInt64) -> Claim? {
        claims.filter { claim in
            claim.isPort == isPort
                && (first..<(first + byteCount)).allSatisfy { claim.first <= $0 && $0 <= claim.last }
        }.max { $0.server < $1.server }
    }

    private mutating func read(isPort: Bool, _ first: UInt64, _ byteCount: UInt64) -> UInt64 {
        guard let claim = owner(isPort: isPort, first, byteCount) else { return ~0 >> (64 - 8 * byteCount) }
        registers[claim, default: Registers()].accessCount += 1
        let written = registers[claim]?.written ?? [:]
        return (0..<byteCount).reduce(0) { value, index in
            let offset = first - claim.first + index
            return value | UInt64(written[offset] ?? claim.pattern(offset)) << (8 * index)
        }
    }

    private mutating func write(isPort: Bool, _ first: UInt64, _ byteCount: UInt64, _ value: UInt64) {
        guard let claim = owner(isPort: isPort, first, byteCount) else { return }
        registers[claim, default: Registers()].accessCount += 1
        for index in 0..<byteCount {
            registers[claim]?.written[first - claim.first + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}
