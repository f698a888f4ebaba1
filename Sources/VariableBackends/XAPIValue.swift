// What an XML-RPC reply says: success with a value, or a failure. Source: varstored.md 13.3.
// Not for: XML as such (XMLElement). It has no imports: Fuzz compiles it alone.

/// A value of XML-RPC. Numbers and the like are kept as their text: nothing of ours needs one.
indirect enum XAPIValue: Equatable {
    case text([UInt8])
    case null
    case structure([Member])
    case array([XAPIValue])

    struct Member: Equatable {
        var name: [UInt8]
        var value: XAPIValue
    }

    /// The text, if it is one.
    var text: [UInt8]? { if case .text(let bytes) = self { bytes } else { nil } }

    /// The members of this name.
    func members(named name: StaticString) -> [XAPIValue]? {
        guard case .structure(let members) = self else { return nil }
        return members.filter { $0.name.elementsEqual(name.description.utf8) }.map(\.value)
    }
}

/// A reply that follows the rules.
enum XAPIReply: Equatable {
    /// `Success` and its value.
    case success(XAPIValue)
    /// Another status, with the first word of its description: `HANDLE_INVALID`.
    case failure(code: String)
    /// The server could not make sense of the call.
    case fault

    /// Reads a reply's body; nil for what is not one.
    init?(_ body: [UInt8]) {
        guard let document = try? XMLElement.read(body), document.isNamed("methodResponse"),
            let child = document.onlyChild
        else { return nil }
        if child.isNamed("fault") {
            self = .fault
            return
        }
        guard child.isNamed("params"), let parameter = child.onlyChild, parameter.isNamed("param"),
            let element = parameter.onlyChild, case .structure(let members)? = XAPIValue(element),
            let status = members.first?.value.text, members.count >= 2
        else { return nil }
        let result = members[1].value
        if status.elementsEqual("Success".utf8) {
            self = .success(result)
        } else if case .array(let words) = result, let code = words.first?.text {
            self = .failure(code: Self.word(code))
        } else {
            self = .failure(code: "?")
        }
    }

    /// A code as it may go into a line of the log.
    private static func word(_ bytes: [UInt8]) -> String {
        let isPlain = bytes.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
        return isPlain && !bytes.isEmpty && bytes.count <= 64 ? String(decoding: bytes, as: UTF8.self) : "?"
    }
}

extension XMLElement {
    /// The element in it, when it is the only one and there is no text beside it.
    fileprivate var onlyChild: XMLElement? { children.count == 1 && hasNoText ? children[0] : nil }
}

extension XAPIValue {
    /// What a `<value>` holds; nil for what XML-RPC doesn't know. As deep as XML may be.
    fileprivate init?(_ element: XMLElement) {
        guard element.isNamed("value") else { return nil }
        if element.children.isEmpty {
            self = .text(element.text)
            return
        }
        guard let child = element.onlyChild else { return nil }
        switch String(decoding: child.name, as: UTF8.self) {
        case "string", "int", "i4", "i8", "boolean", "double", "dateTime.iso8601":
            guard child.children.isEmpty else { return nil }
            self = .text(child.text)
        case "nil":
            guard child.children.isEmpty, child.hasNoText else { return nil }
            self = .null
        case "struct": self.init(structure: child)
        case "array": self.init(array: child)
        default: return nil
        }
    }

    private init?(structure: XMLElement) {
        guard structure.hasNoText else { return nil }
        var members: [Member] = []
        for member in structure.children {
            guard member.isNamed("member"), member.hasNoText, member.children.count == 2,
                member.children[0].isNamed("name"), member.children[0].children.isEmpty,
                let value = XAPIValue(member.children[1])
            else { return nil }
            members.append(Member(name: member.children[0].text, value: value))
        }
        self = .structure(members)
    }

    private init?(array: XMLElement) {
        guard let data = array.onlyChild, data.isNamed("data"), data.hasNoText else { return nil }
        var values: [XAPIValue] = []
        for element in data.children {
            guard let value = XAPIValue(element) else { return nil }
            values.append(value)
        }
        self = .array(values)
    }
}
