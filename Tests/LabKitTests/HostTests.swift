// What this machine lacks is named, with the command that helps; files and libraries of the user.
import Dispatch
import Foundation
import Glibc
import Testing

@testable import LabKit

@Suite struct HostTests {
    @Test func aMissingProgramIsNamedWithItsPackage() throws {
        let folder = try ScratchFolder()
        for tool in HostTools.needed where tool.program != "qemu-system-x86_64" {
            let url = folder.url.appendingPathComponent(tool.program)
            try Data().write(to: url)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
        }
        let error = LabError(
            .missingTool, "qemu-system-x86_64 is not installed", remedy: "sudo apt-get install qemu-system-x86")
        #expect(throws: error) { try HostTools(path: folder.url.path).check() }
        #expect(error.exitStatus == 2)
    }

    @Test func severalMissingProgramsAreOneMessage() throws {
        let folder = try ScratchFolder()
        let error = try #require(throws: LabError.self) { try HostTools(path: folder.url.path).check() }
        for tool in HostTools.needed {
            #expect(error.message.contains(tool.program))
            #expect(error.remedy?.contains(tool.package) == true)
        }
    }

    @Test func aFullDiskIsSaidSo() {
        let output = ChildOutput(
            status: 100, output: Data(), errors: "E: write error - write (28: No space left on device)\n")
        #expect(ChildProcess.failure(["dpkg-deb"], output).reason == .diskFull)
        #expect(AptComplaint(output.errors, status: 100).error(mirror: nil, suite: "trixie").reason == .diskFull)
        let error = NSError(domain: NSPOSIXErrorDomain, code: 28)
        #expect(LabError.file(error, "write").reason == .diskFull)
    }

    @Test func aFullDiskIsNoticedWhileWriting() throws {
        // /dev/full takes nothing: write(2) fails with ENOSPC.
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let error = try #require(throws: LabError.self) { try full.writeAll(Data("x".utf8)) }
        #expect(error.reason == .diskFull)
        #expect(error.message == "the disk is full at /dev")
    }

    @Test func aFileThatIsReplacedIsNotWrittenThroughALink() throws {
        let folder = try ScratchFolder()
        let (victim, link) = (folder.url.appendingPathComponent("victim"), folder.url.appendingPathComponent("link"))
        try victim.replace(with: "mine")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: victim)
        try link.replace(with: "new")
        #expect(try String(contentsOf: victim, encoding: .utf8) == "mine")
        #expect(try String(contentsOf: link, encoding: .utf8) == "new")
        #expect(folder.url.entries().count == 2)
    }

    @Test func aNewCacheFolderIsItsOwnersAlone() throws {
        let folder = try ScratchFolder()
        let place = folder.url.appendingPathComponent("a/corbel")
        try place.makePrivateFolder()
        let attributes = try FileManager.default.attributesOfItem(atPath: place.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
        try place.makePrivateFolder()
    }

    @Test func outputWaitsForASlowReaderAndTellsItsErrorsApart() throws {
        let pipe = Pipe()
        let (reader, writer) = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
        // Non-blocking, as a parent may have made it for itself.
        #expect(fcntl(writer.fileDescriptor, F_SETFL, O_NONBLOCK) == 0)
        let bytes = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
        let read = Collected()
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            while read.all.count < bytes.count { _ = read.add(reader.availableData) }
            ended.signal()
        }
        #expect(StandardOutput.writeAll(bytes, to: writer.fileDescriptor) == 0)
        ended.wait()
        #expect(read.all == bytes)
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        #expect(StandardOutput.writeAll(Data("x".utf8), to: full.fileDescriptor) == ENOSPC)
    }

    @Test func lddsAnswerIsRead() throws {
        let text = """
            \tlinux-vdso.so.1 (0x00007ffc)
            \tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)
            \tlibx.so.1 => /opt/my libs (0x1)/libx.so.1 (0x00007f)
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f)
            """
        #expect(
            try SharedLibraries.libraries(text, of: []).map { "\($0.source) \($0.place)" } == [
                "/lib/x86_64-linux-gnu/libm.so.6 lib/x86_64-linux-gnu/libm.so.6",
                "/opt/my libs (0x1)/libx.so.1 lib/x86_64-linux-gnu/libx.so.1",
                "/lib64/ld-linux-x86-64.so.2 lib64/ld-linux-x86-64.so.2",
            ])
        #expect(try SharedLibraries.libraries("\tnot a dynamic executable\n", of: []).isEmpty)
    }

    @Test func aLibraryThatIsNotThereIsAnError() throws {
        let text = "/tmp/a:\n\tlibz.so.1 => /lib/libz.so.1 (0x7f)\n/tmp/b:\n\tlibgone.so.3 => not found\n"
        #expect(
            throws: LabError(.badInput, "/tmp/b needs the library libgone.so.3, which is not on this machine")
        ) { try SharedLibraries.libraries(text, of: []) }
    }

    @Test func placesOfFiles() throws {
        let folder = try ScratchFolder()
        let file = folder.url.appendingPathComponent("a.bin").path
        let odd = folder.url.appendingPathComponent("x=y").path
        try Data().write(to: URL(fileURLWithPath: file))
        try Data().write(to: URL(fileURLWithPath: odd))
        #expect(try LabFile(file).place == "/lab/a.bin")
        #expect(try LabFile("\(file)=/etc/b").place == "/etc/b")
        #expect(try LabFile("\(file)=sub/b").place == "/lab/sub/b")
        #expect(try LabFile("\(file)=/data/").place == "/data/a.bin")
        #expect(try LabFile(odd).place == "/lab/x=y")
        #expect(throws: LabError.self) { try LabFile(folder.url.path) }
        #expect(throws: LabError.self) { try LabFile("\(file).gone") }
    }
}
