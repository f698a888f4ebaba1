// A file that is replaced whole, however its calls fail. varstored.md 11.4, 11.5, 13.2.

import SystemCalls
import Testing

@testable import VariableBackends

/// The system's calls, counted; one of them fails, or takes little.
private final class CountedCalls: FileCalls {
    let inner: FolderCalls
    private(set) var made: [String] = []
    /// The call that fails, by its place among those that change something.
    var failing: Int?
    /// Another one, with ENOSPC.
    var failingToo: Int?
    var code: Int32 = 28
    /// What a write takes at most, in bytes.
    var writeByteCountMax = Int.max

    init(_ path: String) throws { inner = try FolderCalls(path: path) }

    private func count(_ name: StaticString) throws(SystemError) {
        made.append("\(name)")
        if made.count - 1 == failing { throw SystemError(code, name) }
        if made.count - 1 == failingToo { throw SystemError(28, name) }
    }

    func forget() { made = [] }

    func openForReading(_ name: String) throws(SystemError) -> OwnedDescriptor { try inner.openForReading(name) }
    func openForWriting(_ name: String) throws(SystemError) -> OwnedDescriptor { try inner.openForWriting(name) }
    func openLock(_ name: String) throws(SystemError) -> OwnedDescriptor { try inner.openLock(name) }

    func make(_ name: String) throws(SystemError) -> OwnedDescriptor {
        try count("make")
        return try inner.make(name)
    }

    func write(_ file: borrowing OwnedDescriptor, _ bytes: Span<UInt8>) throws(SystemError) -> Int {
        try count("write")
        return try inner.write(file, bytes.extracting(first: min(bytes.count, writeByteCountMax)))
    }

    func synchronize(_ file: borrowing OwnedDescriptor) throws(SystemError) {
        try count("fsync")
        try inner.synchronize(file)
    }

    func rename(_ old: String, to new: String) throws(SystemError) {
        try count("rename")
        try inner.rename(old, to: new)
    }

    func remove(_ name: String) throws(SystemError) {
        try count("remove")
        try inner.remove(name)
    }

    func synchronizeFolder() throws(SystemError) {
        try count("fsync folder")
        try inner.synchronizeFolder()
    }
}

@Suite struct StateFileTests {
    let folder: TestFolder
    private let old = [UInt8](repeating: 1, count: 1000)
    private let new = [UInt8](repeating: 2, count: 3000)

    init() throws { folder = try TestFolder() }

    private var path: String { folder.path + "/state" }

    @Test func aFileIsReplacedByTwoFsyncsAndNoOther() throws {
        let calls = try CountedCalls(folder.path)
        let file = StateFile(name: "state", calls: calls)
        #expect(try file.read(byteCountMax: 5000) == nil)
        try file.replace(with: old)
        #expect(calls.made == ["remove", "make", "write", "fsync", "rename", "fsync folder"])
        calls.writeByteCountMax = 999
        try file.replace(with: new)
        #expect(calls.made.filter { $0.hasPrefix("fsync") }.count == 4)
        #expect(calls.made.filter { $0 == "write" }.count == 5)
        #expect(try file.read(byteCountMax: 5000) == new)
        #expect(folder.names == ["state"])
    }

    @Test(arguments: [28, 122, 5, 30] as [Int32])
    func whicheverCallFailsTheOldFileStays(code: Int32) throws {
        let calls = try CountedCalls(folder.path)
        calls.writeByteCountMax = 1100
        let file = StateFile(name: "state", calls: calls)
        try file.replace(with: old)
        // remove, make, three writes, fsync, rename; what comes after is another story.
        for place in 0..<7 {
            calls.forget()
            calls.failing = place
            calls.code = code
            #expect(throws: BackendFailure.system(SystemError(code, "x"))) { try file.replace(with: new) }
            calls.failing = nil
            #expect(try file.read(byteCountMax: 5000) == old)
            #expect(folder.names == ["state"], "call \(place)")
        }
        // The new file has its name; whether it lasts nobody knows, and so it is said.
        calls.forget()
        calls.failing = 7
        #expect(throws: BackendFailure.system(SystemError(code, "x"))) { try file.replace(with: new) }
        #expect(try folder.bytes("state") == new)
    }

    @Test func whatAKilledProcessHasLeftIsReplacedAndNeverOpened() throws {
        try folder.put("state.new", [9, 9])
        let file = try StateFile(path: path)
        try file.replace(with: old)
        #expect(folder.names == ["state"])
        // A trap: a link with the temporary name.
        try folder.put("victim", [7])
        try link("victim", "state.new")
        try file.replace(with: new)
        #expect(try folder.bytes("victim") == [7])
        #expect(folder.names == ["state", "victim"])
    }

    @Test func aSymbolicLinkIsNeitherReadNorFollowed() throws {
        try folder.put("victim", [7])
        try link("victim", "state")
        let file = try StateFile(path: path)
        #expect(throws: BackendFailure.notAFile("state")) { try file.read(byteCountMax: 100) }
        try file.replace(with: old)
        #expect(try folder.bytes("victim") == [7])
        #expect(try file.read(byteCountMax: 1000) == old)
        try link("victim", "state.lock")
        #expect(throws: BackendFailure.notAFile("state.lock")) { _ = try file.lock() }
    }

    @Test func whatIsNoOrdinaryFileIsRefusedWithoutWaiting() throws {
        #expect(throws: BackendFailure.notAFile("null")) { try StateFile(path: "/dev/null").read(byteCountMax: 9) }
        #expect(throws: BackendFailure.notAFile("tmp")) { try StateFile(path: "/tmp").read(byteCountMax: 9) }
        for path in ["", "/", "a/", ".", "..", "/tmp/..", "a\u{0}b"] {
            #expect(throws: BackendFailure.badPath(path)) { _ = try StateFile(path: path) }
        }
        #expect(throws: BackendFailure.system(SystemError(2, "open"))) {
            _ = try StateFile(path: folder.path + "/none/state")
        }
    }

    @Test func sizesAreLimitedBothWays() throws {
        let file = try StateFile(path: path)
        try file.replace(with: [UInt8](repeating: 3, count: StateFile.writtenByteCountMax))
        #expect(throws: BackendFailure.tooLong(byteCount: 262_145, byteCountMax: 262_144)) {
            try file.replace(with: [UInt8](repeating: 3, count: StateFile.writtenByteCountMax + 1))
        }
        #expect(try file.read(byteCountMax: 262_144)?.count == 262_144)
        #expect(throws: BackendFailure.self) { try file.read(byteCountMax: 262_143) }
        #expect(throws: BackendFailure.self) { try file.read(byteCountMax: 100) }
    }

    @Test func theFileIsForItsOwnerOnly() throws {
        let file = try StateFile(path: path)
        try file.replace(with: old)
        // A directory handle is kept: the path may lead elsewhere afterwards.
        let moved = folder.path + ".moved"
        try renameFile(from: folder.path, to: moved)
        defer { try? renameFile(from: moved, to: folder.path) }
        try file.replace(with: new)
        #expect(try StateFile(path: moved + "/state").read(byteCountMax: 5000) == new)
        #expect(try permissions(moved + "/state") == 0o600)
    }

    @Test(
        "192: where the folder may not be written to, a save goes into the file that is there, and into nothing else",
        arguments: [1, 13, 30] as [Int32])
    func saveInPlace(code: Int32) throws {
        let calls = try CountedCalls(folder.path)
        let file = StateFile(name: "state", calls: calls)
        calls.code = code
        calls.failing = 1
        #expect(throws: BackendFailure.system(SystemError(code, "x"))) { try file.save(new) }
        #expect(folder.names.isEmpty)
        for before in [old, [], [UInt8](repeating: 5, count: 9000)] {
            try folder.put("state", before)
            calls.forget()
            try file.save(new)
            #expect(try folder.bytes("state") == new)
        }
        #expect(folder.names == ["state"])
        // Through a link nothing is written.
        try folder.put("victim", [7])
        try removeFile(path: path)
        try link("victim", "state")
        calls.forget()
        #expect(throws: BackendFailure.system(SystemError(code, "x"))) { try file.save(new) }
        #expect(try folder.bytes("victim") == [7])
    }

    @Test("192: a save into the file that is there, and that is cut off, leaves nothing that can be resumed from")
    func cutInPlace() throws {
        let calls = try CountedCalls(folder.path)
        let file = StateFile(name: "state", calls: calls)
        calls.code = 13
        calls.failing = 1
        calls.writeByteCountMax = 1100
        // remove, make (refused), remove, three writes, fsync, the write of the first bytes.
        for place in 3..<8 {
            try folder.put("state", old)
            calls.forget()
            calls.failingToo = place
            #expect(throws: BackendFailure.system(SystemError(28, "x"))) { try file.save(new) }
            #expect(calls.made.count == place + 1)
            #expect(try folder.bytes("state").prefix(4).allSatisfy { $0 == 0 }, "call \(place)")
        }
        calls.forget()
        calls.failingToo = nil
        try file.save(new)
        #expect(try folder.bytes("state") == new)
        #expect(calls.made.last == "fsync")
    }

    @Test func aSaveThatFailsForAnotherReasonLeavesTheOldFile() throws {
        let calls = try CountedCalls(folder.path)
        let file = StateFile(name: "state", calls: calls)
        try file.save(old)
        for place in 0..<5 {
            calls.forget()
            calls.failing = place
            #expect(throws: BackendFailure.system(SystemError(28, "x"))) { try file.save(new) }
            #expect(try folder.bytes("state") == old)
        }
    }

    @Test func fourCopiesOfBadBlobsAreKeptTheOldestStay() throws {
        let calls = try CountedCalls(folder.path)
        let file = StateFile(name: "state", calls: calls)
        for number in 1...4 { #expect(try file.quarantine([UInt8(number)]) == "state.quarantine-\(number)") }
        #expect(calls.made.filter { $0.hasPrefix("fsync") }.count == 8)
        // The same blob, found again at the next start, takes no other place.
        #expect(try file.quarantine([3]) == "state.quarantine-3")
        #expect(try file.quarantine([5]) == nil)
        for number in 1...4 { #expect(try folder.bytes("state.quarantine-\(number)") == [UInt8(number)]) }
        #expect(folder.names.count == 4)
    }

    @Test func aFailedQuarantineLeavesNothing() throws {
        let calls = try CountedCalls(folder.path)
        let file = StateFile(name: "state", calls: calls)
        calls.failing = 2
        #expect(throws: BackendFailure.system(SystemError(28, "write"))) { try file.quarantine([1]) }
        #expect(folder.names.isEmpty)
    }
}
