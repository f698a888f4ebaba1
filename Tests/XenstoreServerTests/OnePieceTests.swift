// Row 148 of xenstored.md 18: a transaction that comes in one piece, among 49 clients that write the same node whenever
// the server could take it. What guards it is the turn, which doesn't end inside a transaction (14.5): writes outside
// transactions are never held back (5.6), and the core alone would find a conflict (TransactionRowsTests).
// Not for: how long turns are otherwise (LoopTests).

import Testing
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// 49 clients each of which writes `/pub` before each request of a transaction is handled.
private final class Writers: StoreTrace {
    let sockets: [TestSocket]
    private(set) var sentCount = 0
    private(set) var okCount = 0

    init(_ bench: StoreBench) throws { sockets = try (0..<49).map { _ in try bench.connect() } }

    func write() {
        for socket in sockets {
            let message = Message(.write, "/pub|w\(sentCount)")
            if (try? socket.send(message.bytes)) == message.bytes.count { sentCount += 1 }
        }
    }

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from connection: ConnectionID, domain: UInt16) {
        if header.transactionID != 0 || header.operation == .transactionStart { write() }
    }

    func message(_ message: Span<UInt8>, to connection: ConnectionID, domain: UInt16) {}
    func note(_ words: String) {}

    /// All that they have sent is answered, and OK.
    func expectServed() throws {
        for socket in sockets {
            let answers = texts(try socket.messages())
            #expect(answers.allSatisfy { $0 == "OK|" })
            okCount += answers.count
        }
        #expect(okCount == sentCount)
    }
}

@Suite("Transactions in one piece")
struct OnePieceTests {
    private let bench: StoreBench
    private let writers: Writers
    private let socket: TestSocket
    private var lastID: UInt32 = 0

    init() throws {
        bench = try StoreBench()
        let setup = try bench.connect()
        try bench.makeStandardState(setup)
        // Half of them stand before it wherever clients stand in an order, half behind it.
        writers = try Writers(bench)
        for other in writers.sockets[..<24] { _ = try bench.ask(other, Message(.read, "/sec|")) }
        socket = try bench.connect()
        _ = try bench.ask(socket, Message(.read, "/sec|"))
        bench.server.trace = writers
    }

    /// A transaction that reads what all write, with the number that it will have.
    private mutating func transaction() -> [Message] {
        lastID += 1
        var messages = [
            Message(.transactionStart, "|"), Message(.read, "/pub|"), Message(.write, "/pub|mine"),
            Message(.transactionEnd, "T|"),
        ]
        for index in 1...3 { messages[index].header.transactionID = lastID }
        return messages
    }

    @Test(
        "148: START, READ, WRITE, END in one piece is always OK, wherever in a turn, while 49 clients write the node",
        arguments: [1, 2, 7, 31])
    mutating func onePiece(_ transactionCount: Int) throws {
        var values: [String] = []
        // So many requests before it that its turn would end before, at or behind any of its own.
        for before in stride(from: 0, through: 40, by: transactionCount == 31 ? 13 : 1 + transactionCount / 3) {
            var piece = Array(repeating: Message(.read, "/sec|"), count: before)
            for _ in 0..<transactionCount { piece += transaction() }
            writers.write()
            try socket.send(piece.flatMap(\.bytes))
            writers.write()
            try bench.settle()
            let answers = texts(try socket.messages())
            #expect(answers.count == piece.count && answers.prefix(before).allSatisfy { $0 == "sec" })
            for start in stride(from: before, to: answers.count, by: 4) {
                let number = Int(lastID) - transactionCount + 1 + (start - before) / 4
                #expect(answers[start] == "\(number)|")
                #expect(answers[start + 2] == "OK|" && answers[start + 3] == "OK|")
                values.append(answers[start + 1])
            }
            try writers.expectServed()
        }
        // They had their turns: in each piece the first one reads what one of them has written.
        for index in stride(from: 0, to: values.count, by: transactionCount) { #expect(values[index].hasPrefix("w")) }
        // And between two transactions of a piece that is longer than a turn, but not between any two.
        let inner = values.enumerated().filter { $0.offset % transactionCount != 0 }.map(\.element)
        if transactionCount > 1 { #expect(inner.contains("mine")) }
        if transactionCount == 31 { #expect(inner.contains { $0.hasPrefix("w") }) }
    }

    @Test("the same requests one by one come between those of the 49, and are refused")
    mutating func inPieces() throws {
        for _ in 0..<20 {
            var answers: [String] = []
            for message in transaction() { answers += texts(try bench.ask(socket, message)) }
            #expect(answers.count == 4 && answers.last == "EAGAIN|")
        }
        try writers.expectServed()
        // Whatever the gap, and though it has succeeded before.
        for gap in 1...3 {
            let whole = transaction()
            #expect(try texts(bench.ask(socket, whole[0], whole[1], whole[2], whole[3])).last == "OK|")
            let parted = transaction()
            try socket.send(parted[..<gap].flatMap(\.bytes))
            try bench.settle()
            try socket.send(parted[gap...].flatMap(\.bytes))
            try bench.settle()
            let answers = texts(try socket.messages())
            #expect(answers.count == 4 && answers.last == "EAGAIN|")
        }
        try writers.expectServed()
    }
}
