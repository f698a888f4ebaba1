// The module's functions of spans, for arrays: the macros of tests can't hold a span. Not for: rules.

import XenstoreWire

func header(_ bytes: [UInt8]) -> XenstoreHeader? { XenstoreHeader(from: bytes.span) }
func errorCode(_ payload: [UInt8]) -> XenstoreErrorCode { XenstoreErrorCode(payload: payload.span) }
func oneString(_ payload: [UInt8]) -> Range<Int>? { XenstoreText.one(payload.span) }
func nulCount(_ payload: [UInt8]) -> Int { XenstoreText.nulCount(payload.span) }
func stringAndOctets(_ payload: [UInt8]) -> (string: Range<Int>, octets: Range<Int>)? {
    XenstoreText.stringAndOctets(payload.span)
}
func permissions(_ payload: [UInt8]) -> [XenstorePermission]? { XenstorePermission.list(payload.span) }
func directoryPart(_ payload: [UInt8]) -> XenstoreDirectoryPart? { XenstoreDirectoryPart(payload.span) }
func watchEvent(_ payload: [UInt8]) -> XenstoreWatchEvent? { XenstoreWatchEvent(payload: payload.span) }
func put(_ event: XenstoreWatchEvent, into writer: inout XenstoreWriter) -> Bool {
    writer.event(path: event.path.span, token: event.token.span)
}

extension XenstoreFrameParser {
    /// The payload of the next message.
    mutating func next(in input: [UInt8], at offset: inout Int) throws(XenstoreFrameError) -> [UInt8]? {
        try next(in: input.span, at: &offset) { XenstoreText.copy($1, 0..<$1.count) }
    }
}
