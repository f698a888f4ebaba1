// Calls of XAPI as bytes: HTTP headers and an XML-RPC body, byte for byte. Source: varstored.md 13.3.
// Not for: sending them (XAPICall), replies (HTTPReply, XAPIReply).

/// A call with its parameters.
struct XAPIRequest {
    /// A parameter.
    enum Parameter {
        case text([UInt8])
        case number(Int)

        /// Text as it stands here.
        static func word(_ word: String) -> Parameter { .text(Array(word.utf8)) }
    }

    /// `VM.get_by_uuid`.
    var method: StaticString
    /// In order.
    var parameters: [Parameter]

    /// The whole request. CR and LF end the header lines; in the body there is no white space.
    var bytes: [UInt8] {
        let body = self.body
        let head = """
            POST / HTTP/1.1\r
            Host: _var_lib_xcp_xapi\r
            Accept-Encoding: identity\r
            User-Agent: varstored/0.1\r
            Connection: close\r
            Content-Type: text/xml\r
            Content-Length: \(body.count)\r
            \r

            """
        return Array(head.utf8) + body
    }

    private var body: [UInt8] {
        var body = Array("<?xml version='1.0'?><methodCall><methodName>\(method)</methodName><params>".utf8)
        for parameter in parameters {
            body += "<param><value>".utf8
            switch parameter {
            case .text(let text):
                body += "<string>".utf8
                for byte in text { Self.append(byte, to: &body) }
                body += "</string>".utf8
            case .number(let number): body += "<int>\(number)</int>".utf8
            }
            body += "</value></param>".utf8
        }
        return body + "</params></methodCall>".utf8
    }

    private static func append(_ byte: UInt8, to body: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "&"): body += "&amp;".utf8
        case UInt8(ascii: "<"): body += "&lt;".utf8
        case UInt8(ascii: ">"): body += "&gt;".utf8
        default: body.append(byte)
        }
    }
}

/// The calls that there are. Source: varstored.md 13.3, 13.5, 13.6.
extension XAPIRequest {
    static let login = XAPIRequest(
        method: "session.login_with_password", parameters: [.word("root"), .word(""), .word(""), .word("")])

    static func logout(_ session: [UInt8]) -> XAPIRequest {
        XAPIRequest(method: "session.logout", parameters: [.text(session)])
    }

    static func machine(_ session: [UInt8], uuid: String) -> XAPIRequest {
        XAPIRequest(method: "VM.get_by_uuid", parameters: [.text(session), .word(uuid)])
    }

    static func variables(_ session: [UInt8], _ machine: [UInt8]) -> XAPIRequest {
        XAPIRequest(method: "VM.get_NVRAM", parameters: [.text(session), .text(machine)])
    }

    static func certificateState(_ session: [UInt8], _ machine: [UInt8]) -> XAPIRequest {
        XAPIRequest(method: "VM.get_secureboot_certificates_state", parameters: [.text(session), .text(machine)])
    }

    /// `blob` is base64 text; with `update`, the call that toolstacks know since 2026.
    static func setVariables(
        _ session: [UInt8], _ machine: [UInt8], blob: [UInt8], update: String?
    ) -> XAPIRequest {
        let parameters: [Parameter] = [.text(session), .text(machine), .text(blob)]
        guard let update else { return XAPIRequest(method: "VM.set_NVRAM_EFI_variables", parameters: parameters) }
        return XAPIRequest(method: "VM.set_NVRAM_EFI_variables_v2", parameters: parameters + [.word(update)])
    }

    static func secureBootFailed(_ session: [UInt8], uuid: String) -> XAPIRequest {
        XAPIRequest(
            method: "message.create",
            parameters: [
                .text(session), .word("VM_SECURE_BOOT_FAILED"), .number(5), .word("VM"), .word(uuid),
                .word("The VM failed to pass Secure Boot verification."),
            ])
    }
}
