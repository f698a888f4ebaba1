// The shapes that are measured (xenstored.md 17.2): each makes what it needs, runs, and prints lines of a name and a
// number for Benchmarks/xenstore.awk.
// Not for: which numbers are good.

internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

struct Shapes {
    let run: LoadRun
    let seconds: Double
    /// For what has to be there; it isn't measured.
    let setup: XenstoreClient

    static let names = [
        "read-1-1", "read-1-32", "read-50-16", "write-1-1", "write-1-32", "write-50-16", "transaction-busy",
        "modify-equal", "modify-new", "devices", "children", "listing", "watches", "memory",
    ]

    init(_ run: LoadRun, seconds: Double) throws(XenstoreError) {
        self.run = run
        self.seconds = seconds
        setup = try XenstoreClient.connect(to: run.path, timeoutMilliseconds: 60_000)
    }

    func measure(_ name: String) throws {
        let words = name.split(separator: "-")
        if words.count == 3, let clients = Int(words[1]), let depth = Int(words[2]) {
            let operation: XenstoreOperation = words[0] == "read" ? .read : .write
            return try plain(name, operation, clients: clients, depth: depth)
        }
        switch name {
        case "transaction-busy": try transactionBusy(name)
        case "modify-equal": try modify(name, isEqual: true)
        case "modify-new": try modify(name, isEqual: false)
        case "devices": try devices(name)
        case "children": try children(name)
        case "listing": try listing(name)
        case "watches": try watches(name)
        case "memory": try memory(name)
        default: throw SystemError(22, "a shape of this name")
        }
    }

    func say(_ name: String, _ value: Double) {
        let thousandths = Int(value * 1000 + 0.5)
        let rest = String(thousandths % 1000)
        print("\(name) \(thousandths / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)")
    }

    func report(_ name: String, _ tally: Tally) {
        say("\(name)-rate", tally.rate)
        say("\(name)-p50-us", tally.percentile(0.5))
        say("\(name)-p99-us", tally.percentile(0.99))
        say("\(name)-cpu-us", tally.processor)
        if tally.failures > 0 { say("\(name)-failures", Double(tally.failures)) }
    }

    private func path(_ number: Int) -> String { "/bench/\(number / 10000)/\(number / 100 % 100)/\(number % 100)" }

    /// 10 000 nodes of 12 bytes.
    private func fill() throws(XenstoreError) -> [String] {
        let paths = (0..<10_000).map(path)
        if try setup.readIfPresent(paths[9999]) == nil {
            for path in paths { try setup.write(path, "twelve bytes") }
        }
        return paths
    }

    private func plain(_ name: String, _ operation: XenstoreOperation, clients: Int, depth: Int) throws {
        let paths = try fill()
        try run.connect(clients)
        let payloads = paths.map { payload($0, operation == .write ? "other  bytes" : nil) }
        _ = try run.measure(Plain(operation, depth: depth, payloads), seconds: seconds / 10)
        report(name, try run.measure(Plain(operation, depth: depth, payloads), seconds: seconds))
    }

    /// One client's transaction of 10 reads and 10 writes; 49 others write elsewhere.
    private func transactionBusy(_ name: String) throws {
        let paths = try fill()
        for number in 0..<10 { try setup.write("/own/\(number)", "0") }
        try run.connect(50)
        let others = Plain(.write, depth: 8, paths.map { payload($0, "other  bytes") })
        let work = Transactions(clients: 1, others: others) { client in
            (0..<10).flatMap { number in
                [(.read, payload("/own/\(number)")), (.write, payload("/own/\(number)", "\(client.turn)"))]
            }
        }
        let tally = try run.measure(work, seconds: seconds)
        report(name, tally)
        say("\(name)-again-percent", tally.conflictPercent)
        say("\(name)-others-rate", Double(tally.others) / tally.seconds)
    }

    /// 50 clients read and write one node in transactions.
    private func modify(_ name: String, isEqual: Bool) throws {
        try setup.write("/hot", "12")
        try run.connect(50)
        let tally = try run.measure(
            Transactions { client in
                [
                    (.read, payload("/hot")),
                    (.write, payload("/hot", isEqual ? "12" : "\(client.number).\(client.turn)")),
                ]
            }, seconds: seconds)
        report(name, tally)
        say("\(name)-again-percent", tally.conflictPercent)
    }

    /// 50 clients create devices under common parents.
    private func devices(_ name: String) throws {
        try run.connect(50)
        let tally = try run.measure(
            Transactions { client in
                let device = "/local/domain/0/backend/vbd/\(client.number)/\(client.turn % 16)"
                return ["frontend", "online", "state", "params"].map { (.write, payload("\(device)/\($0)", "1")) }
            }, seconds: seconds)
        report(name, tally)
        say("\(name)-again-percent", tally.conflictPercent)
        try setup.rm("/local/domain/0/backend")
    }

    /// Creating and removing a child of a node that has 10, and 10 000.
    private func children(_ name: String) throws {
        try run.connect(1)
        var times: [Double] = []
        for count in [10, 10_000] {
            for number in 0..<count { try setup.write("/children/c\(number)", "v") }
            let tally = try run.measure(WriteAndRemove(below: "/children"), seconds: seconds / 2)
            report("\(name)-\(count)", tally)
            times.append(tally.processor)
        }
        say("\(name)-ratio", times[1] / max(times[0], 0.001))
        try setup.rm("/children")
    }

    /// The list of 10 000 children, in parts.
    private func listing(_ name: String) throws {
        for number in 0..<10_000 { try setup.write("/children/c\(number)", "v") }
        var quickest = UInt64.max
        let processor = run.server?.processorNanoseconds ?? 0
        for _ in 0..<20 {
            let began = MonotonicTime.now.nanoseconds
            let names = try setup.directory("/children")
            guard names.count == 10_000 else { throw SystemError(5, "a list of 10000") }
            quickest = min(quickest, MonotonicTime.now.nanoseconds - began)
        }
        say("\(name)-us", Double(quickest) / 1000)
        say("\(name)-cpu-us", Double((run.server?.processorNanoseconds ?? 0) - processor) / 20_000)
        try setup.rm("/children")
    }

    /// Writes, and adding a watch, with 30 000 watches that see nothing.
    private func watches(_ name: String) throws {
        let paths = try fill()
        let payloads = paths.map { payload($0, "other  bytes") }
        try run.connect(1)
        let few = try run.measure(Plain(.write, depth: 1, payloads), seconds: seconds / 2)
        let watcher = try XenstoreClient.connect(to: run.path, timeoutMilliseconds: 60_000)
        var added: [UInt64] = []
        for number in 0..<30_000 {
            if number % 3000 == 0 || number == 29_999 { added.append(run.server?.processorNanoseconds ?? 0) }
            try watcher.watch("/idle/\(number)", token: "t")
            _ = try watcher.nextEvent()
        }
        let many = try run.measure(Plain(.write, depth: 1, payloads), seconds: seconds / 2)
        say("\(name)-write-cpu-us", few.processor)
        say("\(name)-write-30000-cpu-us", many.processor)
        say("\(name)-write-ratio", many.processor / max(few.processor, 0.001))
        let early = added[1] &- added[0]
        let late = added[10] &- added[9]
        say("\(name)-adding-ratio", Double(late) / Double(max(early, 1)))
    }

    /// Bytes for each of 100 000 short nodes; what is left when they are gone; the longest wait of another meanwhile.
    private func memory(_ name: String) throws {
        guard let server = run.server else { return }
        let before = server.residentKiB
        try run.connect(1)
        let count = 100_000
        let paths = (0..<count).map { payload("/many/\($0 / 100)/\($0 % 100)", "v") }
        let fill = try run.measure(Filling(paths), seconds: 120, operations: count)
        say("\(name)-node-bytes", Double((server.residentKiB - before) * 1024) / Double(fill.operations))
        report("\(name)-fill", fill)
        try run.connect(2)
        let wait = try run.measure(Removal("/many"), seconds: 0.3)
        say("\(name)-remove-others-max-us", wait.percentile(1))
        say("\(name)-remove-us", run.clients[1].stage == 0 ? 0 : Double(run.clients[1].began) / 1000)
        say("\(name)-rest-ratio", Double(server.residentKiB) / Double(max(before, 1)))
    }
}

/// Each node once, in order.
private final class Filling: Workload {
    private let payloads: [[UInt8]]
    private var next = 0
    var depth: Int { 64 }

    init(_ payloads: [[UInt8]]) { self.payloads = payloads }

    func begin(_ client: LoadClient) {
        guard next < payloads.count else { return }
        client.request(.write, payloads[next])
        next += 1
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) -> Step {
        header.operation == .write ? .done(client.lastLatency) : .failed
    }
}

/// The second client removes a tree, once; the first one reads all the time.
private final class Removal: Workload {
    private let path: String
    init(_ path: String) { self.path = path }

    func counts(_ client: LoadClient) -> Bool { client.number == 0 }

    func begin(_ client: LoadClient) {
        if counts(client) {
            client.request(.read, payload("/"))
        } else if client.stage == 0 {
            client.stage = 1
            client.request(.remove, payload(path))
        }
    }

    func received(_ client: LoadClient, _ header: XenstoreHeader, _ payload: Span<UInt8>) -> Step {
        if !counts(client) { client.began = client.lastLatency }
        return .done(client.lastLatency)
    }
}
