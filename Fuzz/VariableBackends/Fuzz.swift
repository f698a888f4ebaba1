// modules: CSystem
// sources: Sources/VariableBackends/HTTPReply.swift Sources/VariableBackends/XMLElement.swift
// sources: Sources/VariableBackends/XAPIValue.swift
// A toolstack's replies from arbitrary bytes, in steps: noise; a body behind headers that hold, whole and in chunks;
// members of a structure that holds. In pieces a reply is what it is as a whole.
// Not for: connections, base64 (Fuzz/VariableFormats).

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let step = bytes.popLast() else { return 0 }
    switch step % 6 {
    case 0: checkHTTP(bytes, step)
    case 1: checkHTTP(Array("HTTP/1.1 200 OK\r\n".utf8) + bytes, step)
    case 2: checkHTTP(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + bytes, step)
    case 3: checkBody(bytes)
    case 4: checkBody(Array("<methodResponse><params><param><value><struct>".utf8) + bytes + tail)
    default: checkChunks(bytes, step)
    }
    return 0
}

private let tail = Array("</struct></value></param></params></methodResponse>".utf8)

private func assume(_ holds: Bool) { precondition(holds, "a promise is broken") }

/// What comes of a stream in pieces of this size; nil for a failure.
private func body(_ bytes: [UInt8], pieces: Int) -> [UInt8]? {
    var reply = HTTPReply()
    do throws(HTTPFailure) {
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieces)
            try reply.take(bytes[start..<end])
            assume(reply.body.count <= min(end, HTTPReply.bodyByteCountMax))
            start = end
        }
        try reply.end()
        return reply.body
    } catch {
        return nil
    }
}

/// The same whatever the pieces are; what is there is read.
private func checkHTTP(_ bytes: [UInt8], _ step: UInt8) {
    let whole = body(bytes, pieces: Int.max >> 1)
    for pieces in [1, 2, Int(step) + 3] { assume(body(bytes, pieces: pieces) == whole) }
    if let whole { checkBody(whole) }
}

/// A body comes out of chunks as it went in.
private func checkChunks(_ bytes: [UInt8], _ step: UInt8) {
    var stream = Array("HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n".utf8)
    var rest = bytes[...]
    while let first = rest.first {
        let part = rest.prefix(Int(first) % 32 + 1)
        stream += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [0x0D, 0x0A]
        rest = rest.dropFirst(part.count)
    }
    stream += "0\r\n\r\n".utf8
    assume(body(stream, pieces: Int(step) + 1) == bytes)
}

/// A document that is taken is one that is taken again when it is written down; a reply is one of its kinds.
private func checkBody(_ bytes: [UInt8]) {
    let reply = XAPIReply(bytes)
    guard let element = try? XMLElement.read(bytes) else { return assume(reply == nil) }
    assume(depth(element) <= XMLElement.depthMax)
    guard let again = try? XMLElement.read(text(element)) else { return assume(false) }
    assume(again == element)
    if case .failure(let code)? = reply {
        assume(code.utf8.count <= 64 && code.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }
}

private func depth(_ element: XMLElement) -> Int { 1 + (element.children.map(depth).max() ?? 0) }

/// All text before the elements: where in it they stood is not kept.
private func text(_ element: XMLElement) -> [UInt8] {
    var written = [UInt8(ascii: "<")] + element.name + [UInt8(ascii: ">")]
    for byte in element.text {
        switch byte {
        case UInt8(ascii: "<"): written += "&lt;".utf8
        case UInt8(ascii: "&"): written += "&#38;".utf8
        default: written.append(byte)
        }
    }
    for child in element.children { written += text(child) }
    return written + Array("</".utf8) + element.name + [UInt8(ascii: ">")]
}
