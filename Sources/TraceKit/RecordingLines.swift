// The lines of a recording and the words in them. Bytes alone: no text of a stranger's becomes a String here.

internal import XenABI
internal import XenPlatform

/// The lines of a file that are whole.
struct RecordingLines {
    private let bytes: [UInt8]
    private var place = 0
    private var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> RecordingLine? {
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { place = end + 1 }
        number += 1
        return RecordingLine(number: number, rest: bytes[place..<end])
    }
}

/// A line, taken apart from its front.
struct RecordingLine {
    /// From 1 on.
    let number: Int
    private var rest: ArraySlice<UInt8>

    init(number: Int, rest: ArraySlice<UInt8>) {
        self.number = number
        self.rest = rest
    }

    var isAtEnd: Bool { rest.isEmpty }

    func error(_ reason: StaticString) -> RecordingError { RecordingError(line: number, reason: reason) }

    /// Whether it goes on with these bytes, which are then behind it.
    mutating func takes(_ prefix: [UInt8]) -> Bool {
        guard rest.starts(with: prefix) else { return false }
        rest = rest.dropFirst(prefix.count)
        return true
    }

    /// The bytes up to the next blank, and past it; none at the end.
    mutating func word() -> [UInt8] {
        let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
        defer { rest = rest[(end < rest.endIndex ? end + 1 : end)...] }
        return Array(rest[..<end])
    }

    /// A number as it is written: decimal, or 0x and hexadecimal.
    mutating func number(upTo most: UInt64) -> UInt64? {
        var digits = word()[...]
        let isHexadecimal = digits.starts(with: Array("0x".utf8))
        if isHexadecimal { digits = digits.dropFirst(2) }
        guard (1...20).contains(digits.count) else { return nil }
        let base: UInt64 = isHexadecimal ? 16 : 10
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = Self.value(of: byte), digit < base else { return nil }
            let (shifted, tooLarge) = value.multipliedReportingOverflow(by: base)
            let (sum, overflow) = shifted.addingReportingOverflow(digit)
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value <= most ? value : nil
    }

    private static func value(of byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
        default: nil
        }
    }

    mutating func vcpu() -> VCPUID? { number(upTo: Recording.vcpusMax - 1).map { VCPUID(UInt32($0)) } }

    /// What follows a `>`.
    mutating func request() throws(RecordingError) -> ObservedRequest {
        var vcpu: VCPUID?
        if !takes(Array("- ".utf8)) {
            vcpu = self.vcpu()
            if vcpu == nil { throw error("no such vCPU") }
        }
        let type = try self.type()
        let isRead = try choice("read", "write")
        guard let address = number(upTo: type == .port ? 0xffff : .max) else { throw error("no address") }
        guard let width = number(upTo: 8), width.nonzeroBitCount == 1, type != .port || width <= 4 else {
            throw error("no such width")
        }
        var request = ObservedRequest(
            vcpu: vcpu, type: type, address: address, byteCount: Int(width), isRead: isRead)
        if !isAtEnd, !rest.starts(with: Array("=".utf8)) { try string(&request) }
        if !isAtEnd { try written(&request) }
        // Only a string's buffer may have been out of reach.
        guard isRead || request.guestBuffer != nil || request.values.count == request.count else {
            throw error("a write of nothing")
        }
        guard vcpu != nil || !isRead && request.guestBuffer == nil else { throw error("a posted request that waits") }
        return request
    }

    private mutating func type() throws(RecordingError) -> IORangeType {
        switch word() {
        case Array("port".utf8): .port
        case Array("memory".utf8): .memory
        case Array("pci".utf8): .pci
        default: throw error("no such type")
        }
    }

    /// One of two words: whether it is the first.
    private mutating func choice(_ first: String, _ second: String) throws(RecordingError) -> Bool {
        let word = word()
        if word == Array(first.utf8) { return true }
        guard word == Array(second.utf8) else { throw error("no such direction") }
        return false
    }

    private mutating func string(_ request: inout ObservedRequest) throws(RecordingError) {
        guard let count = number(upTo: Recording.elementsMax), count > 0 else { throw error("no such count") }
        request.count = Int(count)
        request.isDescending = try choice("down", "up")
        guard let buffer = number(upTo: .max) else { throw error("no buffer") }
        request.guestBuffer = buffer
        if request.bufferBytes == nil { throw error("a buffer that leaves the address space") }
    }

    private mutating func written(_ request: inout ObservedRequest) throws(RecordingError) {
        guard word() == Array("=".utf8), !request.isRead else { throw error("no end") }
        request.values = try values(upTo: request.valueMax, countMax: request.count)
        if request.values.count != request.count { throw error("another number of values") }
    }

    /// The rest of an answer.
    mutating func answer(to request: ObservedRequest) throws(RecordingError) -> [UInt64] {
        let values = try values(upTo: request.valueMax, countMax: request.count)
        // A buffer that was out of reach has none.
        let isRight =
            request.isRead
            ? values.count == request.count || values.isEmpty && request.guestBuffer != nil : values.isEmpty
        guard isRight else { throw error("another number of values") }
        return values
    }

    private mutating func values(upTo most: UInt64, countMax: Int) throws(RecordingError) -> [UInt64] {
        var values: [UInt64] = []
        while !isAtEnd {
            guard values.count < countMax, let value = number(upTo: most) else { throw error("no such value") }
            values.append(value)
        }
        return values
    }
}
