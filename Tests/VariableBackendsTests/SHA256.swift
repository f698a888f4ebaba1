// SHA-256 as FIPS 180-4 has it, for the golden totals of varstored.md 13.3.
// Not for: anything but tests.

enum SHA256 {
    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes, computed in integers.
    private static let constants: [UInt32] = primes(64).map { fraction(ofRoot: 3, $0) }
    /// The same of the square roots of the first 8.
    private static let start: [UInt32] = primes(8).map { fraction(ofRoot: 2, $0) }

    private static func primes(_ count: Int) -> [UInt64] {
        var found: [UInt64] = []
        var next: UInt64 = 2
        while found.count < count {
            if found.allSatisfy({ next % $0 != 0 }) { found.append(next) }
            next += 1
        }
        return found
    }

    /// floor(root * 2^32) by bisection; roots are below 2^5, powers below 2^111 in two halves.
    private static func fraction(ofRoot degree: Int, _ number: UInt64) -> UInt32 {
        var low: UInt64 = 0
        var high: UInt64 = 1 << 38
        while high - low > 1 {
            let middle = (low + high) / 2
            var power = UInt128(middle) * UInt128(middle)
            if degree == 3 { power *= UInt128(middle) }
            if power <= UInt128(number) << UInt128(32 * degree) { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    static func hexadecimal(_ message: [UInt8]) -> String {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        var state = start
        for block in stride(from: 0, to: padded.count, by: 64) { compress(Array(padded[block..<(block + 64)]), &state) }
        return state.map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 8 - text.count) + text
        }.joined()
    }

    private static func compress(_ block: [UInt8], _ state: inout [UInt32]) {
        func turned(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
        var words = (0..<16).map { index in
            block[(4 * index)..<(4 * index + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let (near, far) = (words[index - 2], words[index - 15])
            let one = turned(near, 17) ^ turned(near, 19) ^ near >> 10
            let zero = turned(far, 7) ^ turned(far, 18) ^ far >> 3
            words.append(words[index - 16] &+ zero &+ words[index - 7] &+ one)
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let sumOne = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
            let first = h &+ sumOne &+ (e & f ^ ~e & g) &+ constants[index] &+ words[index]
            let sumZero = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
            let second = sumZero &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] = state[index] &+ word }
    }
}
