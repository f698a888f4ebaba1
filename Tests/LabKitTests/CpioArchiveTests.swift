// The boot archive: byte for byte, and as another program reads it.
import Foundation
import Testing

@testable import LabKit

@Suite struct CpioArchiveTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func archive(_ fill: (inout CpioArchive) throws -> Void) throws -> Data {
        let url = folder.url.appendingPathComponent("archive")
        var archive = CpioArchive(try .creating(url))
        try fill(&archive)
        try archive.finish()
        return try Data(contentsOf: url)
    }

    /// Fields of cpio(5)'s "New ASCII Format", a line each.
    private func header(_ inode: String, _ mode: String, links: String, size: String, nameSize: String) -> String {
        [
            "070701", inode, mode,
            "00000000", "00000000",  // owner: root
            links,
            "00000000",  // time
            size,
            "00000000", "00000000", "00000000", "00000000",  // devices
            nameSize,
            "00000000",  // checksum: none in this format
        ].joined()
    }

    @Test func aFileInAFolderIsWrittenAsTheFormatSays() throws {
        let written = try archive { try $0.add(Data("hello".utf8), at: "/lab/x", permissions: 0o755) }
        let expected =
            header("00000001", "000041ED", links: "00000002", size: "00000000", nameSize: "00000004")
            + "lab\0\0\0"  // 110 + 4 bytes, and 2 to a multiple of four
            + header("00000002", "000081ED", links: "00000001", size: "00000005", nameSize: "00000006")
            + "lab/x\0" + "hello\0\0\0"
            + header("00000000", "00000000", links: "00000001", size: "00000000", nameSize: "0000000B")
            + "TRAILER!!!\0\0\0\0"
        #expect(written == Data(expected.utf8))
    }

    @Test(arguments: 0...9) func everySizeEndsOnAMultipleOfFour(size: Int) throws {
        let written = try archive { try $0.add(Data(repeating: 0xff, count: size), at: "f", permissions: 0o644) }
        #expect(written.count % 4 == 0)
    }

    @Test(arguments: ["", "/", "a/../b", "./a", ".."]) func aPlaceOutsideIsRefused(place: String) throws {
        #expect(throws: LabError.self) {
            _ = try archive { try $0.add(Data(), at: place, permissions: 0o644) }
        }
    }

    @Test func cpioReadsBackWhatWasWritten() throws {
        let script = folder.url.appendingPathComponent("script.sh")
        try Data("#!/bin/sh\n".utf8).write(to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
        _ = try archive {
            try $0.add(file: script, at: "bin/script.sh")
            try $0.add(Data(repeating: 7, count: 100_001), at: "data/large", permissions: 0o600)
            try $0.add(link: "bin/link", to: "script.sh")
            try $0.add(Data("later".utf8), at: "data/twice", permissions: 0o644)
        }
        let listing = try ChildProcess.run(
            ["cpio", "-itv", "--quiet", "-F", folder.url.appendingPathComponent("archive").path],
            interruption: Interruption())
        #expect(listing.status == 0)
        let lines = String(decoding: listing.output, as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            return ([words[0]] + [words[4]] + words[8...]).joined(separator: " ")
        }
        #expect(
            lines == [
                "drwxr-xr-x 0 bin", "-rwxr-xr-x 10 bin/script.sh", "drwxr-xr-x 0 data",
                "-rw------- 100001 data/large", "lrwxrwxrwx 9 bin/link -> script.sh", "-rw-r--r-- 5 data/twice",
            ])
    }
}
