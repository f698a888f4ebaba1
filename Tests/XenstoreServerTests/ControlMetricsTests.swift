// The metrics endpoint: what it says, to whom, and what clients that behave badly cost.
// Not for: what is counted (StatisticsTests of the core).

import EventLoop
import ServerCalls
import SystemCalls
import Testing
import XenstoreCore
@testable import XenstoreServer
import XenstoreWire

/// The text exposition format, read strictly: families with HELP and TYPE, each one group of samples, no series twice.
struct Exposition {
    var types: [String: String] = [:]
    /// Values by series: name and labels as they stand.
    var values: [String: Double] = [:]

    struct Malformed: Error { var line: String }

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(line: "no line feed at the end") }
        var current = ""
        var helped: Set<String> = []
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            if words[0] == "#" {
                guard words.count == 4, Self.isName(words[2]), !words[3].isEmpty else { throw Malformed(line: line) }
                switch words[1] {
                case "HELP": guard helped.insert(words[2]).inserted else { throw Malformed(line: line) }
                case "TYPE":
                    guard types[words[2]] == nil, helped.contains(words[2]), ["counter", "gauge"].contains(words[3])
                    else { throw Malformed(line: line) }
                    types[words[2]] = words[3]
                    current = words[2]
                default: throw Malformed(line: line)
                }
                continue
            }
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                throw Malformed(line: line)
            }
            let series = String(line[..<space])
            guard try Self.name(series) == current, values.updateValue(value, forKey: series) == nil else {
                throw Malformed(line: line)
            }
            let isCounter = types[current] == "counter"
            guard isCounter == current.hasSuffix("_total"), !isCounter || value >= 0 else {
                throw Malformed(line: line)
            }
        }
    }

    private static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }

    /// The name of a series whose labels are well formed.
    private static func name(_ series: String) throws -> String {
        guard let brace = series.firstIndex(of: "{") else {
            if !isName(series) { throw Malformed(line: series) }
            return series
        }
        let name = series[..<brace]
        guard isName(name), series.hasSuffix("}") else { throw Malformed(line: series) }
        for label in series[series.index(after: brace)...].dropLast().split(separator: ",") {
            let parts = label.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, isName(parts[0]), parts[1].count >= 2, parts[1].hasPrefix("\""),
                parts[1].hasSuffix("\""), !parts[1].dropFirst().dropLast().contains(where: { "\"\\".contains($0) })
            else { throw Malformed(line: series) }
        }
        return String(name)
    }
}

/// A client of the endpoint, which reads when it is told.
final class Scraper {
    private let descriptor: OwnedDescriptor
    private(set) var received: [UInt8] = []
    private(set) var isAtEnd = false

    init(path: String) throws { descriptor = try StreamSocket.connected(path: path).intoDescriptor() }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        _ = try descriptor.send(bytes.span)
    }

    func take() throws {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !isAtEnd {
            var span = buffer.mutableSpan
            guard let count = try descriptor.readIfReady(into: &span) else { return }
            received += buffer[..<count]
            isAtEnd = count == 0
        }
    }

    var text: String { String(decoding: received, as: UTF8.self) }
}

@Suite("The metrics endpoint")
struct ControlMetricsTests {
    private let control: ControlBench
    private let endpoint: MetricsEndpoint
    private let path = freePath()

    init() throws {
        control = try ControlBench()
        control.introduce(5)
        let socket = try StreamSocket.listening(path: path, backlog: 8)
        endpoint = try MetricsEndpoint(socket, server: control.bench.server)
        endpoint.rings = control.bench.server
    }

    private var loop: EventLoop { control.bench.loop }

    /// Turns the loop until a condition holds, or it has turned in vain.
    private func turn(until isDone: () throws -> Bool) throws {
        for _ in 0..<20_000 {
            if try isDone() { return }
            _ = try loop.turn(milliseconds: 1)
        }
        Issue.record("what was waited for didn't come")
    }

    private func scrape(_ request: String) throws -> String {
        let scraper = try Scraper(path: path)
        if !request.isEmpty { try scraper.send(request) }
        try turn {
            try scraper.take()
            return scraper.isAtEnd
        }
        try removeFile(path: path)
        return scraper.text
    }

    @Test("every line is of the format, no series is there twice, and the numbers are those of the store")
    func format() throws {
        try control.guest(5, .read, "/none|")
        let text = try scrape("\n")
        let page = try Exposition(text)
        #expect(page.values["xenstored_domain_requests_total{domain=\"5\"}"] == 1)
        #expect(page.values["xenstored_requests_total{operation=\"READ\"}"] == 1)
        #expect(page.values["xenstored_requests_total{operation=\"UNKNOWN\"}"] == 0)
        #expect(page.values["xenstored_refusals_total{error=\"EACCES\"}"] == 1)
        #expect(page.values["xenstored_nodes"] == Double(control.core.sizes.nodes))
        #expect(page.values["xenstored_domains"] == 2 && page.values["xenstored_scrapes_total"] == 1)
        #expect(page.values["xenstored_quota_default{quota=\"nodes\"}"] == 1000)
        #expect(page.values["xenstored_domain_quota{domain=\"5\",quota=\"watch-events\"}"] == 1024)
        #expect(page.values["xenstored_domain_credit{domain=\"5\"}"] == 10)
        // The store domain has no ring here, the guest one that nobody serves.
        #expect(page.values["xenstored_domain_outstanding{domain=\"0\"}"] == nil)
        #expect(page.values["xenstored_domain_outstanding{domain=\"5\"}"] == 0)
        #expect(page.types["xenstored_domain_nodes"] == "gauge")
    }

    @Test("the document lists exactly the families that there are")
    func document() throws {
        let page = try Exposition(try scrape("\n"))
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let descriptor = try OwnedDescriptor.open(path: "/\(folder)/../../Documentation/xenstored-metrics.md", .read)
        var bytes = [UInt8](repeating: 0, count: 65536)
        var span = bytes.mutableSpan
        let count = try descriptor.read(into: &span)
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
        var listed: [String: String] = [:]
        for line in lines where line.hasPrefix("| `xenstored_") {
            let cells = line.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
            listed[String(cells[0])] = String(cells[1])
        }
        #expect(listed == page.types)
    }

    @Test(
        "HTTP gets a head, whatever it asks for, and however its request is cut",
        arguments: ["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.0\n\n", "GET \r\n\r\n"])
    func http(_ request: String) throws {
        let scraper = try Scraper(path: path)
        for character in request.unicodeScalars {
            try scraper.send(String(character))
            _ = try loop.turn(milliseconds: 0)
        }
        try turn {
            try scraper.take()
            return scraper.isAtEnd
        }
        let end = try #require(scraper.text.utf8.firstRange(of: "\r\n\r\n".utf8))
        #expect(scraper.text.hasPrefix("HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
        let body = String(scraper.text.utf8[end.upperBound...]) ?? ""
        #expect(try Exposition(body).values.count > 50)
        try removeFile(path: path)
    }

    @Test("who sends an empty line or nothing gets the text alone", arguments: ["\n", "\r\n", ""])
    func plain(_ request: String) throws {
        #expect(try scrape(request).hasPrefix("# HELP xenstored_uptime_seconds"))
    }

    @Test(
        "everything else is closed without an answer",
        arguments: ["POST / HTTP/1.0\r\n\r\n", "get", "\0", "x", "GEX", "GET /" + String(repeating: "a", count: 5000)])
    func refused(_ request: String) throws {
        let scraper = try Scraper(path: path)
        try scraper.send(request)
        try turn {
            do { try scraper.take() } catch { return true }
            return scraper.isAtEnd
        }
        #expect(scraper.received.isEmpty && endpoint.scrapeCount == 0)
        try removeFile(path: path)
    }

    @Test("a fifth client is let in when one of four has gone; a client that goes half-way is forgotten")
    func few() throws {
        var scrapers = try (0..<6).map { _ in try Scraper(path: path) }
        try turn { endpoint.clientCount == 4 }
        try scrapers[5].send("GET / HTTP/1.0\r\n\r\n")
        scrapers.removeFirst(3)
        try turn {
            try scrapers[2].take()
            return scrapers[2].isAtEnd
        }
        #expect(scrapers[2].text.hasPrefix("HTTP/1.0 200"))
        scrapers = []
        try turn { endpoint.clientCount == 0 }
        endpoint.stop()
        try removeFile(path: path)
    }

    @Test("who reads nothing keeps nobody waiting, and gets the whole text when it does; a domain may go meanwhile")
    func slow() throws {
        for domain in 10..<410 { control.introduce(UInt16(domain)) }
        let scraper = try Scraper(path: path)
        try scraper.send("\n")
        for round in 0..<200 {
            _ = try loop.turn(milliseconds: 0)
            if round % 20 == 0 {
                #expect(try control.bench.ask(control.socket, Message(.read, "/|")).count == 1)
            }
        }
        #expect(endpoint.clientCount == 1)
        _ = try control.bench.ask(control.socket, Message(.release, "300|"))
        try turn {
            try scraper.take()
            return scraper.isAtEnd
        }
        let page = try Exposition(scraper.text)
        #expect(page.values.keys.filter { $0.hasPrefix("xenstored_domain_requests_total{") }.count == 402)
        try removeFile(path: path)
    }

    @Test("a thousand domains are noted and written in small slices")
    func slices() throws {
        for domain in 10..<1008 { control.introduce(UInt16(domain)) }
        var page = MetricsPage()
        var sizes: [Int] = []
        while let slice = page.next(control.core, rings: nil, now: 0, uptimeMilliseconds: 0, scrapes: 1) {
            sizes.append(slice.count)
        }
        // 8 slices for the notes, 8 for each family, and the server's.
        #expect(sizes.count == 1 + 8 + 8 * DomainFamily.all.count)
        #expect((sizes.max() ?? 0) < 64 << 10)
    }

    @Test("labels and help texts are escaped")
    func escapes() {
        var text = MetricsText()
        text.family("a", .gauge, "x\\y\nz\"")
        text.sample("a", [("l", "q\"\\\n")], .thousandths(-1_005))
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == "# HELP a x\\\\y\\nz\"\n# TYPE a gauge\na{l=\"q\\\"\\\\\\n\"} -1.005\n")
    }
}
