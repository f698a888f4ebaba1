// A request as the fake toolstack has received it. It reads exactly what varstored writes, and nothing else.
// Not for: answers.

/// A call that has come.
public struct FakeCall: Equatable, Sendable {
    /// `VM.get_NVRAM`; empty for a request that is not as it should be.
    public var method: String
    /// The parameters' text, entities resolved.
    public var parameters: [String]
    /// All bytes of the request.
    public var bytes: [UInt8]

    /// Reads a whole request.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        method = Self.between("<methodName>", "</methodName>", &rest) ?? ""
        parameters = []
        while let value = Self.between("<param><value>", "</value></param>", &rest) {
            var inside = value[...]
            let text = Self.between("<string>", "</string>", &inside) ?? Self.between("<int>", "</int>", &inside)
            parameters.append(Self.resolved(text ?? ""))
        }
    }

    /// How many bytes the request has, once its headers are there.
    static func byteCount(_ bytes: [UInt8]) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count > 4 else { return nil }
        guard let start = (0...(bytes.count - 4)).first(where: { bytes[$0..<($0 + 4)].elementsEqual(end) }) else {
            return nil
        }
        var head = String(decoding: bytes[..<start], as: UTF8.self)[...] + "\r\n"
        guard let length = between("Content-Length: ", "\r\n", &head).flatMap({ Int($0) }) else { return start + 4 }
        return start + 4 + length
    }

    /// What is between two marks, and takes it away with all before it. By bytes: characters may join across marks.
    private static func between(_ open: String, _ close: String, _ text: inout Substring) -> String? {
        let bytes = Array(text.utf8)
        guard let start = find(Array(open.utf8), in: bytes, from: 0),
            let end = find(Array(close.utf8), in: bytes, from: start + open.utf8.count)
        else { return nil }
        text = String(decoding: bytes[(end + close.utf8.count)...], as: UTF8.self)[...]
        return String(decoding: bytes[(start + open.utf8.count)..<end], as: UTF8.self)
    }

    private static func find(_ mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count - start >= mark.count else { return nil }
        return (start...(bytes.count - mark.count)).first {
            bytes[$0] == mark[0] && bytes[$0..<($0 + mark.count)].elementsEqual(mark)
        }
    }

    private static func resolved(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var answer = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            answer += rest[..<mark]
            rest = rest[mark...]
            for (name, character) in [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] where rest.hasPrefix(name) {
                answer += character
                rest = rest.dropFirst(name.count)
                break
            }
            if rest.startIndex == mark { rest = rest.dropFirst() }
        }
        return answer + rest
    }
}
