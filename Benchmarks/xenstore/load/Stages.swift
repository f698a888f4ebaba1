// Clients for the days of the daemon itself, which Tests/Xenstored/check plays: each does one thing, and says so.
// Not for: measuring.

internal import EventLoop
internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

/// What a script tells a client to do; its status is 0 when all went as it should.
enum Stages {
    static let names = ["ask", "hold", "end-of-file", "without-socket", "descriptors"]

    static func play(_ name: String, _ path: String) throws {
        switch name {
        case "ask": try ask(path)
        case "hold": try hold(path)
        case "end-of-file": try endOfFile(path)
        case "without-socket": try withoutSocket(path)
        case "descriptors": try descriptors(path)
        default: throw SystemError(22, "a stage of this name")
        }
    }

    private static func say(_ text: String) throws { try StandardStream.output.write(text + "\n") }

    private static func need(_ holds: Bool, _ what: StaticString) throws { if !holds { throw SystemError(71, what) } }

    /// Whether the server serves.
    private static func ask(_ path: String) throws {
        let client = try XenstoreClient.connect(to: path)
        try client.write("/asked/\(processID)", "answer")
        try need(try client.read("/asked/\(processID)") == Array("answer".utf8), "the value that was written")
        try client.rm("/asked")
    }

    /// A transaction with a write, and a watch; then it waits to be killed.
    private static func hold(_ path: String) throws {
        let client = try XenstoreClient.connect(to: path)
        try client.watch("/held", token: "t")
        let transaction = try client.startTransaction()
        try client.write("/held", "by a transaction", in: transaction)
        try say("held")
        while true { _ = try client.nextEvent(until: MonotonicTime.now.advanced(byMilliseconds: 60_000)) }
    }

    /// Sees the end of its connection when the server ends, however that is.
    private static func endOfFile(_ path: String) throws {
        let owner = EndOwner()
        let loop = try EventLoop()
        let client = try LoadClient(path, on: loop, LoadBuffer(), owner)
        client.request(.read, payload("/"))
        client.flush()
        let end = MonotonicTime.now.advanced(byMilliseconds: 30_000)
        while owner.replies == 0, MonotonicTime.now < end { try loop.turn(milliseconds: 10) }
        try say("connected")
        while !owner.hasEnded, MonotonicTime.now < end { try loop.turn(milliseconds: 10) }
        try need(owner.hasEnded, "the end of the connection")
    }

    /// Goes on when the socket's file is removed; nobody else gets in.
    private static func withoutSocket(_ path: String) throws {
        let client = try XenstoreClient.connect(to: path)
        try client.write("/without", "1")
        try removeFile(path: path)
        for _ in 0..<100 { try client.write("/without", "2") }
        try need((try? StreamSocket.connected(path: path)) == nil, "no way in")
        try client.rm("/without")
        try say("served without its file")
    }

    /// More clients than the server has descriptors for: those that are in are served; the others when some have gone.
    private static func descriptors(_ path: String) throws {
        let old = try XenstoreClient.connect(to: path)
        try old.write("/old", "1")
        let owner = EndOwner()
        let loop = try EventLoop()
        let buffer = LoadBuffer()
        var clients: [LoadClient] = []
        for _ in 0..<100 {
            let client = try LoadClient(path, on: loop, buffer, owner)
            client.request(.read, payload("/old"))
            client.flush()
            clients.append(client)
        }
        for _ in 0..<200 {
            try old.write("/old", "2")
            try loop.turn(milliseconds: 1)
        }
        let served = owner.replies
        try need(served > 0 && served < 100, "some are served, and not all")
        try need(!owner.hasEnded, "none is turned away")
        // Those that were served go; the others come in.
        for client in clients where client.underWay == 0 { client.close() }
        clients.removeAll { !$0.isOpen }
        let end = MonotonicTime.now.advanced(byMilliseconds: 10_000)
        while owner.replies < 100, MonotonicTime.now < end {
            try loop.turn(milliseconds: 1)
            for client in clients where client.underWay == 0 { client.close() }
            clients.removeAll { !$0.isOpen }
        }
        try need(owner.replies == 100, "all are served in the end")
        try old.rm("/old")
        try say("\(served) of 100 were served at once")
    }
}

private final class EndOwner: LoadOwner {
    var replies = 0
    var hasEnded = false

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) { replies += 1 }
    func ended(_ client: LoadClient) { hasEnded = true }
}
