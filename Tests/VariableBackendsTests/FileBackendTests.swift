// The file backend: first boot, lock, writes, notification. varstored.md 13.2, 13.5.

import DaemonShell
import SystemCalls
import Testing
import VariableService

@testable import VariableBackends

@Suite struct FileBackendTests {
    private let folder: TestFolder
    private let lines = Lines()

    init() throws { folder = try TestFolder() }

    private func open() throws -> FileBackend {
        try FileBackend(path: folder.path + "/vm.nvram", log: DaemonLog(.debug, sink: lines))
    }

    private func outcome(_ begin: (@escaping (BackendOutcome) -> Void) -> Void) -> BackendOutcome? {
        var outcomes: [BackendOutcome] = []
        begin { outcomes.append($0) }
        #expect(outcomes.count == 1)
        return outcomes.first
    }

    @Test func aMissingOrAnEmptyFileIsAFirstBoot() throws {
        let backend = try open()
        #expect(try backend.load { false } == StoredVariables(blob: nil, certificates: .absent))
        try folder.put("vm.nvram", [])
        #expect(try backend.load { false }.blob == nil)
        try folder.put("vm.nvram", [1])
        #expect(try backend.load { false }.blob == [1])
        try folder.put("vm.nvram", [UInt8](repeating: 0, count: FileBackend.byteCountMax + 1))
        #expect(throws: BackendFailure.self) { try backend.load { false } }
    }

    @Test func aWriteIsThereWhenItIsConfirmed() throws {
        let backend = try open()
        #expect(outcome { backend.write([1, 2], for: .keysChanged, then: $0) } == .confirmed)
        #expect(try folder.bytes("vm.nvram") == [1, 2])
        #expect(folder.names == ["vm.nvram", "vm.nvram.lock"])
        let long = [UInt8](repeating: 0, count: StateFile.writtenByteCountMax + 1)
        guard case .failed? = outcome({ backend.write(long, for: .ordinary, then: $0) }) else {
            Issue.record("a blob beyond RLIMIT_FSIZE was taken")
            return
        }
        #expect(try folder.bytes("vm.nvram") == [1, 2])
    }

    @Test("193: a second daemon on the same path is refused, for as long as the first one lives")
    func lock() throws {
        var first: FileBackend? = try open()
        #expect(first != nil)
        #expect(throws: BackendFailure.locked(path: folder.path + "/vm.nvram.lock")) { _ = try open() }
        #expect(throws: BackendFailure.self) { _ = try StateFile(path: folder.path + "/vm.nvram").lock() }
        // Another VM's file is another lock.
        _ = try FileBackend(path: folder.path + "/other", log: DaemonLog(.debug, sink: lines))
        first = nil
        _ = try open()
    }

    @Test func whatAKilledDaemonHasLeftGoesAtTheStart() throws {
        try folder.put("vm.nvram.new", [1])
        _ = try open().load { false }
        #expect(folder.names == ["vm.nvram.lock"])
    }

    @Test func aFolderInWhichNothingCanBeMadeIsSaidAtTheStart() throws {
        // A folder with the temporary name stands for it: it can't be removed as a file, whoever asks.
        try makeDirectory(path: folder.path + "/vm.nvram.new")
        defer { try? removeDirectory(path: folder.path + "/vm.nvram.new") }
        let backend = try open()
        // Whoever opens it may have other rights than who writes.
        #expect(lines.lines.isEmpty)
        #expect(try backend.load { false }.blob == nil)
        #expect(lines.lines.count == 1)
        #expect(lines.lines[0].contains("WARN backend: no file can be made"))
        guard case .failed? = outcome({ backend.write([1], for: .ordinary, then: $0) }) else {
            Issue.record("a write that can't be was confirmed")
            return
        }
    }

    @Test func whereNothingIsToBeWrittenTheFolderIsNotTried() throws {
        try makeDirectory(path: folder.path + "/vm.nvram.new")
        defer { try? removeDirectory(path: folder.path + "/vm.nvram.new") }
        let log = DaemonLog(.debug, sink: lines)
        let backend = try FileBackend(path: folder.path + "/vm.nvram", isWritten: false, log: log)
        #expect(try backend.load { false }.blob == nil)
        #expect(lines.lines.isEmpty)
    }

    @Test func aNotificationIsALineOfTheLog() throws {
        let backend = try open()
        #expect(outcome { backend.notifySecureBootFailure(then: $0) } == .confirmed)
        #expect(lines.lines.count == 1)
        #expect(lines.lines[0].contains("WARN backend: "))
    }
}
