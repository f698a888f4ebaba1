// Replies that come in pieces, that end in three ways, and that contradict themselves. varstored.md 13.3.

import Testing

@testable import VariableBackends

@Suite struct HTTPReplyTests {
    /// What comes of a whole stream, given in pieces of this size.
    private func body(_ text: String, pieces: Int = .max) -> Result<String, HTTPFailure> {
        var reply = HTTPReply()
        let bytes = Array(text.utf8)
        do throws(HTTPFailure) {
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, pieces == .max ? bytes.count : start + pieces)
                try reply.take(bytes[start..<end])
                start = end
            }
            try reply.end()
            return .success(String(decoding: reply.body, as: UTF8.self))
        } catch {
            return .failure(error)
        }
    }

    private static let whole: [String] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200 Very well\nX: y\ncontent-LENGTH:\t5 \n\nhello and more",
        "HTTP/1.1 200\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n0003;a=b\r\nllo\r\n0\r\nT: x\r\n\r\n",
    ]

    @Test("196: a reply ends by Content-Length, by its last chunk, or with the stream, in whatever pieces it comes")
    func endings() {
        for text in Self.whole {
            for pieces in [.max, 1, 2, 3, 7] { #expect(body(text, pieces: pieces) == .success("hello")) }
        }
    }

    @Test func aReplyThatIsCutAnywhereIsNone() {
        for text in Self.whole where !text.contains("200\r\n\r\n") && !text.contains("more") {
            for count in 0..<text.utf8.count {
                #expect(body(String(decoding: Array(text.utf8)[..<count], as: UTF8.self)) == .failure(.cut))
            }
        }
    }

    @Test func contradictionsAreRefused() {
        let head = "HTTP/1.1 200 OK\r\n"
        for (lines, failure) in [
            ("Content-Length: 5\r\nContent-Length: 6", HTTPFailure.contradiction),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", .contradiction),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .contradiction),
            ("Transfer-Encoding: gzip, chunked", .contradiction),
            ("Content-Length: -5", .contradiction), ("Content-Length: +5", .contradiction),
            ("Content-Length: 0x5", .contradiction), ("Content-Length: 5, 5", .contradiction),
            ("Content-Length:", .contradiction), ("Content-Length: 18446744073709551621", .contradiction),
            ("Content-Length: 524289", .tooLong), ("no colon", .headers), (": x", .headers), (" folded: x", .headers),
            ("Content-Length : 5", .headers),
        ] {
            #expect(body(head + lines + "\r\n\r\nhello") == .failure(failure), "\(lines)")
        }
        for (chunks, failure) in [
            ("\r\n", HTTPFailure.chunk), ("x\r\n", .chunk), ("-1\r\n", .chunk), ("5\r\nhellox\r\n0\r\n\r\n", .chunk),
            ("80001\r\n", .tooLong), ("10000000000000005\r\n", .chunk), ("5\r\nhello\r\n", .cut),
        ] {
            #expect(body(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks) == .failure(failure), "\(chunks)")
        }
    }

    @Test func theStatusIsTheNumberAfterTheFirstSpace() {
        #expect(body("HTTP/1.1 500 No\r\n\r\n") == .failure(.status(500)))
        #expect(body("HTTP/1.1 404\r\n\r\n") == .failure(.status(404)))
        for line in ["HTTP/1.1  200 OK", "HTTP/1.1", "200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2x0", ""] {
            #expect(body(line + "\r\n\r\n") == .failure(.statusLine), "\(line)")
        }
    }

    @Test func nothingGrowsWithoutEnd() throws {
        let most = HTTPReply.bodyByteCountMax
        let head = "HTTP/1.1 200 OK\r\n"
        #expect(body(head + "\r\n" + String(repeating: "x", count: most)) != .failure(.tooLong))
        #expect(body(head + "\r\n" + String(repeating: "x", count: most + 1)) == .failure(.tooLong))
        let chunk = "40000\r\n" + String(repeating: "x", count: 0x40000) + "\r\n"
        let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
        #expect(body(chunked + chunk + chunk + "0\r\n\r\n") != .failure(.tooLong))
        #expect(body(chunked + chunk + chunk + "1\r\nx\r\n0\r\n\r\n") == .failure(.tooLong))
        #expect(body(String(repeating: "x", count: 20000)) == .failure(.headers))
        #expect(body(head + String(repeating: "a: b\r\n", count: 5000)) == .failure(.headers))
        #expect(body(chunked + "0\r\n" + String(repeating: "a: b\r\n", count: 5000)) == .failure(.headers))
        #expect(body(chunked + String(repeating: "0", count: 20000)) == .failure(.headers))
    }
}
