// The ELF reader, on a file made by hand: what it finds, and that nothing outside the file is looked at.
import Foundation
import Testing

@testable import LabKit

/// A small ELF file: header, three program headers, then interpreter, names and dynamic section.
private struct Sample {
    static let address: UInt64 = 0x40_0000
    var bytes: [UInt8] = []
    static let headers = 64 + 3 * 56

    private mutating func put(_ value: UInt64, _ count: Int) {
        for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(shift)))) }
    }

    private mutating func segment(_ type: UInt64, _ offset: Int, _ count: Int) {
        put(type, 4)
        put(0, 4)
        for value in [UInt64(offset), Self.address + UInt64(offset), 0, UInt64(count), UInt64(count), 1] {
            put(value, 8)
        }
    }

    init(machine: UInt64 = 62, nameOffset: UInt64 = 1) {
        let interpreter = Array("/lib64/ld.so\0".utf8)
        let names = Array("\0libc.so.6\0libm.so.6\0".utf8)
        let (interpreterAt, namesAt) = (Self.headers, Self.headers + interpreter.count)
        let dynamicAt = namesAt + names.count
        let dynamic: [(UInt64, UInt64)] = [
            (1, nameOffset), (1, 11), (5, Self.address + UInt64(namesAt)), (10, UInt64(names.count)), (0, 0), (1, 999),
        ]
        bytes = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        put(3, 2)
        put(machine, 2)
        put(1, 4)
        put(0, 8)
        put(64, 8)
        put(0, 8)
        put(0, 4)
        for value: UInt64 in [64, 56, 3, 0, 0, 0] { put(value, 2) }
        segment(3, interpreterAt, interpreter.count)
        segment(1, 0, dynamicAt + dynamic.count * 16)
        segment(2, dynamicAt, dynamic.count * 16)
        bytes += interpreter + names
        for (tag, value) in dynamic {
            put(tag, 8)
            put(value, 8)
        }
    }
}

@Suite struct ELFFileTests {
    @Test func namesAreFound() throws {
        let file = try ELFFile(Data(Sample().bytes))
        #expect(file.interpreter == "/lib64/ld.so")
        #expect(file.needed == ["libc.so.6", "libm.so.6"])
        // The indices of a slice do not begin at 0.
        #expect(try ELFFile(Data([9, 9] + Sample().bytes).dropFirst(2)) == file)
    }

    @Test func aFileCutAtAnyLengthIsRefused() {
        let whole = Sample().bytes
        for length in 0..<whole.count {
            #expect(throws: ELFFile.Problem.self, "cut at \(length)") { try ELFFile(Data(whole[..<length])) }
        }
    }

    @Test func noByteChangedMakesItReadOutside() throws {
        // Whatever it then says, it must come back: an index outside of the file would trap.
        let whole = Sample().bytes
        for index in whole.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var changed = whole
                changed[index] = value
                _ = try? ELFFile(Data(changed))
            }
        }
        #expect(throws: ELFFile.Problem.damaged) { try ELFFile(Data(Sample(nameOffset: 21).bytes)) }
        #expect(throws: ELFFile.Problem.damaged) { try ELFFile(Data(Sample(nameOffset: .max).bytes)) }
    }

    @Test func anotherMachinesProgramIsNone() {
        #expect(throws: ELFFile.Problem.notELF) { try ELFFile(Data(Sample(machine: 183).bytes)) }
        #expect(throws: ELFFile.Problem.notELF) { try ELFFile(Data("#!/bin/sh\n".utf8)) }
    }

    @Test func aRealProgramIsRead() throws {
        let shell = try ELFFile(try Data(contentsOf: URL(fileURLWithPath: "/bin/sh")))
        #expect(shell.interpreter == "/lib64/ld-linux-x86-64.so.2")
        #expect(shell.needed.contains("libc.so.6"))
    }

    @Test func aLibraryThatNoPackageHasIsAnError() throws {
        let root = try ScratchFolder()
        let libraries = root.url.appendingPathComponent("usr/lib/x86_64-linux-gnu")
        try FileManager.default.createDirectory(at: libraries, withIntermediateDirectories: true)
        let program = root.url.appendingPathComponent("program")
        try Data(Sample().bytes).write(to: program)
        for name in ["libc.so.6", "ld.so"] {
            try Data(Sample().bytes).write(to: libraries.appendingPathComponent(name))
        }
        let packaged = PackagedLibraries(root: root.url)
        let error = try #require(throws: LabError.self) { try packaged.needed(by: [program]) }
        #expect(error.message.contains("libm.so.6"))
        // A link that leaves the packages would bring this machine's library.
        let link = libraries.appendingPathComponent("libm.so.6")
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "/bin/sh")
        #expect(throws: LabError.self) { try packaged.needed(by: [program]) }
        link.remove()
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "libc.so.6")
        #expect(try packaged.needed(by: [program]).keys.sorted() == ["ld.so", "libc.so.6", "libm.so.6"])
    }
}
