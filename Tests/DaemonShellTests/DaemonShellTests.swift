// Pages as files: whole before they have a name, locked while their process lives, read while they change, and never in
// anybody's way.

import Dispatch
import Foundation
import StatisticsPage
import Synchronization
import SystemCalls
import Testing
import XenPlatform

@testable import DaemonShell

private final class TestClock: MonotonicClock {
    let start: UInt64
    init(_ start: UInt64) { self.start = start }
    var nanoseconds: UInt64 { start }
}

/// A folder that goes with the test. Pages of different tests lie apart.
private final class Folder {
    let path: String

    init() throws {
        path = "/tmp/corbel-pages-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
        try makeDirectory(path: path, permissions: 0o755)
    }

    var pages: String { path + "/corbel" }

    func write(_ bytes: [UInt8], _ name: String) throws {
        let file = try OwnedDescriptor.open(
            path: pages + "/" + name, .write, [.create, .truncate], permissions: 0o644)
        try file.writeAll(bytes.span)
    }

    /// A page of a process that is gone, which served a domain by a server.
    func leavePage(_ name: String, program: String = "gone", domain: UInt16, server: UInt16, at time: UInt64 = 1) throws
    {
        var page = StatisticsEncoder(
            StatisticsProcess(program: program, processID: 77, started: 1, platform: .xen))
        page.addServer(
            ServerRecord(domain: domain, id: server, state: .serving, isBuffered: false, rangeCount: 0),
            buckets: [UInt64](repeating: 0, count: 256))
        page.seal(published: time)
        try write(page.bytes, name)
    }

    deinit {
        for folder in [pages, path] {
            for name in (try? directoryNames(path: folder, countMax: 5000)) ?? [] {
                try? removeFile(path: folder + "/" + name)
            }
        }
        try? removeDirectory(path: pages)
        try? removeDirectory(path: path)
    }
}

private final class Source: StatisticsSource {
    var id: UInt16
    var requests: UInt64 = 0
    init(_ id: UInt16) { self.id = id }

    func addServer(to page: inout StatisticsEncoder) {
        var record = ServerRecord(domain: 5, id: id, state: .serving, isBuffered: false, rangeCount: 1)
        record.counters.requests = requests
        record.counters.reads = requests
        record.counters.broadcasts = requests
        page.addServer(record, buckets: [UInt64](repeating: requests, count: 256))
    }

    func addRanges(to page: inout StatisticsEncoder) {
        page.addRange(
            RangeRecord(domain: 5, server: id, type: 0, start: requests, end: requests, device: "d\(requests)"))
    }
}

@Suite struct StatisticsFileTests {
    @Test func `A page has its name when it is whole, and goes with its board`() throws {
        let folder = try Folder()
        var board = StatisticsFile.board(in: folder.pages, program: "test", clock: TestClock(42))
        #expect(board != nil)
        let found = try StatisticsFolder.read(folder.pages)
        #expect(found.unreadable.isEmpty)
        let page = try #require(found.pages.first)
        #expect(page.isLive)
        #expect(page.page.process.program == "test")
        #expect(page.page.process.processID == processID)
        #expect(page.page.process.started == 42)
        #expect(page.page.servers.isEmpty)
        #expect(page.path == "\(folder.pages)/\(processID)-42.page")
        withExtendedLifetime(board) {}
        board = nil
        #expect(try directoryNames(path: folder.pages, countMax: 10).isEmpty)
    }

    @Test func `What a board publishes is read by others`() throws {
        let folder = try Folder()
        let board = try #require(StatisticsFile.board(in: folder.pages, clock: TestClock(1)))
        let source = Source(3)
        source.requests = 12
        board.add(source)
        let page = try #require(try StatisticsFolder.read(folder.pages).pages.first).page
        #expect(page.servers.map(\.record.id) == [3])
        #expect(page.servers.first?.record.counters.requests == 12)
        board.remove(source)
        #expect(try #require(try StatisticsFolder.read(folder.pages).pages.first).page.servers.isEmpty)
    }

    @Test func `A program has the name it was called by`() throws {
        #expect(!programName.isEmpty && !programName.contains("/"))
    }

    @Test func `The page can be read by everybody whatever the mask`() throws {
        let folder = try Folder()
        let board = try #require(StatisticsFile.board(in: folder.pages, clock: TestClock(7)))
        let path = try #require(try StatisticsFolder.read(folder.pages).pages.first).path
        let file = try OwnedDescriptor.open(path: path, .read)
        #expect(try file.byteCount() == PageLayout.pageByteCount)
        withExtendedLifetime(board) {}
    }

    @Test(arguments: ["/proc/corbel", "/nowhere/at/all", "/dev/null", "/dev/null/corbel"])
    func `Where no page can be made a program goes on without`(_ folder: String) {
        #expect(StatisticsFile.board(in: folder, clock: TestClock(1)) == nil)
    }

    @Test func `Something else in the folder's place is left alone`() throws {
        let folder = try Folder()
        try OwnedDescriptor.open(path: folder.pages, .write, [.create]).close()
        #expect(StatisticsFile.board(in: folder.pages, clock: TestClock(1)) == nil)
        #expect(try directoryNames(path: folder.path, countMax: 10) == ["corbel"])
    }

    @Test func `Readers never see a torn page while it is written`() throws {
        let folder = try Folder()
        let board = try #require(StatisticsFile.board(in: folder.pages, clock: TestClock(1)))
        let source = Source(0)
        board.add(source)
        // The reader's thread may be late: there is more to see until it has seen something.
        let deadline = MonotonicTime.now.advanced(byMilliseconds: 60_000)
        let seen = try readWhileWriting(folder.pages) { hasSeenSome in
            while source.requests < 3000 || (!hasSeenSome() && MonotonicTime.now < deadline) {
                source.requests += 1
                board.publish()
            }
        }
        #expect(seen.last == source.requests)
        #expect(seen == seen.sorted())
        #expect(Set(seen).count > 3, "the reader came too late to see anything")
    }
}

/// Reads pages in a second thread until the last state has been seen; answers what was seen in order. Every page must
/// hold together.
private func readWhileWriting(_ folder: String, _ write: (_ hasSeenSome: () -> Bool) -> Void) throws -> [UInt64] {
    let reader = Reader()
    Thread.detachNewThread {
        var last = false
        while !last {
            last = reader.isOver.load(ordering: .acquiring)
            guard let found = try? StatisticsFolder.read(folder), let page = found.pages.first?.page,
                let server = page.servers.first
            else { continue }
            let count = server.record.counters.requests
            #expect(server.record.counters.reads == count && server.record.counters.broadcasts == count)
            #expect(server.buckets.allSatisfy { $0 == count })
            #expect(page.ranges.first?.device == "d\(count)" && page.ranges.first?.start == count)
            reader.seen.withLock { $0.append(count) }
        }
        reader.isDone.signal()
    }
    write { reader.seen.withLock { Set($0).count > 3 } }
    reader.isOver.store(true, ordering: .releasing)
    reader.isDone.wait()
    return reader.seen.withLock { $0 }
}

private final class Reader: Sendable {
    let isOver = Atomic(false)
    let isDone = DispatchSemaphore(value: 0)
    let seen = Mutex<[UInt64]>([])
}

@Suite struct StatisticsFolderTests {
    @Test func `What is no page is skipped with the reason`() throws {
        let folder = try Folder()
        try makeDirectory(path: folder.pages)
        try folder.write([1, 2, 3], "short.page")
        try folder.write([UInt8](repeating: 0, count: 65536), "zeros.page")
        try folder.write([UInt8](repeating: 0, count: 65537), "long.page")
        try folder.write([], "other-file")
        try folder.leavePage("good.page", domain: 5, server: 1)
        try makeDirectory(path: folder.pages + "/folder.page")
        let found = try StatisticsFolder.read(folder.pages)
        try removeDirectory(path: folder.pages + "/folder.page")
        #expect(found.pages.map(\.path) == [folder.pages + "/good.page"])
        #expect(found.pages.first?.isLive == false)
        #expect(
            found.unreadable.map { $0.path.split(separator: "/").last.map(String.init) }
                == ["folder.page", "long.page", "short.page", "zeros.page"])
        #expect(found.unreadable.last?.reason == "no statistics page")
    }

    @Test func `A page whose process stopped while writing is skipped`() throws {
        let folder = try Folder()
        try makeDirectory(path: folder.pages)
        try folder.leavePage("a.page", domain: 5, server: 1)
        let file = try OwnedDescriptor.open(path: folder.pages + "/a.page", .read)
        var bytes = [UInt8](repeating: 0, count: 65536)
        var span = bytes.mutableSpan
        _ = try file.read(into: &span)
        bytes[24] |= 1
        try folder.write(bytes, "a.page")
        #expect(try StatisticsFolder.read(folder.pages).unreadable.first?.reason.contains("writing") == true)
    }

    @Test func `A folder that is not there is told as such`() throws {
        #expect(throws: SystemError(2, "opendir")) { _ = try StatisticsFolder.read("/nowhere") }
    }

    @Test func `Pages of the gone are removed when nothing of theirs is left`() throws {
        let folder = try Folder()
        let board = try #require(StatisticsFile.board(in: folder.pages, program: "live", clock: TestClock(1)))
        board.add(Source(4))  // domain 5
        try folder.leavePage("absent.page", domain: 1, server: 0)
        try folder.leavePage("there.page", domain: 2, server: 0)
        try folder.leavePage("unknown.page", domain: 3, server: 0)
        // The id is another process's by now, or was left by a later one.
        try folder.leavePage("taken.page", domain: 5, server: 4)
        try folder.leavePage("older.page", domain: 2, server: 0, at: 0)
        let found = try StatisticsFolder.read(folder.pages)
        #expect(found.pages.count == 6)
        let left = StatisticsFolder.tidy(found.pages) { domain, _ in domain == 3 ? nil : domain != 1 }
        let names = left.map { $0.path.split(separator: "/").last.map(String.init) ?? "" }
        #expect(names == ["\(processID)-1.page", "there.page", "unknown.page"])
        #expect(try StatisticsFolder.read(folder.pages).pages.map(\.path) == left.map(\.path))
        withExtendedLifetime(board) {}
    }

    @Test func `No more than so many files are looked at`() throws {
        let folder = try Folder()
        try makeDirectory(path: folder.pages)
        for index in 0..<5 { try folder.write([], "\(index).page") }
        #expect(try StatisticsFolder.read(folder.pages, countMax: 3).unreadable.count == 3)
    }
}

@Suite struct LeftOverServerTests {
    @Test func `Owners are the living first, then the latest, then nobody`() throws {
        let folder = try Folder()
        let board = try #require(StatisticsFile.board(in: folder.pages, program: "live", clock: TestClock(1)))
        board.add(Source(0))
        try folder.leavePage("a.page", program: "old", domain: 5, server: 1, at: 1)
        try folder.leavePage("b.page", program: "late\u{1B}r", domain: 5, server: 1, at: 2)
        try folder.leavePage("c.page", program: "elsewhere", domain: 6, server: 2)
        try folder.leavePage("d.page", program: "gone", domain: 5, server: 0, at: .max)
        let servers = DomainServers(ids: [0, 1, 2], domain: 5, folder: folder.pages)
        #expect(servers.servers.map(\.owner.kind) == [.live, .gone, .unknown])
        #expect(servers.servers.map(\.owner.program) == ["live", "late?r", ""])
        #expect(servers.servers[1].owner.words == "left by late?r, process 77, which is gone")
        let warning = try #require(servers.warning)
        #expect(warning.contains("1 (left by late?r, process 77, which is gone), 2 (unknown: QEMU's look the same)"))
        #expect(warning.contains("corbel servers --domain 5"))
        #expect(!warning.contains("0 (live"))
        withExtendedLifetime(board) {}
    }

    @Test func `Nothing is said when every server is somebody's, or none is there`() throws {
        let folder = try Folder()
        let board = try #require(StatisticsFile.board(in: folder.pages, clock: TestClock(1)))
        board.add(Source(0))
        #expect(DomainServers(ids: [0], domain: 5, folder: folder.pages).warning == nil)
        #expect(DomainServers(ids: [], domain: 5, folder: "/nowhere").warning == nil)
        #expect(DomainServers(ids: [0], domain: 5, folder: "/nowhere").warning != nil)
        withExtendedLifetime(board) {}
    }
}
