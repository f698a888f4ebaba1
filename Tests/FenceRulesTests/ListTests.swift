// The stable list: how it is read, and that it says what XenABI and dmop.md say.

import FenceRules
import Testing
import XenABI

@Suite struct ListTests {
    private static func hex(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The second and third word of the lines that begin with ioctl.
    private static func requests(_ node: String) throws -> Set<String> {
        let lines = try StableList.builtIn().sources.keys.map { $0.split(separator: " ").map(String.init) }
        return Set(lines.filter { $0[0] == "ioctl" && $0[1] == node }.map { $0[2] })
    }

    private static func reason(_ text: String) -> String {
        do throws(ListError) {
            var list = StableList()
            try list.add("numbers read=0 write=1\n" + text)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func theListCanBeRead() throws {
        let list = try StableList.builtIn()
        #expect(list.sources.count > 80)
        #expect(list.names[257] == "openat")
    }

    @Test func everyOperationIsOnTheListWithItsBuffersAndNoOther() throws {
        let list = try StableList.builtIn()
        for operation in DMOpcode.all {
            let buffers = operation.usesSecondBuffer ? 2 : 1
            let line = "ioctl privcmd 0x00105005 op=\(operation.rawValue) buffers=\(buffers)"
            let source = try #require(list.sources[line])
            #expect(source.split(separator: ":")[0] == operation.name.description)
        }
        #expect(list.sources.keys.filter { $0.hasPrefix("ioctl privcmd 0x00105005") }.count == DMOpcode.all.count)
    }

    @Test func theIoctlsAreThoseOfXenABI() throws {
        #expect(
            try Self.requests("privcmd")
                == Set(
                    [
                        PrivcmdCall.hypercall, PrivcmdCall.mmapBatchV2, PrivcmdCall.dmOp, PrivcmdCall.restrict,
                        PrivcmdCall.mmapResource,
                    ].map(Self.hex)))
        #expect(
            try Self.requests("evtchn")
                == Set(
                    [
                        EventChannelCall.bindVIRQ, EventChannelCall.bindInterdomain, EventChannelCall.bindUnboundPort,
                        EventChannelCall.unbind, EventChannelCall.notify, EventChannelCall.reset,
                        EventChannelCall.restrict, EventChannelCall.bindStatic,
                    ].map(Self.hex)))
        #expect(try Self.requests("gntdev").contains(Self.hex(GrantDeviceCall.mapGrantReference)))
        #expect(try Self.requests("gntdev").count == 5)
    }

    @Test func oneHypercallIsOnTheList() throws {
        let lines = try StableList.builtIn().sources.keys.filter { $0.contains("hypercall=") }
        #expect(
            lines == [
                "ioctl privcmd 0x00305000 hypercall=\(Hypercall.domctl) command=\(GetDomainState.command) "
                    + "version=\(GetDomainState.stableInterfaceVersion)"
            ])
    }

    @Test(arguments: [
        "socket", "execve", "execveat", "clone", "clone3", "fork", "open", "sendto", "ptrace", "ioperm", "iopl",
        "openat sysfs", "openat xenfs", "openat xenbus", "openat gntalloc", "openat unknown", "read sysfs",
        "mmap unknown", "mmap terminal", "write proc",
    ])
    func neverOnTheList(_ call: String) throws {
        #expect(try !StableList.builtIn().allows(call))
    }

    @Test func spacesAndCommentsDoNotMatter() throws {
        var list = StableList()
        try list.add("# a comment\n\nnumbers read=0\n  read   file     #  the   loader  \n")
        #expect(list.sources == ["read file": "the loader"])
        #expect(list.allows("read file"))
        #expect(!list.allows("read"))
    }

    @Test func aLineWithoutAReasonIsRefused() {
        #expect(Self.reason("read file\n") == "line 2: it should end in # and the reason why it may be made")
        #expect(Self.reason("read file #  \n").hasPrefix("line 2: it should end in #"))
    }

    @Test func aLineThatCanNotMatchIsRefused() {
        #expect(Self.reason("raed file # typing error").hasPrefix("line 2: \"raed\" has no number"))
    }

    @Test func aLineTwiceIsRefused() {
        #expect(Self.reason("read a # x\nread  a # y") == "line 3: \"read a\" is on the list already")
    }

    @Test func aNumberHasOneName() {
        #expect(Self.reason("numbers read=0").isEmpty)
        #expect(Self.reason("numbers reed=0") == "line 2: 0 is read already")
        #expect(Self.reason("numbers reed") == "line 2: \"reed\" should be NAME=NUMBER")
    }
}
