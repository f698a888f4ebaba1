// What the guest is told to do: the words that the domain builder passes (PVH start info), or nothing.
import Machine

struct CommandLine {
    private let start: UInt64
    private let count: UInt64

    /// Of HVM guests often empty.
    init() {
        let info = start_info()
        guard info != 0, load32(info) == 0x336e_c578 else {  // XEN_HVM_START_MAGIC_VALUE
            (start, count) = (0, 0)
            return
        }
        start = load64(info + 24)
        var length: UInt64 = 0
        while start != 0 && length < 255 && load8(start + length) != 0 { length += 1 }
        count = length
    }

    private init(_ start: UInt64, _ count: UInt64) { (self.start, self.count) = (start, count) }

    /// A word by its number; empty beyond the last.
    func word(_ number: Int) -> CommandLine {
        var (place, end, left) = (start, start, number)
        while true {
            while place < start + count && load8(place) == 0x20 { place += 1 }
            end = place
            while end < start + count && load8(end) != 0x20 { end += 1 }
            if left == 0 || place == end { return CommandLine(place, end - place) }
            left -= 1
            place = end
        }
    }

    func `is`(_ text: StaticString) -> Bool {
        count == UInt64(text.utf8CodeUnitCount) && Bytes.text(text).match(start)
    }

    var isEmpty: Bool { count == 0 }

    /// A decimal number; nil if it is none.
    var number: UInt64? {
        guard count > 0, count <= 9 else { return nil }
        var value: UInt64 = 0
        for index in 0..<count {
            let digit = load8(start + index) &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    func print(after text: StaticString) { Line(text).ascii(start, count: count).end() }
}
