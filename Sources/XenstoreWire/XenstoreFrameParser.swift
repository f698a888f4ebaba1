// Bytes into messages, in whatever pieces they come (xenstored.md 1.3).
// Not for: what is in a payload; sockets; rings.

/// Why a stream of bytes is no Xenstore connection. Nothing that follows can be understood.
public enum XenstoreFrameError: Error, Equatable, Sendable {
    /// A header announces this many bytes of payload, which is more than 4096.
    case payloadTooLong(UInt32)
    /// There was an error before.
    case dead
}

/// Finds the messages in a stream. It keeps the bytes of at most one unfinished message, 4112 of them, and none while
/// there is none. Where its pieces end changes nothing.
public struct XenstoreFrameParser: Sendable {
    /// Bytes of the unfinished message.
    private var held: [UInt8] = []
    /// Whether there was an error. Then nothing is consumed any more.
    public private(set) var isDead = false

    /// At the beginning of a stream.
    public init() {}

    /// In the middle of a message: with the bytes that another parser had (`unfinished`). Throws as `next` does.
    public init(unfinished bytes: Span<UInt8>) throws(XenstoreFrameError) {
        var offset = 0
        // A whole message would have been delivered: who says that this is unfinished is wrong.
        let whole: Bool? = try next(in: bytes, at: &offset) { _, _ in true }
        if whole != nil { throw .dead }
    }

    /// Bytes of the unfinished message that have come, for live update.
    public var unfinished: [UInt8] { held }

    /// Delivers the next message that is whole, and moves `offset` behind what it has taken of `input`; nil when all of
    /// `input` was taken and the message is not whole yet. `deliver` gets the payload where it lies: in `input`, or in
    /// the parser. After an error the parser is dead, and takes nothing.
    public mutating func next<Answer>(
        in input: Span<UInt8>, at offset: inout Int, deliver: (XenstoreHeader, Span<UInt8>) -> Answer
    ) throws(XenstoreFrameError) -> Answer? {
        if isDead { throw .dead }
        if held.isEmpty, let header = XenstoreHeader(from: input, at: offset) {
            try check(header)
            let start = offset + XenstoreLimits.headerByteCount
            let count = Int(header.payloadByteCount)
            if input.count - start >= count {
                offset = start + count
                return deliver(header, input.extracting(start..<start + count))
            }
        }
        guard hold(XenstoreLimits.headerByteCount, of: input, at: &offset),
            let header = XenstoreHeader(from: held.span)
        else { return nil }
        try check(header)
        let end = XenstoreLimits.headerByteCount + Int(header.payloadByteCount)
        guard hold(end, of: input, at: &offset) else { return nil }
        let answer = deliver(header, held.span.extracting(XenstoreLimits.headerByteCount..<end))
        held = []
        return answer
    }

    private mutating func check(_ header: XenstoreHeader) throws(XenstoreFrameError) {
        guard header.isTooLong else { return }
        isDead = true
        held = []
        throw .payloadTooLong(header.payloadByteCount)
    }

    /// Takes of the input until `count` bytes are held; says whether they are.
    private mutating func hold(_ count: Int, of input: Span<UInt8>, at offset: inout Int) -> Bool {
        let taken = min(count - held.count, input.count - offset)
        if taken > 0 {
            held.reserveCapacity(count)
            for index in offset..<offset + taken { held.append(input[index]) }
            offset += taken
        }
        return held.count >= count
    }
}
