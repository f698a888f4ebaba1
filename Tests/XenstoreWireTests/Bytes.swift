// Bytes from hexadecimal digits, and messages out of a stream in pieces. Not for: rules; the suites have those.

import XenstoreWire

/// Bytes from digits; blanks between them are for the reader.
func hex(_ digits: String) -> [UInt8] {
    let nibbles = digits.utf8.compactMap { byte -> UInt8? in
        switch byte {
        case 48...57: byte - 48
        case 97...102: byte - 87
        default: nil
        }
    }
    return stride(from: 0, to: nibbles.count - 1, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
}

/// A payload as the specification writes it: `|` is a NUL.
func payload(_ text: String) -> [UInt8] { text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 } }

/// A message that was found in a stream.
struct Message: Equatable {
    var header: XenstoreHeader
    var payload: [UInt8]

    /// As it goes over the wire.
    var bytes: [UInt8] {
        var writer = XenstoreWriter()
        writer.begin(header.operation, requestID: header.requestID, transactionID: header.transactionID)
        writer.put(payload)
        return writer.end() ? writer.bytes : []
    }
}

/// What a parser finds in a stream that comes in pieces of these sizes, the last of which is used again and again.
func parse(_ stream: [UInt8], pieces: [Int]) -> (messages: [Message], error: XenstoreFrameError?, left: Int) {
    var parser = XenstoreFrameParser()
    var messages: [Message] = []
    var start = 0
    var piece = 0
    while start < stream.count {
        let end = min(stream.count, start + max(1, pieces[min(piece, pieces.count - 1)]))
        let bytes = Array(stream[start..<end])
        var offset = 0
        do throws(XenstoreFrameError) {
            while let message = try parser.next(
                in: bytes.span, at: &offset,
                deliver: { Message(header: $0, payload: XenstoreText.copy($1, 0..<$1.count)) })
            { messages.append(message) }
        } catch {
            return (messages, error, parser.unfinished.count)
        }
        start = end
        piece += 1
    }
    return (messages, nil, parser.unfinished.count)
}
