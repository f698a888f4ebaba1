// `corbel explain` on live domains: pages of several programs become one answer.

import HypervisorModel
import StatisticsPage
import Testing

@testable import DaemonShell
@testable import TopKit

@Suite("Explanations from pages") struct ClaimExplanationTests {
    private func page(
        _ program: String, pid: Int32, server: UInt16, _ ranges: [(UInt32, ClosedRange<UInt64>)],
        state: StatisticsServerState = .serving, live: Bool = true, claims: UInt32? = nil
    ) throws -> FoundPage {
        var page = StatisticsEncoder(
            StatisticsProcess(program: program, processID: pid, started: 3, platform: .xen))
        page.addDomain(5, operationCount: 0) { _ in OperationRecord(operation: 0, count: 0, refused: 0, nanoseconds: 0)
        }
        page.addServer(
            ServerRecord(
                domain: 5, id: server, state: state, isBuffered: false, rangeCount: claims ?? UInt32(ranges.count)),
            buckets: [UInt64](repeating: 0, count: 256))
        for (type, range) in ranges {
            page.addRange(
                RangeRecord(
                    domain: 5, server: server, type: type, start: range.lowerBound, end: range.upperBound,
                    device: "Device"))
        }
        page.seal(published: UInt64(pid))
        return FoundPage(path: "/run/corbel/\(pid).page", isLive: live, page: try StatisticsSnapshot(page.bytes))
    }

    private func lines(_ script: String, _ pages: [FoundPage], latched: UInt32? = nil) throws -> [String] {
        let claims = try #require(ClaimExplanation(domain: 5, pages: pages))
        let step = try #require(try GuestProgram(script: script).steps.first?.first)
        return try #require(claims.lines(step, latched: latched))
    }

    @Test("of two programs that claim a port the one with the higher server id gets it, and the other is named")
    func overlap() throws {
        let pages = [
            try page("Low", pid: 11, server: 0, [(0, 0x300...0x30F)]),
            try page("High", pid: 12, server: 2, [(0, 0x308...0x30F)]),
        ]
        let told = try lines("in 0x308 4", pages)
        #expect(told[0] == "port 0x308, 4 bytes, read: server 2, by 0x308-0x30f")
        #expect(told[1] == "  server 0 has claimed it too (0x300-0x30f), but the highest id goes first")
        #expect(told.contains("server 0: Low, process 11") && told.contains("server 2: High, process 12"))
        #expect(try lines("in 0x300 4", pages)[0] == "port 0x300, 4 bytes, read: server 0, by 0x300-0x30f")
        #expect(try lines("in 0x306 4", pages)[0].contains("server 0, by 0x300-0x30f"))
        #expect(try lines("in 0x400 1", pages)[0] == "port 0x400, 1 byte, read: reads all ones: nobody has claimed it")
    }

    @Test("port 0xcfc is a PCI access when port 0xcf8 holds an address")
    func configuration() throws {
        let pages = [
            try page("Ports", pid: 11, server: 0, [(0, 0xCF8...0xCFF)]),
            try page("Function", pid: 12, server: 1, [(2, 0x20...0x20)]),
        ]
        #expect(try lines("in 0xcfc 4", pages)[0].contains("server 0, by 0xcf8-0xcff"))
        #expect(try lines("in 0xcfc 4", pages, latched: 0x8000_2010)[0].contains("server 1, by 00:04.0"))
        #expect(try lines("pci read 00:04.0 0x10 4", pages)[0].contains("server 1, by 00:04.0"))
    }

    @Test("a server that is disabled, or left over, is told as such")
    func states() throws {
        let quiet = try page("Quiet", pid: 11, server: 0, [(1, 0xF000_0000...0xF000_0FFF)], state: .quiet)
        #expect(try lines("load 0xf0000000 4", [quiet])[0].hasSuffix("server 0 has claimed it, but is disabled"))
        let gone = try page("Gone", pid: 12, server: 1, [(0, 0x100...0x10F)], live: false)
        #expect(try lines("out 0x100 1 0", [gone]).contains("server 1: left by Gone, process 12, which is gone"))
        let cut = try page("Many", pid: 13, server: 1, [(0, 0x100...0x10F)], claims: 300)
        #expect(try lines("in 0x100 1", [cut]).contains { $0.hasSuffix("than its page has room for)") })
    }

    @Test("a page of nonsense explains nothing, and traps nowhere")
    func nonsense() throws {
        let page = try page("Odd", pid: 11, server: 7, [(9, 0...5), (0, 5...UInt64.max), (2, 0...UInt64.max)])
        #expect(try lines("in 0x100 4", [page])[0].contains("server 7"))
        #expect(ClaimExplanation(domain: 6, pages: [page]) == nil)
        #expect(ClaimExplanation(domain: 5, pages: []) == nil)
    }
}
