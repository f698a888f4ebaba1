// Files read and written at a position, and replaced in one step.

import SystemCalls
import Testing

@Suite struct PositionTests {
    private func file(_ byteCount: Int) throws -> OwnedDescriptor {
        try OwnedDescriptor.memoryFile(name: "corbel-test", byteCount: byteCount)
    }

    @Test func bytesGoWhereTheyAreSentAndComeBack() throws {
        let file = try file(16)
        let bytes: [UInt8] = [1, 2, 3]
        try file.writeAll(at: 5, bytes.span)
        #expect(try file.read(at: 4, byteCount: 5) == [0, 1, 2, 3, 0])
        #expect(try file.byteCount() == 16)
    }

    @Test func theFilesOwnPositionStays() throws {
        let file = try file(16)
        let bytes: [UInt8] = [9]
        try file.writeAll(at: 7, bytes.span)
        _ = try file.read(at: 3, byteCount: 4)
        var storage = [UInt8](repeating: 0, count: 8)
        var span = storage.mutableSpan
        #expect(try file.read(into: &span) == 8)
        #expect(storage == [0, 0, 0, 0, 0, 0, 0, 9])
    }

    @Test func theEndOfTheFileCutsARead() throws {
        let file = try file(10)
        #expect(try file.read(at: 8, byteCount: 5).count == 2)
        #expect(try file.read(at: 10, byteCount: 5) == [])
        #expect(try file.read(at: 1000, byteCount: 5) == [])
    }

    @Test func aWriteBehindTheEndMakesTheFileLonger() throws {
        let file = try file(2)
        let bytes: [UInt8] = [7]
        try file.writeAll(at: 4, bytes.span)
        #expect(try file.read(at: 0, byteCount: 9) == [0, 0, 0, 0, 7])
    }

    @Test func aNegativePositionAndAPipeAreErrors() throws {
        let file = try file(2)
        #expect(throws: SystemError(22, "")) { _ = try file.read(at: -1, byteCount: 1) }
        let pipe = try Pipe()
        #expect(throws: SystemError(29, "")) { _ = try pipe.reading.read(at: 0, byteCount: 1) }
    }

    @Test func aFileIsReplacedWholeAndNothingIsLeftBeside() throws {
        let folder = "/tmp/corbel-replace-\(processID)"
        try makeDirectory(path: folder)
        let (old, new): ([UInt8], [UInt8]) = ([1, 2, 3], [4])
        try replaceFile(path: folder + "/file", with: old.span)
        let open = try OwnedDescriptor.open(path: folder + "/file", .read)
        try replaceFile(path: folder + "/file", with: new.span)
        #expect(try open.read(at: 0, byteCount: 9) == [1, 2, 3])
        #expect(try OwnedDescriptor.open(path: folder + "/file", .read).read(at: 0, byteCount: 9) == [4])
        try removeFile(path: folder + "/file")
        // Throws if something else is in it.
        try removeDirectory(path: folder)
    }

    @Test func aFileThatCannotBeReplacedLeavesNothing() throws {
        let folder = "/tmp/corbel-refuse-\(processID)"
        try makeDirectory(path: folder)
        try makeDirectory(path: folder + "/file")
        let bytes: [UInt8] = [1]
        #expect(throws: SystemError.self) { try replaceFile(path: folder + "/file", with: bytes.span) }
        try removeDirectory(path: folder + "/file")
        try removeDirectory(path: folder)
    }
}
