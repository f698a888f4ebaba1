// A reader of HTTP replies that come in pieces. Source: varstored.md 13.3.
// Not for: requests (XAPIRequest), what the body says (XMLElement). It has no imports: Fuzz compiles it alone.

/// What is wrong with a reply.
enum HTTPFailure: Error, Equatable {
    /// The first line has no status.
    case statusLine
    /// A status other than 200.
    case status(Int)
    /// Header lines that are none, or too long together.
    case headers
    /// A Content-Length that is no number, or two that differ; a transfer encoding that is not known; both at once.
    case contradiction
    /// A chunk without a size, or without its end.
    case chunk
    /// More than may come.
    case tooLong
    /// The end of the stream before the end of the reply.
    case cut
}

/// Reads one reply: headers, then a body that Content-Length, chunks or the end of the stream end.
struct HTTPReply {
    /// What a body has at most, in bytes. Source: varstored.md 18.
    static var bodyByteCountMax: Int { 524_288 }
    /// Status line and header lines, or the lines after the last chunk.
    static var headerByteCountMax: Int { 16384 }
    /// What comes at most, with the sizes of chunks: a chunk of one byte takes six.
    static var byteCountMax: Int { 4 * bodyByteCountMax }

    private enum State: Equatable {
        case statusLine
        case header
        /// So many bytes are still to come.
        case counted(Int)
        case untilEnd
        case chunkSize
        case chunk(Int)
        /// The line end after a chunk's bytes.
        case chunkEnd
        case trailer
        case complete
    }

    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headerByteCount = 0
    private var byteCount = 0
    private var contentLength: Int?
    private var isChunked = false
    /// The body as far as it has come.
    private(set) var body: [UInt8] = []

    /// Whether the reply is there; what comes after it is not looked at.
    var isComplete: Bool { state == .complete }

    /// Takes what has come.
    mutating func take(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) {
        var rest = bytes
        while !rest.isEmpty, !isComplete {
            let before = rest.count
            switch state {
            case .counted(let missing):
                try keep(&rest, upTo: missing)
                state = missing == before - rest.count ? .complete : .counted(missing - (before - rest.count))
            case .untilEnd: try keep(&rest, upTo: rest.count)
            case .chunk(let missing):
                try keep(&rest, upTo: missing)
                state = missing == before - rest.count ? .chunkEnd : .chunk(missing - (before - rest.count))
            default: try takeLine(&rest)
            }
            byteCount += before - rest.count
            guard byteCount <= Self.byteCountMax else { throw .tooLong }
        }
    }

    /// Takes the end of the stream.
    mutating func end() throws(HTTPFailure) {
        if state == .untilEnd { state = .complete }
        guard isComplete else { throw .cut }
    }

    private mutating func keep(_ rest: inout ArraySlice<UInt8>, upTo count: Int) throws(HTTPFailure) {
        let part = rest.prefix(count)
        guard body.count + part.count <= Self.bodyByteCountMax else { throw .tooLong }
        body += part
        rest = rest.dropFirst(part.count)
    }

    /// Collects a line; when its end is there, it is read. A line ends with LF or with CR and LF.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(HTTPFailure) {
        let end = rest.firstIndex(of: 0x0A)
        let part = end.map { rest[rest.startIndex..<$0] } ?? rest
        headerByteCount += part.count + 1
        guard headerByteCount <= Self.headerByteCountMax else { throw .headers }
        line += part
        rest = rest.dropFirst(end == nil ? part.count : part.count + 1)
        guard end != nil else { return }
        if line.last == 0x0D { line.removeLast() }
        let whole = line
        line = []
        try read(whole)
    }

    private mutating func read(_ line: [UInt8]) throws(HTTPFailure) {
        switch state {
        case .statusLine:
            try readStatus(line)
            state = .header
        case .header where line.isEmpty: try beginBody()
        case .header: try readHeader(line)
        case .chunkSize: try readChunkSize(line)
        case .chunkEnd:
            guard line.isEmpty else { throw .chunk }
            state = .chunkSize
        case .trailer: if line.isEmpty { state = .complete }
        case .counted, .untilEnd, .chunk, .complete: break
        }
    }

    /// The number after the first space. Source: varstored.md 13.3.
    private func readStatus(_ line: [UInt8]) throws(HTTPFailure) {
        guard line.starts(with: "HTTP/".utf8), let space = line.firstIndex(of: 0x20) else { throw .statusLine }
        let digits = line[(space + 1)...].prefix { $0 != 0x20 }
        guard digits.count == 3, let status = Self.number(digits, radix: 10) else { throw .statusLine }
        guard status == 200 else { throw .status(status) }
    }

    private mutating func readHeader(_ line: [UInt8]) throws(HTTPFailure) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { throw .headers }
        let name = line[..<colon]
        // A line that goes on with the one before begins with white space.
        guard !name.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { throw .headers }
        let value = Self.trimmed(line[(colon + 1)...])
        if Self.equals(name, "content-length") {
            guard let count = Self.number(value, radix: 10) else { throw .contradiction }
            guard contentLength == nil || contentLength == count else { throw .contradiction }
            contentLength = count
        } else if Self.equals(name, "transfer-encoding") {
            guard !isChunked, Self.equals(value, "chunked") else { throw .contradiction }
            isChunked = true
        }
    }

    private mutating func beginBody() throws(HTTPFailure) {
        // Lines after the last chunk have room of their own.
        headerByteCount = 0
        if isChunked {
            guard contentLength == nil else { throw .contradiction }
            state = .chunkSize
        } else if let contentLength {
            guard contentLength <= Self.bodyByteCountMax else { throw .tooLong }
            state = contentLength == 0 ? .complete : .counted(contentLength)
        } else {
            state = .untilEnd
        }
    }

    private mutating func readChunkSize(_ line: [UInt8]) throws(HTTPFailure) {
        headerByteCount = 0
        // What stands behind a semicolon is an extension, of no meaning here.
        let digits = Self.trimmed(line[...].prefix { $0 != UInt8(ascii: ";") })
        guard let size = Self.number(digits, radix: 16) else { throw .chunk }
        guard size <= Self.bodyByteCountMax else { throw .tooLong }
        state = size == 0 ? .trailer : .chunk(size)
    }

    /// Digits and nothing else; nil beyond 2^32 too.
    private static func number(_ digits: ArraySlice<UInt8>, radix: Int) -> Int? {
        guard !digits.isEmpty else { return nil }
        var value = 0
        for digit in digits {
            let worth: Int
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): worth = Int(digit) - 48
            case UInt8(ascii: "a")...UInt8(ascii: "f") where radix == 16: worth = Int(digit) - 87
            case UInt8(ascii: "A")...UInt8(ascii: "F") where radix == 16: worth = Int(digit) - 55
            default: return nil
            }
            value = value * radix + worth
            guard value <= 1 << 32 else { return nil }
        }
        return value
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }

    /// Whether the bytes are these small letters, in whatever case.
    private static func equals(_ bytes: ArraySlice<UInt8>, _ letters: StaticString) -> Bool {
        let wanted = letters.description.utf8
        return bytes.count == wanted.count
            && zip(bytes, wanted).allSatisfy { $1 == ((65...90).contains($0) ? $0 + 32 : $0) }
    }
}
