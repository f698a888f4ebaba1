// Names in the file system.

import SystemCalls
import Testing

@Suite struct FileSystemTests {
    @Test func aFileIsMadeWrittenRenamedAndRemoved() throws {
        let folder = "/tmp/corbel-files-\(processID)"
        try makeDirectory(path: folder)
        let text: [UInt8] = [104, 105]
        do {
            let file = try OwnedDescriptor.open(path: folder + "/new", .write, [.create, .exclusive])
            try file.writeAll(text.span)
            try file.synchronize()
            #expect(try file.byteCount() == 2)
            #expect(try file.isRegularFile())
        }
        try renameFile(from: folder + "/new", to: folder + "/old")
        let file = try OwnedDescriptor.open(path: folder + "/old", .read)
        var bytes = [UInt8](repeating: 0, count: 9)
        var span = bytes.mutableSpan
        #expect(try file.read(into: &span) == 2)
        #expect(bytes.prefix(2) == [104, 105])
        var code: Int32 = 0
        do throws(SystemError) { try removeDirectory(path: folder) } catch { code = error.code }
        #expect(code == 39, "ENOTEMPTY")
        try removeFile(path: folder + "/old")
        try removeDirectory(path: folder)
    }

    @Test func aFolderAndADeviceAreNoOrdinaryFiles() throws {
        #expect(try !OwnedDescriptor.open(path: "/tmp", .read).isRegularFile())
        #expect(try !OwnedDescriptor.open(path: "/dev/null", .write).isRegularFile())
    }

    @Test func anExclusiveFileIsNotMadeTwice() throws {
        var code: Int32 = 0
        do throws(SystemError) {
            _ = try OwnedDescriptor.open(path: "/dev/null", .write, [.create, .exclusive]).rawValue
        } catch { code = error.code }
        #expect(code == 17)
    }
}
