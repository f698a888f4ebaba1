// Control commands on a socket of a server (xenstored.md 12).
// Not for: what is counted (StatisticsTests of the core), metrics (ControlMetricsTests), live update.

import EventLoop
import Testing
import XenstoreCore
import XenstoreServer
import XenstoreWire

/// A trace log that keeps what it is told.
final class KeptTrace: TraceControl {
    var isOn = false
    var hasFile = false
    var switches: Set<TraceSwitch> = [.obj]
    var written: [(file: String?, lines: [String])] = []
    func isOn(_ name: TraceSwitch) -> Bool { switches.contains(name) }
    func set(_ name: TraceSwitch, on: Bool) { if on { switches.insert(name) } else { switches.remove(name) } }
    func openFile(_ name: String) -> Bool {
        hasFile = name == "trace.log"
        return hasFile
    }
    func write(_ lines: [String], to file: String?) -> Bool {
        written.append((file, lines))
        return file != "/none/x"
    }
}

/// A server with commands, a socket, and guests without rings, which ask the core themselves.
final class ControlBench {
    let bench: StoreBench
    let commands = ControlCommands()
    let socket: TestSocket
    private var effects: [Effect] = []

    init() throws {
        bench = try StoreBench()
        socket = try bench.connect()
        bench.server.control = commands
    }

    var core: XenstoreCore { bench.core }

    /// The reply's payload, or the name of the refusal, with `|` for NUL.
    func control(_ text: String) throws -> String {
        let replies = try bench.ask(socket, Message(.control, text))
        let payload = try #require(replies.first).payload
        return String(decoding: payload.map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self)
    }

    /// The lines of a reply, which ends as it must.
    func lines(_ text: String) throws -> [String] {
        let reply = try control(text)
        #expect(reply.hasSuffix("\n|") && reply.utf8.count <= 4096, "\(reply)")
        return reply.dropLast(2).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    func introduce(_ domain: UInt16) {
        let id = core.openSocket()
        ask(id, .introduce, "\(domain)|1|1|")
        core.event(.introduced(domain: domain, succeeded: true), now: 0, into: &effects)
        core.event(.connectionClosed(id), now: 0, into: &effects)
    }

    func guest(_ domain: UInt16, _ operation: XenstoreOperation, _ text: String) throws {
        ask(try #require(core.ring(of: domain)), operation, text)
    }

    private func ask(_ id: ConnectionID, _ operation: XenstoreOperation, _ text: String) {
        let message = Message(operation, text)
        core.handle(id, message.header, message.payload.span, now: 0, into: &effects)
        while core.takeMessage(id) != nil { core.messageSent(id) }
    }
}

@Suite("Control commands")
struct ControlTests {
    private let bench: ControlBench
    private let trace = KeptTrace()

    init() throws {
        bench = try ControlBench()
        bench.commands.trace = trace
        bench.introduce(5)
    }

    @Test(
        "a command that isn't one, or parameters too many, too few or of a wrong form, are EINVAL",
        arguments: [
            "|", "bogus|", "helpx|", "help|x|", "check|x|", "check|repair|x|", "log|maybe|", "log|+|", "log|+bogus|",
            "log|on|off|", "logfile|", "logfile||", "logfile|a|b|", "memreport||", "memreport|a|b|", "print|",
            "print|a|b|",
            "quota|x|", "quota|65536|", "quota|5|5|", "quota|set|", "quota|set|nodes|", "quota|set|nodes|0|",
            "quota|set|nodes|x|", "quota|set|nodes|2147483648|", "quota|set|bogus|5|", "quota|set|nodes|5|5|",
            "quota|max|x|", "quota|max|-r|-r|", "quota-soft|5|", "quota-soft|set|nodes|5|", "quota-soft|set|memory|0|",
            "stats|x|", "stats|5|5|", "domains|5|", "watches|", "watches|x|", "watches|5|5|", "transactions|5|",
            "live-update|-s|", "\\ff|",
        ])
    func wrongForms(_ text: String) throws {
        let payload = text == "\\ff|" ? [0xff, 0] : Message(.control, text).payload
        let replies = try bench.bench.ask(bench.socket, Message(.control, payload))
        #expect(replies.map(\.header.operation) == [.error] && replies.map(\.payload) == [Array("EINVAL\0".utf8)])
    }

    @Test("a domain that isn't known is ENOENT", arguments: ["quota|9|", "stats|9|", "watches|9|", "watches|65535|"])
    func unknownDomains(_ text: String) throws { #expect(try bench.control(text) == "ENOENT|") }

    @Test("`help` has a line for each command")
    func help() throws {
        let names = try bench.lines("help|").map { String($0.prefix { $0 != " " && $0 != ":" }) }
        #expect(
            names == [
                "check", "domains", "help", "live-update", "log", "logfile", "memreport", "print", "quota",
                "quota-soft", "stats", "transactions", "watches",
            ])
    }

    @Test("`quota` shows and sets the defaults, which are for domains that become known later")
    func quota() throws {
        let lines = try bench.lines("quota|")
        #expect(lines.count == 11 && lines[0] == "nodes: 1000" && lines[3] == "memory: 2621440")
        #expect(try bench.control("quota|set|nodes|7|") == "OK|")
        #expect(try bench.control("quota|set|permissions|6|") == "OK|")
        let after = try bench.lines("quota|")
        #expect(after[0] == "nodes: 7" && after[7] == "node-permissions: 6")
        #expect(try bench.lines("quota|5|")[1].hasSuffix("quota 1000"))
        bench.introduce(6)
        #expect(try bench.lines("quota|6|")[1].hasSuffix("quota 7"))
        #expect(try bench.lines("quota-soft|") == ["memory: 2097152"])
        #expect(try bench.control("quota-soft|set|memory|99|") == "OK|")
        #expect(try bench.control("quota-soft|set|soft-memory|100|") == "OK|")
        #expect(try bench.lines("quota-soft|") == ["memory: 100"])
        #expect(try bench.lines("quota|")[4] == "soft-memory: 100")
    }

    @Test("`quota` of a domain has its counts, their highest values and its quotas; `max -r` begins anew")
    func maxima() throws {
        _ = try bench.bench.ask(
            bench.socket, Message(.write, "/g|"), Message(.setPermissions, "/g|n5|"))
        try bench.guest(5, .write, "/g/a/b|xyz")
        try bench.guest(5, .watch, "/g|t|")
        try bench.guest(5, .remove, "/g/a/b|")
        let lines = try bench.lines("quota|5|")
        #expect(lines[0] == "Domain 5:")
        #expect(lines[1] == "nodes: 2, highest 3, quota 1000" && lines[2] == "watches: 1, highest 1, quota 128")
        #expect(lines[10] == "node-size: highest 27, quota 2048")
        #expect(try bench.lines("quota|max|")[0] == "nodes: 3")
        #expect(try bench.lines("quota|max|")[9] == "node-size: 27")
        let reset = try bench.lines("quota|max|-r|")
        #expect(reset[0] == "nodes: 2" && reset[1] == "watches: 1" && reset[9] == "node-size: 0")
        #expect(try bench.lines("quota|max|") == reset)
    }

    @Test("`log` shows and sets the switches of the trace log, `logfile` its file")
    func log() throws {
        #expect(
            try bench.lines("log|")
                == ["Log switch settings:", "obj: on", "io: off", "wrl: off", "acc: off", "tdb: off"])
        #expect(try bench.control("log|+io|") == "OK|" && bench.control("log|-obj|") == "OK|")
        #expect(trace.switches == [.io])
        #expect(try bench.control("log|on|") == "OK|" && trace.isOn)
        #expect(try bench.control("log|off|") == "OK|" && !trace.isOn)
        #expect(try bench.control("memreport|") == "EINVAL|", "no log is open")
        #expect(try bench.control("logfile|/none/x|") == "EINVAL|")
        #expect(try bench.control("logfile|trace.log|") == "OK|")
        #expect(try bench.control("memreport|") == "OK|")
        #expect(try bench.control("memreport|/tmp/x|") == "OK|")
        #expect(try bench.control("memreport|/none/x|") == "EINVAL|")
        #expect(trace.written.map(\.file) == [nil, "/tmp/x", "/none/x"])
        #expect(trace.written[0].lines.first == "nodes: \(bench.core.sizes.nodes)")
        bench.commands.trace = nil
        #expect(try bench.control("log|") == "EINVAL|" && bench.control("logfile|trace.log|") == "EINVAL|")
    }

    @Test("`print` goes to the log, its control characters escaped")
    func print() throws {
        #expect(try bench.control("print|hello\u{1b}[2J\n|") == "OK|")
        let line = try #require(bench.bench.lines.lines.last)
        #expect(line.hasPrefix("INFO control: hello") && !line.contains("\u{1b}") && !line.contains("\n"))
    }

    @Test("`stats` has what was counted, of all and of one domain")
    func stats() throws {
        try bench.guest(5, .read, "/none|")
        let all = try bench.lines("stats|")
        for line in ["domains: 2", "connections: 2", "requests READ: 1", "requests CONTROL: 1", "refusals EACCES: 1"] {
            #expect(all.contains(line), "\(line)")
        }
        bench.commands.rings = bench.bench.server
        #expect(try bench.lines("stats|")[0] == "domain-state: indirect")
        let one = try bench.lines("stats|5|")
        for line in [
            "domain: 5", "state: introduced", "ring: none", "outstanding: 0", "credit: 10.00", "requests: 1",
            "requests READ: 1", "refusals: 1", "refusals EACCES: 1", "events sent: 0", "pauses: 0", "quota hits: 0",
        ] {
            #expect(one.contains(line), "\(line)")
        }
    }

    @Test("`domains`, `watches` and `transactions` have a line for each")
    func views() throws {
        let numbers = bench.core.domainSummaries(now: 0).map(\.uniqueID)
        let domains = try bench.lines("domains|")
        #expect(domains[0] == "domid unique_id state features port")
        #expect(domains[1...] == ["0 \(numbers[0]) introduced 15 -", "5 \(numbers[1]) introduced 15 -"])
        #expect(try bench.control("watches|5|") == "|")
        try bench.guest(5, .watch, "a|\u{7}\\t|1|")
        try bench.guest(5, .watch, "/b|t|")
        #expect(try bench.lines("watches|5|") == ["/local/domain/5/a \\x07\\x5ct depth 1", "/b t"])
        #expect(try bench.control("transactions|") == "|")
        try bench.guest(5, .transactionStart, "|")
        let open = try bench.lines("transactions|")
        #expect(open.count == 1 && open[0].hasPrefix("domain 5 connection "))
        #expect(open[0].contains(" transaction 1 age ") && open[0].hasSuffix(" ms paths 0 requests 0"))
    }

    @Test("an answer that is too long ends with a whole line")
    func cut() throws {
        for domain in 10..<500 { bench.introduce(UInt16(domain)) }
        let reply = try bench.control("domains|")
        #expect(reply.utf8.count <= 4096 && reply.utf8.count > 4096 - 40 && reply.hasSuffix("\n|"))
        let last = try #require(reply.dropLast(2).split(separator: "\n").last)
        #expect(last.split(separator: " ").count == 5 && last.hasSuffix(" introduced 15 -"))
        // One that is too long by itself is cut.
        let path = "/" + String(repeating: "p", count: 1000)
        let token = String(repeating: "\u{1}", count: 2000)
        try bench.guest(5, .watch, "\(path)|\(token)|")
        #expect(try bench.control("watches|5|").utf8.count == 4096)
    }

    @Test("`check` is answered at once, and the log told when it is done")
    func check() throws {
        for number in 0..<2000 {
            _ = try bench.bench.ask(bench.socket, Message(.write, "/n/\(number % 50)/\(number)|"))
        }
        #expect(try bench.control("check|") == "OK|")
        func told() -> [String] { bench.bench.lines.lines.filter { $0.contains("check: done") } }
        // Others are served meanwhile.
        #expect(try bench.bench.ask(bench.socket, Message(.read, "/n|")).count == 1)
        for _ in 0..<1000 where told().isEmpty { _ = try bench.bench.loop.turn(milliseconds: 50) }
        let nodes = bench.core.counts.nodes
        #expect(told() == ["INFO check: done nodes=\(nodes) domains=2 stale-entries=0 differences=0"])
        #expect(try bench.control("check|repair|") == "OK|")
        for _ in 0..<1000 where told().count == 1 { _ = try bench.bench.loop.turn(milliseconds: 50) }
        #expect(told().count == 2)
    }

    private final class LaterUpdate: LiveUpdateCommands {
        var asked: [(ConnectionID, [[UInt8]])] = []
        func liveUpdate(
            _ parameters: [[UInt8]], from connection: ConnectionID, on server: StoreServer
        ) -> ControlAnswer? {
            asked.append((connection, parameters))
            return parameters.first == Array("-a".utf8) ? .reply(Array("OK\0".utf8)) : nil
        }
    }

    @Test("`live-update` is answered by who does it, at once or later; only its connection waits")
    func liveUpdate() throws {
        let update = LaterUpdate()
        bench.commands.liveUpdate = update
        #expect(try bench.control("live-update|-a|") == "OK|")
        let messages = try bench.bench.ask(bench.socket, Message(.control, "live-update|-s|-t|5|"))
        #expect(messages.isEmpty && update.asked.count == 2)
        #expect(update.asked[1].1 == ["-s", "-t", "5"].map { Array($0.utf8) })
        let other = try bench.bench.connect()
        #expect(try bench.bench.ask(other, Message(.control, "quota-soft|")).count == 1)
        bench.bench.server.answer(update.asked[1].0, .reply(Array("later\n\0".utf8)))
        try bench.bench.settle()
        #expect(try bench.socket.messages().map(\.payload) == [Array("later\n\0".utf8)])
    }
}
