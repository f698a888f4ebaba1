// The part of XML that XML-RPC needs: elements, text, five entities and numeric references. Source: varstored.md 13.3.
// Not for: attributes, document types, comments, CDATA, namespaces: all refused. It has no imports: Fuzz compiles it
// alone.

/// What is wrong with a document, and where, in bytes from its start.
struct XMLFailure: Error, Equatable {
    enum Reason: Equatable {
        /// More bytes than a reply has.
        case tooLong
        /// More than 16 elements within each other.
        case tooDeep
        /// `<!`: a document type, a comment, CDATA.
        case declaration
        /// A tag that is none, or has attributes.
        case tag
        /// An end tag that is not that of the innermost element.
        case mismatch
        /// A reference to what is no character.
        case reference
        /// Text, or another element, outside of the one element.
        case outside
        /// The end of the text before that of the element.
        case cut
    }

    var reason: Reason
    var offset: Int
}

/// An element: either with other elements in it, or with text.
struct XMLElement: Equatable {
    /// How deep elements may lie within each other. Source: varstored.md 13.3.
    static var depthMax: Int { 16 }
    /// What a document has at most, in bytes.
    static var byteCountMax: Int { 524_288 }

    /// The bytes between `<` and `>`.
    var name: [UInt8]
    /// All its text, references resolved.
    var text: [UInt8] = []
    /// The elements in it.
    var children: [XMLElement] = []

    /// Whether it has this name.
    func isNamed(_ name: StaticString) -> Bool { self.name.elementsEqual(name.description.utf8) }

    /// Whether there is no text but white space in it.
    var hasNoText: Bool { text.allSatisfy(XMLReader.isBlank) }

    /// The document's only element.
    static func read(_ bytes: [UInt8]) throws(XMLFailure) -> XMLElement {
        guard bytes.count <= byteCountMax else { throw XMLFailure(reason: .tooLong, offset: byteCountMax) }
        var reader = XMLReader(bytes)
        return try reader.document()
    }
}

/// Reads a document from its start to its end.
private struct XMLReader {
    private let bytes: [UInt8]
    private var position = 0
    /// The elements that have not ended yet, the outermost first.
    private var open: [XMLElement] = []
    private var whole: XMLElement?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private func failure(_ reason: XMLFailure.Reason) -> XMLFailure { XMLFailure(reason: reason, offset: position) }

    mutating func document() throws(XMLFailure) -> XMLElement {
        skipBlanks()
        try skipPrologue()
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "<") {
                try markup()
            } else if open.isEmpty {
                guard Self.isBlank(bytes[position]) else { throw failure(.outside) }
                position += 1
            } else {
                try text()
            }
        }
        guard let whole, open.isEmpty else { throw failure(.cut) }
        return whole
    }

    private mutating func skipBlanks() {
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    }

    /// `<?xml ... ?>`, which says nothing that we need.
    private mutating func skipPrologue() throws(XMLFailure) {
        guard bytes[position...].starts(with: "<?xml".utf8) else { return }
        while position + 1 < bytes.count {
            if bytes[position] == UInt8(ascii: "?"), bytes[position + 1] == UInt8(ascii: ">") {
                position += 2
                return
            }
            position += 1
        }
        throw failure(.cut)
    }

    /// A tag.
    private mutating func markup() throws(XMLFailure) {
        let start = position + 1
        guard start < bytes.count else { throw failure(.cut) }
        if bytes[start] == UInt8(ascii: "!") { throw failure(.declaration) }
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")) else { throw failure(.cut) }
        var inside = bytes[start..<end]
        let isEnd = inside.first == UInt8(ascii: "/")
        if isEnd { inside = inside.dropFirst() }
        let isWhole = !isEnd && inside.last == UInt8(ascii: "/")
        if isWhole { inside = inside.dropLast() }
        while let last = inside.last, Self.isBlank(last) { inside = inside.dropLast() }
        guard let first = inside.first, Self.isLetter(first), inside.allSatisfy(Self.isNameByte) else {
            throw failure(.tag)
        }
        if isEnd { try close(inside) } else { try begin(inside, isWhole: isWhole) }
        position = end + 1
    }

    private mutating func begin(_ name: ArraySlice<UInt8>, isWhole: Bool) throws(XMLFailure) {
        guard !open.isEmpty || whole == nil else { throw failure(.outside) }
        guard open.count < XMLElement.depthMax else { throw failure(.tooDeep) }
        let element = XMLElement(name: Array(name))
        if isWhole { finish(element) } else { open.append(element) }
    }

    private mutating func close(_ name: ArraySlice<UInt8>) throws(XMLFailure) {
        guard let innermost = open.last, innermost.name.elementsEqual(name) else { throw failure(.mismatch) }
        open.removeLast()
        finish(innermost)
    }

    private mutating func finish(_ element: XMLElement) {
        if open.isEmpty { whole = element } else { open[open.count - 1].children.append(element) }
    }

    /// Text up to the next tag.
    private mutating func text() throws(XMLFailure) {
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            if bytes[position] == UInt8(ascii: "&") {
                text += try reference()
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        open[open.count - 1].text += text
    }

    /// `&...;`
    private mutating func reference() throws(XMLFailure) -> [UInt8] {
        let inside = bytes[(position + 1)...].prefix(12)
        guard let end = inside.firstIndex(of: UInt8(ascii: ";")) else { throw failure(.reference) }
        let name = Array(bytes[(position + 1)..<end])
        guard let answer = Self.entity(name) ?? Self.character(name) else { throw failure(.reference) }
        position = end + 1
        return answer
    }

    private static func entity(_ name: [UInt8]) -> [UInt8]? {
        switch String(decoding: name, as: UTF8.self) {
        case "amp": [UInt8(ascii: "&")]
        case "lt": [UInt8(ascii: "<")]
        case "gt": [UInt8(ascii: ">")]
        case "quot": [UInt8(ascii: "\"")]
        case "apos": [UInt8(ascii: "'")]
        default: nil
        }
    }

    /// `#123` or `#x1F` as UTF-8.
    private static func character(_ name: [UInt8]) -> [UInt8]? {
        guard name.first == UInt8(ascii: "#") else { return nil }
        let isHexadecimal = name.dropFirst().first == UInt8(ascii: "x")
        let digits = name.dropFirst(isHexadecimal ? 2 : 1)
        // Signs are no digits, though the standard library would take them.
        guard digits.allSatisfy({ isLetter($0) || (48...57).contains($0) }),
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10),
            number != 0, let scalar = Unicode.Scalar(number)
        else { return nil }
        return Array(String(Character(scalar)).utf8)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: ":")
    }
}
