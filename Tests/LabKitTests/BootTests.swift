// The command line of a boot, memory, the kernel inside a bzImage, and children that must not outlive us.
import Dispatch
import Foundation
import Glibc
import Testing

@testable import LabKit

@Suite struct BootTests {
    @Test func aPlainBootStartsNoToolstack() {
        let boot = Boot(key: "k1", memory: 512, dom0Memory: 256)
        #expect(boot.kernelOptions.contains("corbel.key=k1"))
        #expect(!boot.kernelOptions.contains { $0.hasPrefix("corbel.toolstack") })
        #expect(!boot.xenOptions.contains("xsave=0"))
        #expect(boot.xenOptions.contains("dom0_mem=256M,max:256M"))
        // QEMU takes the modules apart at commas: there must be exactly one.
        #expect(boot.command.last?.split(separator: ",").count == 2)
    }

    @Test func aLinuxGuestNeedsItsOptions() {
        let boot = Boot(key: "k", memory: 1024, dom0Memory: 384, toolstack: .ours, linuxGuest: true)
        #expect(boot.xenOptions.suffix(2) == ["xsave=0", "conring_size=512k"])
        #expect(boot.kernelOptions.contains("corbel.toolstack=ours"))
    }

    @Test func dom0HasNoWideRegistersWhereGuestsRunOrSeveralProcessors() {
        let toolstack = Boot(key: "k", memory: 1024, dom0Memory: 384, toolstack: .c)
        #expect(toolstack.xenOptions.last == "xsave=0")
        let processors = Boot(key: "k", memory: 512, dom0Memory: 256, processors: 2)
        #expect(processors.xenOptions.suffix(2) == ["xsave=0", "sched=credit"])
    }

    @Test func keysDiffer() {
        #expect(Boot.freshKey() != Boot.freshKey())
    }

    @Test func memoryFollowsWhatIsAskedFor() throws {
        var options = LabOptions(command: try CommandWords(["true"]))
        #expect(try options.memoryPlan(overlayBytes: 0) == (512, 256))
        options.guestFiles = true
        #expect(try options.memoryPlan(overlayBytes: 12 << 20) == (1024, 384))
        options.guestFiles = false
        options.guest = try GuestOptions(.pvh)
        #expect(try options.memoryPlan(overlayBytes: 12 << 20, guestMemory: 512) == (1408, 384))
        options.guest = try GuestOptions(.hvm)
        #expect(try options.memoryPlan(overlayBytes: 12 << 20, guestMemory: 160) == (1184, 512))
        options.guest = nil
        #expect(try options.memoryPlan(overlayBytes: 120 << 20) == (712, 456))
        options.dom0Memory = 1000
        #expect(try options.memoryPlan(overlayBytes: 0) == (1256, 1000))
        options.memory = 900
        #expect(throws: LabError.self) { try options.memoryPlan(overlayBytes: 0) }
    }

    /// A bzImage's header with 2 sectors of setup code, and a payload of 6 bytes and its size.
    private func image() -> [UInt8] {
        var image = [UInt8](repeating: 0, count: 3 * 512 + 16 + 10)
        image[0x1f1] = 2
        image.replaceSubrange(0x202..<0x206, with: "HdrS".utf8)
        image[0x206] = 0x0f
        image[0x207] = 0x02
        image[0x248] = 16
        image[0x24c] = 10
        return image
    }

    @Test func thePayloadIsFoundByTheHeader() {
        #expect(KernelImage(Data(image()))?.payload == 1552..<1558)
    }

    @Test func aCutOrOtherFileIsNoKernelImage() {
        let whole = image()
        for length in 0..<whole.count { #expect(KernelImage(Data(whole[..<length])) == nil) }
        var other = whole
        other[0x202] = 0
        #expect(KernelImage(Data(other)) == nil)
    }

    @Test func anInterruptionKillsAChildAndItsChildren() throws {
        let interruption = Interruption()
        let pipe = Pipe()
        let child = try ChildProcess(
            ["sh", "-c", "sleep 1000 & echo started; wait"], output: pipe, interruption: interruption)
        #expect(pipe.fileHandleForReading.availableData == Data("started\n".utf8))
        interruption.interrupt(signal: SIGTERM)
        #expect(child.wait() == 128 + SIGKILL)
        // The grandchild held the pipe as well: its end is the proof that it is gone.
        #expect(pipe.fileHandleForReading.readDataToEndOfFile().isEmpty)
        #expect(throws: LabError.interrupted(SIGTERM)) {
            try ChildProcess.run(["true"], interruption: interruption)
        }
    }

    @Test func bothStreamsOfAChildAreCaptured() throws {
        let result = try ChildProcess.run(
            ["sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 5"], interruption: Interruption()
        )
        #expect(result.output.count == 300_000)
        #expect(result.errors.utf8.count == 300_000)
        #expect(result.status == 5)
    }

    @Test func outputIsFollowedToItsEnd() throws {
        let folder = try ScratchFolder()
        let url = folder.url.appendingPathComponent("output")
        let collected = Collected()
        let follower = try OutputFollower(url) { collected.add($0) }
        follower.start(onRefusal: {})
        let writer = try FileHandle(forWritingTo: url)
        var expected = Data()
        for number in 0..<200 {
            let piece = Data("piece \(number)\n".utf8)
            expected += piece
            try writer.write(contentsOf: piece)
        }
        follower.finish(within: .infinity, unless: Interruption())
        #expect(collected.all == expected)
    }

    @Test func aReaderThatStandsStillDoesNotKeepUs() throws {
        let folder = try ScratchFolder()
        let url = folder.url.appendingPathComponent("output")
        let never = DispatchSemaphore(value: 0)
        let follower = try OutputFollower(url) { _ in
            never.wait()
            return true
        }
        follower.start(onRefusal: {})
        try Data("x".utf8).write(to: url)
        let interruption = Interruption()
        interruption.interrupt(signal: SIGINT)
        follower.finish(within: .infinity, unless: interruption)
        never.signal()
    }
}
