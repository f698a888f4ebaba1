// Transactions: their numbers, their ends, and doing them again (xenstored.md 5).

import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@Suite("Transactions of the client")
struct TransactionTests {
    /// A server whose commits are refused so often, for a reason.
    private func server(refusing count: Int, _ code: XenstoreErrorCode, _ seen: Seen) throws -> FakeXenstored {
        try FakeXenstored { connection in
            var started = 6
            var refusals = count
            while let request = connection.request() {
                seen.add(request)
                switch request.header.operation {
                case .transactionStart:
                    started += 1
                    connection.reply(request, "\(started)|")
                case .transactionEnd where request.text == "T|" && refusals > 0:
                    refusals -= 1
                    connection.refuse(request, code)
                case .read: connection.reply(request, "1")
                default: connection.reply(request, "OK|")
                }
            }
        }
    }

    @Test("the requests of a transaction carry its number; it ends with T")
    func commit() throws {
        let seen = Seen()
        let fake = try server(refusing: 0, .tryAgain, seen)
        let client = try XenstoreClient.connect(to: fake.path)
        let value = try client.transaction { transaction throws(XenstoreError) in
            let value = try client.read("/a", in: transaction)
            try client.write("/b", value, in: transaction)
            return value
        }
        #expect(value == [49])
        #expect(
            seen.texts == ["TRANSACTION_START 0 |", "READ 7 /a|", "WRITE 7 /b|1", "TRANSACTION_END 7 T|"])
    }

    @Test("EAGAIN does all of it again, in another transaction")
    func again() throws {
        let seen = Seen()
        let fake = try server(refusing: 3, .tryAgain, seen)
        let client = try XenstoreClient.connect(to: fake.path)
        var rounds = 0
        try client.transaction { transaction throws(XenstoreError) in
            rounds += 1
            try client.write("/b", "x", in: transaction)
        }
        #expect(rounds == 4)
        #expect(seen.texts.filter { $0.hasPrefix("WRITE") } == (7...10).map { "WRITE \($0) /b|x" })
    }

    @Test("by hand, EAGAIN is told as such, and F ends a transaction without its changes")
    func byHand() throws {
        let seen = Seen()
        let fake = try server(refusing: 1, .tryAgain, seen)
        let client = try XenstoreClient.connect(to: fake.path)
        let first = try client.startTransaction()
        #expect(throws: XenstoreError.refused(.tryAgain)) { try client.endTransaction(first, commit: true) }
        let second = try client.startTransaction()
        try client.endTransaction(second, commit: false)
        #expect(seen.texts.last == "TRANSACTION_END 8 F|")
    }

    @Test("conflicts without end are given up after the time of a call, told as EAGAIN")
    func endless() throws {
        let fake = try server(refusing: .max, .tryAgain, Seen())
        let client = try XenstoreClient.connect(to: fake.path)
        client.timeoutMilliseconds = 200
        var rounds = 0
        #expect(throws: XenstoreError.refused(.tryAgain)) {
            try client.transaction { _ throws(XenstoreError) in rounds += 1 }
        }
        #expect(rounds > 1)
    }

    @Test("another refusal of the commit, and an error in between, are errors; the transaction is ended with F")
    func errors() throws {
        let seen = Seen()
        let fake = try server(refusing: 1, .noSpace, seen)
        let client = try XenstoreClient.connect(to: fake.path)
        #expect(throws: XenstoreError.refused(.noSpace)) { try client.transaction { _ throws(XenstoreError) in } }
        #expect(throws: XenstoreError.refused(.busy)) {
            try client.transaction { _ throws(XenstoreError) in throw XenstoreError.refused(.busy) }
        }
        #expect(seen.texts.last == "TRANSACTION_END 8 F|")
    }

    @Test("a number that no transaction can have ends the connection", arguments: ["0|", "x|", "", "1", "4294967296|"])
    func badNumbers(text: String) throws {
        let fake = try FakeXenstored { connection in
            if let request = connection.request() { connection.reply(request, text) }
            connection.waitForClose()
        }
        let client = try XenstoreClient.connect(to: fake.path)
        let fault = XenstoreError.protocolFault(.badReply(.transactionStart))
        #expect(throws: fault) { try client.startTransaction() }
        #expect(throws: fault) { try client.read("/a") }
    }
}
