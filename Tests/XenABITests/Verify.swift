// One verifier for every structure: bytes by transcript, both ways, every truncation, every pad.
// Not for: what the values mean.

import Testing
import XenABI

/// A structure's bytes, written as its C name and size and then one field a line: offset, C name, bytes in hex.
/// Tests/Layouts/check reads these out of the source and compares them with layouts.c.
struct Transcript {
    struct Field {
        var offset: Int
        var name: String
        var bytes: [UInt8]

        /// Pads have a name in C too, or are the rest of a union.
        var isPad: Bool { name == "rest" || name.hasPrefix("pad") && bytes.allSatisfy { $0 == 0 } || name == "_pad" }
    }

    var byteCount: Int
    var fields: [Field]

    var bytes: [UInt8] { fields.flatMap(\.bytes) }

    init(_ text: String) throws {
        let lines = text.split(separator: "\n")
        let head = try #require(lines.first).split(separator: " ")
        byteCount = try #require(Int(head[head.count - 2]))
        fields = []
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            let bytes = try words.dropFirst(2).flatMap(Self.bytes)
            fields.append(Field(offset: try #require(Int(words[0])), name: String(words[1]), bytes: bytes))
        }
    }

    /// "1f", or "00*112" for many of one.
    private static func bytes(_ word: Substring) throws -> [UInt8] {
        let parts = word.split(separator: "*")
        let byte = try #require(UInt8(parts[0], radix: 16))
        return [UInt8](repeating: byte, count: parts.count == 2 ? try #require(Int(parts[1])) : 1)
    }
}

/// Everything that must hold for a structure's value and its bytes. Every byte that is no pad must matter.
func verify<Layout: WireLayout>(
    _ value: Layout, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let transcript = try Transcript(text)
    let golden = transcript.bytes
    #expect(Layout.byteCount == transcript.byteCount, sourceLocation: sourceLocation)
    try #require(golden.count == transcript.byteCount, sourceLocation: sourceLocation)
    var offset = 0
    for field in transcript.fields {
        #expect(field.offset == offset, "offset of \(field.name)", sourceLocation: sourceLocation)
        offset += field.bytes.count
    }
    #expect(value.encodedBytes == golden, sourceLocation: sourceLocation)
    #expect(try Layout(decoding: golden.span) == value, sourceLocation: sourceLocation)
    try verifySurroundings(value, golden, sourceLocation)
    verifyTruncation(Layout.self, golden, sourceLocation)
    for field in transcript.fields {
        try verifyField(field, of: value, golden, sourceLocation)
    }
}

/// Longer input is accepted; encoding into a longer buffer leaves the surplus alone and overwrites everything before it.
private func verifySurroundings<Layout: WireLayout>(
    _ value: Layout, _ golden: [UInt8], _ sourceLocation: SourceLocation
) throws {
    #expect(try Layout(decoding: (golden + [0xee, 0xee]).span) == value, sourceLocation: sourceLocation)
    var larger = [UInt8](repeating: 0xee, count: golden.count + 2)
    var span = larger.mutableSpan
    value.encode(into: &span)
    #expect(larger == golden + [0xee, 0xee], sourceLocation: sourceLocation)
}

/// Every shorter length throws, and says what was needed and what was there.
private func verifyTruncation<Layout: WireLayout>(
    _: Layout.Type, _ golden: [UInt8], _ sourceLocation: SourceLocation
) {
    for count in 0..<golden.count {
        do {
            _ = try Layout(decoding: Array(golden.prefix(count)).span)
            Issue.record("\(count) bytes were accepted", sourceLocation: sourceLocation)
        } catch {
            #expect(error.code == .truncated, sourceLocation: sourceLocation)
            #expect(error.neededByteCount == golden.count, sourceLocation: sourceLocation)
            #expect(error.actualByteCount == count, sourceLocation: sourceLocation)
        }
    }
}

/// A changed byte changes the value, or is in a pad: then only `hasZeroPads` tells.
private func verifyField<Layout: WireLayout>(
    _ field: Transcript.Field, of value: Layout, _ golden: [UInt8], _ sourceLocation: SourceLocation
) throws {
    for index in field.bytes.indices {
        var changed = golden
        changed[field.offset + index] ^= 0x02
        let place: Comment = "\(field.name), byte \(index)"
        let decoded = try Layout(decoding: changed.span)
        #expect((decoded == value) == field.isPad, place, sourceLocation: sourceLocation)
        #expect(try Layout.hasZeroPads(in: changed.span) != field.isPad, place, sourceLocation: sourceLocation)
        let again = field.isPad ? golden : changed
        #expect(decoded.encodedBytes == again, place, sourceLocation: sourceLocation)
    }
}
