// Rows 1 to 40 of xenstored.md 18, but those of framing: checks that all requests have in common, arguments, paths.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Common checks")
struct CommonRowsTests {
    @Test("1, 2, 3, 4, 5, 18: types that no client may ask for are ENOSYS, and the next request is served")
    func unknownTypes() throws {
        try verify(
            """
            S> 27
            S< ENOSYS
            S> 65535 0123456789
            S< ENOSYS
            S> READ /pub|
            S< pub
            S> WATCH_EVENT /pub|t|
            S< ENOSYS
            S> ERROR EIO|
            S< ENOSYS
            S> RESTRICT 1|
            S< ENOSYS
            S:7> 27
            S< ENOSYS
            S.
            """)
    }

    @Test("9: a payload of 4096 bytes is written, and read again")
    func longest() throws {
        try verify(
            """
            S> WRITE /w|{v*4093}
            S< OK|
            S> READ /w|
            S< {v*4093}
            """)
    }

    @Test("12: two requests one after the other are answered in their order")
    func order() throws {
        try verify(
            """
            S> READ /pub|
            S> WRITE /pub|x
            S< pub
            S< OK|
            """)
    }

    @Test("13: the request's number and transaction are in the reply, whatever they are")
    func numbers() throws {
        let transcript = Transcript.prepared()
        let id = try #require(transcript.client("S"))
        for (number, transaction) in [(UInt32.max, UInt32(0)), (0, 0), (5, 9)] {
            let header = XenstoreHeader(.read, requestID: number, transactionID: transaction)
            var effects: [Effect] = []
            transcript.core.handle(id, header, bytes("/pub|").span, now: 0, into: &effects)
            let message = try #require(transcript.core.takeMessage(id))
            let reply = try #require(messageHeader(message))
            #expect(reply.requestID == number && reply.transactionID == transaction)
            #expect(reply.operation == (transaction == 9 ? .error : .read))
        }
    }

    @Test("14, 15: a transaction that isn't open is ENOENT, before the operation's own checks")
    func unknownTransaction() throws {
        try verify(
            """
            D1:7> READ /pub|
            D1< ENOENT
            S:7> GET_DOMAIN_PATH 1|
            S< ENOENT
            S:7> READ
            S< ENOENT
            """)
    }

    @Test("16: WATCH doesn't look at the transaction")
    func watchIgnoresTransaction() throws {
        try verify(
            """
            S:7> WATCH /pub|t|
            S< OK|
            S! /pub t
            S:8> UNWATCH /pub|t|
            S< OK|
            """)
    }

    @Test("17, 19: privileged operations of a guest are EACCES, before its transaction is looked at")
    func privileged() throws {
        try verify("D1:7> INTRODUCE 5|1|1|\nD1< EACCES\nD1> CONTROL help|\nD1< EACCES")
        for name in [
            "CONTROL", "INTRODUCE", "RELEASE", "IS_DOMAIN_INTRODUCED", "RESUME", "SET_TARGET", "SET_FEATURE",
            "GET_QUOTA", "SET_QUOTA",
        ] {
            try verify("D1> \(name) 1|\nD1< EACCES")
        }
    }

    @Test("20, 21, 22, 23: an argument that is not exactly one string is EINVAL")
    func oneArgument() throws {
        try verify(
            """
            S> READ
            S< EINVAL
            S> READ /pub
            S< EINVAL
            S> READ /pub|x|
            S< EINVAL
            S> READ |
            S< EINVAL
            """)
    }

    @Test("24, 25, 26, 27, 28: paths that are none are EINVAL, special ones too")
    func badPaths() throws {
        try verify(
            """
            S> READ //pub|
            S< EINVAL
            S> READ /pub/|
            S< EINVAL
            S> READ /pu b|
            S< EINVAL
            S> READ /pub\\c3|
            S< EINVAL
            S> READ @releaseDomain|
            S< EINVAL
            """)
    }

    @Test("29: a bad path is refused once, and the next request is served")
    func badHome() throws {
        try verify("D1> READ /local/domain/|\nD1< EINVAL\nD1> READ /pub|\nD1< pub\nD1.")
    }

    @Test("30, 31: an absolute path has at most 3072 bytes")
    func absoluteLength() throws {
        try verify("S> WRITE /{x*3071}|\nS< OK|\nS> WRITE /{x*3072}|\nS< EINVAL")
    }

    @Test("32, 33, 34, 35, 36: a guest's path has at most 2048 bytes, after a home if it is in one")
    func guestLength() throws {
        try verify(
            """
            D1> WRITE data/{x*2043}|
            D1< OK|
            D1> WRITE data/{x*2044}|
            D1< EINVAL
            D1> WRITE /drop/{x*2042}|
            D1< OK|
            D1> WRITE /drop/{x*2043}|
            D1< EINVAL
            D1> WATCH /{x*2048}|t|
            D1< EINVAL
            D1> WATCH /{x*2047}|t|
            D1< OK|
            """)
    }

    @Test("37, 38: a path without a slash at its beginning is below the home")
    func relative() throws {
        try verify(
            "D1> READ data|\nD1< \nS> READ x|\nS< ENOENT\nS> WRITE x|1\nS< OK|\nS> READ /local/domain/0/x|\nS< 1")
    }

    @Test("39, 40: GET_DOMAIN_PATH takes numbers from 0 to 65535")
    func domainPath() throws {
        try verify("S> GET_DOMAIN_PATH 65535|\nS< /local/domain/65535|\nD1> GET_DOMAIN_PATH 0|\nD1< /local/domain/0|")
        for text in ["65536|", "-1|", "7x|", "|", "", "7|7|"] {
            try verify("S> GET_DOMAIN_PATH \(text)\nS< EINVAL")
        }
    }
}

private func messageHeader(_ message: [UInt8]) -> XenstoreHeader? { XenstoreHeader(from: message.span) }
