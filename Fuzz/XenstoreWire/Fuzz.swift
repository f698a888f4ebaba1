// modules: XenstoreWire
// Xenstore's messages from arbitrary bytes, in arbitrary pieces; paths and payloads beside a naive reader of the rules.
// Not for: sockets, nodes.

import XenstoreWire

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch first & 3 {
    case 0: checkStream(rest, pieces: first >> 2)
    case 1: checkStream(framed(rest), pieces: first >> 2)
    case 2: checkPath(rest, isGuest: first & 4 != 0, allowsSpecial: first & 8 != 0)
    default: checkPayload(rest)
    }
    return 0
}

func hold(_ condition: Bool, _ text: StaticString) { precondition(condition, "\(text)") }

/// A message: its header and its payload.
struct Message: Equatable {
    var header: XenstoreHeader
    var payload: [UInt8]
}

/// Right headers before pieces of the input, so that payloads are reached.
private func framed(_ bytes: [UInt8]) -> [UInt8] {
    var writer = XenstoreWriter()
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + 2 + Int(bytes[start] & 63))
        writer.begin(XenstoreOperation(rawValue: UInt32(bytes[start] & 31)), requestID: UInt32(start))
        writer.put(Array(bytes[start..<end]))
        hold(writer.end(), "a short message can be written")
        start = end
    }
    return writer.bytes
}

/// In pieces as a parser gets them, and all at once by a naive reading: the same messages, and the same error.
private func checkStream(_ stream: [UInt8], pieces: UInt8) {
    let naive = naiveMessages(stream)
    var parser = XenstoreFrameParser()
    var messages: [Message] = []
    var refused = false
    var start = 0
    while start < stream.count, !refused {
        let piece = Array(stream[start..<min(stream.count, start + 1 + Int(pieces) % 61 + messages.count)])
        var offset = 0
        do throws(XenstoreFrameError) {
            while let message = try parser.next(
                in: piece.span, at: &offset,
                deliver: { Message(header: $0, payload: XenstoreText.copy($1, 0..<$1.count)) })
            { messages.append(message) }
            hold(offset == piece.count, "all of a piece is taken")
        } catch {
            refused = true
        }
        hold(parser.unfinished.count < XenstoreLimits.messageByteCount, "less than a message is held")
        start += piece.count
    }
    hold(messages == naive.messages, "pieces change nothing")
    hold(refused == naive.isTooLong, "a message that is too long is refused, and no other")
    hold(parser.isDead == refused, "a parser is dead from its error on")
    if !refused { hold(parser.unfinished == naive.rest, "what is left is the unfinished message") }
    for message in messages {
        checkPayload(message.payload)
        var writer = XenstoreWriter()
        writer.begin(
            message.header.operation, requestID: message.header.requestID,
            transactionID: message.header.transactionID)
        writer.put(message.payload)
        hold(writer.end(), "what was read can be written")
        hold(naiveMessages(writer.bytes).messages == [message], "a message is written as it was read")
    }
}

private func naiveMessages(_ stream: [UInt8]) -> (messages: [Message], rest: [UInt8], isTooLong: Bool) {
    func number(_ offset: Int) -> UInt32 {
        (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(stream[offset + $1]) }
    }
    var messages: [Message] = []
    var start = 0
    while stream.count - start >= 16 {
        let count = Int(number(start + 12))
        if count > 4096 { return (messages, [], true) }
        if stream.count - start - 16 < count { break }
        messages.append(
            Message(
                header: XenstoreHeader(
                    XenstoreOperation(rawValue: number(start)), requestID: number(start + 4),
                    transactionID: number(start + 8), payloadByteCount: UInt32(count)),
                payload: Array(stream[(start + 16)..<(start + 16 + count)])))
        start += 16 + count
    }
    return (messages, Array(stream[start...]), false)
}
