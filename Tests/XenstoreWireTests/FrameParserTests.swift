// Bytes into messages (xenstored.md 1.2 and 1.3).

import Testing
import XenstoreWire
import XenstoreVectors

@Suite("Frame parser")
struct FrameParserTests {
    private let stream = goldenVectors.flatMap { $0.request + $0.replies.flatMap { $0 } }
    private func message(_ payloadByteCount: Int) -> [UInt8] {
        Message(
            header: XenstoreHeader(.write, requestID: 7, transactionID: 9),
            payload: (0..<payloadByteCount).map { UInt8(truncatingIfNeeded: $0) }
        ).bytes
    }
    private func header(announcing count: UInt32) -> [UInt8] {
        hex("0b000000 01000000 00000000") + (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(8 * $0)) }
    }

    @Test("row 10: where the pieces end changes nothing")
    func pieces() {
        let whole = parse(stream, pieces: [stream.count])
        #expect(whole.messages.count == goldenVectors.count + goldenVectors.reduce(0) { $0 + $1.replies.count })
        for size in 1...67 { #expect(parse(stream, pieces: [size]).messages == whole.messages, "\(size)") }
        var random = Numbers(seed: 11)
        for _ in 0..<200 {
            let sizes = (0..<stream.count).map { _ in Int(random.next(below: 40)) + 1 }
            let found = parse(stream, pieces: sizes)
            #expect(found.messages == whole.messages && found.error == nil && found.left == 0)
        }
    }

    @Test("a message that is cut off anywhere is none, and the next piece completes it")
    func truncation() throws {
        let bytes = message(40)
        for cut in 0..<bytes.count {
            let found = parse(Array(bytes[..<cut]), pieces: [4112])
            #expect(found.messages.isEmpty && found.error == nil && found.left == cut)
            #expect(parse(bytes, pieces: [max(1, cut), bytes.count]).messages.map(\.bytes) == [bytes])
        }
    }

    @Test("a payload of 0 bytes is delivered at once, and one of 4096 too")
    func sizes() {
        for count in [0, 1, 4095, 4096] {
            let bytes = message(count)
            #expect(bytes.count == 16 + count)
            for size in [1, 16, 17, 4111, 4112] {
                #expect(parse(bytes, pieces: [size]).messages.map(\.payload.count) == [count])
            }
        }
    }

    @Test("rows 6 and 8, XSA-420: a length of 4097 and more is refused before any of the payload is taken")
    func tooLong() {
        for count in [4097, 0x7FFF_FFFF, 0x8000_0000, 0x8000_1000, 0xFFFF_FFF0, UInt32.max] {
            for size in [1, 15, 16, 4112] {
                let found = parse(message(3) + header(announcing: count) + message(3), pieces: [size])
                #expect(found.messages.count == 1)
                #expect(found.error == .payloadTooLong(count))
                #expect(found.left == 0)
            }
        }
    }

    @Test("after an error the parser takes nothing any more")
    func dead() {
        var parser = XenstoreFrameParser()
        var offset = 0
        let bad = header(announcing: 4097)
        #expect(throws: XenstoreFrameError.payloadTooLong(4097)) {
            try parser.next(in: bad, at: &offset)
        }
        #expect(parser.isDead)
        let good = message(1)
        offset = 0
        #expect(throws: XenstoreFrameError.dead) { try parser.next(in: good, at: &offset) }
        #expect(offset == 0)
    }

    @Test("the bytes of an unfinished message can be taken to another parser, at every cut")
    func handOver() throws {
        let bytes = message(30)
        for cut in 0..<bytes.count {
            var first = XenstoreFrameParser()
            var offset = 0
            let beginning = Array(bytes[..<cut])
            #expect(try first.next(in: beginning, at: &offset) == nil)
            #expect(first.unfinished == beginning)
            var second = try XenstoreFrameParser(unfinished: first.unfinished.span)
            let rest = Array(bytes[cut...])
            offset = 0
            let payload = try second.next(in: rest, at: &offset)
            #expect(payload == Array(bytes[16...]))
            #expect(offset == rest.count && second.unfinished.isEmpty)
        }
        #expect(throws: XenstoreFrameError.dead) { try XenstoreFrameParser(unfinished: bytes.span) }
    }

    @Test("an offset stops behind each message, so that a reader may leave the rest for later")
    func oneAtATime() throws {
        let bytes = message(5) + message(0) + message(7)
        var parser = XenstoreFrameParser()
        var offset = 0
        for end in [21, 37, 60] {
            #expect(try parser.next(in: bytes, at: &offset) != nil)
            #expect(offset == end)
        }
        #expect(try parser.next(in: bytes, at: &offset) == nil)
    }
}

/// Numbers that look like chance, the same in each run.
struct Numbers {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next(below bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }
}
