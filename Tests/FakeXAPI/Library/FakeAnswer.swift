// What the fake toolstack says, as bytes: the guard's way and XAPI's own. Source: varstored.md 13.3.
// Not for: what it answers to what (FakeXAPI).

/// An answer before it is put into bytes.
enum FakeAnswer: Equatable {
    case text(String)
    /// A map with this blob text; nil: without one.
    case map([UInt8]?)
    case failure(String)

    /// The XML, as the guard in front of XAPI writes it.
    func body(spaced: Bool) -> [UInt8] {
        let open = spaced ? "<value><string>" : "<value>"
        let close = spaced ? "</string></value>" : "</value>"
        let gap = spaced ? "\n  " : ""
        func member(_ name: String, _ value: [UInt8]) -> [UInt8] {
            Array("\(gap)<member>\(gap)<name>\(name)</name>\(gap)".utf8) + value + Array("\(gap)</member>".utf8)
        }
        func scalar(_ text: [UInt8]) -> [UInt8] { Array(open.utf8) + text + Array(close.utf8) }
        var members: [UInt8]
        switch self {
        case .text(let text):
            members = member("Status", scalar(Array("Success".utf8))) + member("Value", scalar(Array(text.utf8)))
        case .map(let blob):
            // XAPI breaks no lines; whoever does is to be understood too.
            let text = spaced ? blob.map { $0.prefix(76) + [0x0A] + $0.dropFirst(76) } : blob
            let inner = text.map { member("EFI-variables", scalar(Array($0))) } ?? []
            let other = spaced ? member("EFI-variables-backend", scalar(Array("xapidb".utf8))) : []
            members = member("Status", scalar(Array("Success".utf8)))
            members += member("Value", Array("<value><struct>".utf8) + other + inner + Array("</struct></value>".utf8))
        case .failure(let code):
            members = member("Status", scalar(Array("Failure".utf8)))
            let words = Array("<value><array><data>".utf8) + scalar(Array(code.utf8))
            members += member("ErrorDescription", words + Array("</data></array></value>".utf8))
        }
        let head = "<?xml version=\"1.0\"?>\(gap)<methodResponse>\(gap)<params><param>\(gap)<value><struct>"
        return Array(head.utf8) + members + Array("</struct></value></param></params></methodResponse>\(gap)".utf8)
    }

    /// The whole answer, in the way that is asked for.
    func bytes(_ misbehaviour: Misbehaviour) -> [UInt8] {
        switch misbehaviour {
        case .status(let status): return Self.reply(Array("<html/>".utf8), status: status)
        case .failure(let code): return Self.reply(FakeAnswer.failure(code).body(spaced: false))
        case .emptyValue: return Self.reply(FakeAnswer.text("").body(spaced: false))
        case .badBase64: return Self.reply(FakeAnswer.map(Array("VkFS*Uw=".utf8)).body(spaced: false))
        case .fault, .doctype, .deep, .garbage: return Self.reply(Self.strange(misbehaviour, body(spaced: false)))
        case .chunked, .noLength, .longLength, .shortLength, .bothLengths, .twoLengths, .hugeLength, .endless:
            return Self.framed(body(spaced: false), misbehaviour)
        default: return Self.reply(body(spaced: misbehaviour == .spaced))
        }
    }

    private static func strange(_ misbehaviour: Misbehaviour, _ body: [UInt8]) -> [UInt8] {
        switch misbehaviour {
        case .fault:
            let fault =
                "<value><struct><member><name>faultCode</name><value><int>1</int></value></member></struct></value>"
            return Array("<?xml version='1.0'?><methodResponse><fault>\(fault)</fault></methodResponse>".utf8)
        case .doctype: return Array("<!DOCTYPE a [<!ENTITY b \"c\">]>".utf8) + body
        case .deep:
            let depth = 40000
            return Array(String(repeating: "<a>", count: depth).utf8)
        default: return (0..<500).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ 7) }
        }
    }

    private static func reply(_ body: [UInt8], status: Int = 200) -> [UInt8] {
        head(status: status, ["Content-Length: \(body.count)"]) + body
    }

    private static func head(status: Int = 200, _ lines: [String]) -> [UInt8] {
        let all = ["HTTP/1.1 \(status) OK", "Content-Type: text/xml", "Connection: close"] + lines
        return Array((all.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private static func framed(_ body: [UInt8], _ misbehaviour: Misbehaviour) -> [UInt8] {
        let chunks = "transfer-encoding: chunked"
        switch misbehaviour {
        case .chunked: return head([chunks]) + chunked(body)
        case .bothLengths: return head(["Content-Length: \(body.count)", chunks]) + chunked(body)
        case .twoLengths: return head(["Content-Length: \(body.count)", "Content-Length: 7"]) + body
        case .longLength: return head(["Content-Length: \(body.count + 1)"]) + body
        case .shortLength: return head(["Content-Length: \(body.count - 10)"]) + body
        case .hugeLength: return head(["Content-Length: 18446744073709551616"]) + body
        default: return head([]) + body
        }
    }

    private static func chunked(_ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: 7) {
            let part = body[start..<min(start + 7, body.count)]
            bytes += Array("\(part.count);of=seven\r\n".utf8) + part + [0x0D, 0x0A]
        }
        return bytes + Array("0\r\nTrailer: yes\r\n\r\n".utf8)
    }
}
