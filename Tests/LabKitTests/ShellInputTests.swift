// The files by which a shell's input reaches QEMU, and what is written into them.
import Foundation
import Testing

@testable import LabKit

@Suite struct ShellInputTests {
    let folder: ScratchFolder
    let run: RunFolder

    init() throws {
        folder = try ScratchFolder()
        run = try RunFolder(in: PackageCache(folder: folder.url), interruption: Interruption())
    }

    @Test func QEMUFindsAFIFOToReadAndAFileToWrite() throws {
        let input = try ShellInput(.script, in: run)
        defer { input.end() }
        try FileHandle.creating(run.output).writeAll(Data("x".utf8))
        for name in ["console", "port"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: run.folder.appendingPathComponent("\(name).in").path)
            #expect(attributes[.type] as? FileAttributeType == .typeUnknown)  // a FIFO is none that Foundation knows
        }
        #expect(try Data(contentsOf: run.folder.appendingPathComponent("console.out")) == Data("x".utf8))
    }

    @Test func aScriptIsAnnouncedBeforeItIsRead() throws {
        let input = try ShellInput(.script, in: run)
        defer { input.end() }
        let port = try FileHandle(forReadingFrom: run.folder.appendingPathComponent("port.in"))
        #expect(port.availableData == Data("script\n".utf8))
    }

    @Test(
        arguments: [
            ("xterm-256color", "xterm-256color"), (nil, "vt100"), ("", "vt100"), ("a b", "vt100"), ("a\nb", "vt100"),
            ("ä", "vt100"),
        ] as [(String?, String)]) func aTerminalsNameIsOneWord(name: String?, word: String)
    {
        #expect(ShellInput.terminalType(name) == word)
    }

    @Test func QEMUGetsTheInputsFiles() {
        let boot = Boot(key: "k", memory: 512, dom0Memory: 256, input: true)
        #expect(boot.command.contains("pipe,id=output,path=console"))
        #expect(boot.command.contains("pipe,id=port,path=port"))
        #expect(!Boot(key: "k", memory: 512, dom0Memory: 256).command.contains { $0.hasPrefix("pipe,") })
    }
}
