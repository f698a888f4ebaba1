// When a boot is over, and how: status, crash, timeout, QEMU's own end.
import Foundation
import Testing

@testable import LabKit

@Suite struct BootWatchTests {
    let folder: ScratchFolder
    let watch: BootWatch

    init() throws {
        folder = try ScratchFolder()
        let log = try FileHandle.creating(folder.url.appendingPathComponent("console.log"))
        watch = BootWatch(key: "k", log: log, progress: ProgressLine(.quiet))
    }

    private func console(_ text: String) { watch.console(Data(text.utf8)) }

    @Test func theStatusComesFromTheConsole() {
        console("@@corbel k init@@\n@@corbel k status=7@@\n@@corbel k status=7@@\n")
        watch.machineEnded()
        watch.waitForEnd(timeout: 60)
        #expect(watch.outcome(timedOut: false, machineStatus: 33) == .exited(7))
        #expect(watch.now.marks.keys.sorted() == ["init"])
    }

    @Test func anEndOfQEMUWithoutAStatusIsACrash() {
        watch.machineEnded()
        watch.waitForEnd(timeout: 60)
        #expect(
            watch.outcome(timedOut: false, machineStatus: 1)
                == .crashed("QEMU ended with status 1 before the command did"))
    }

    @Test func timeIsUpWhenNothingHappens() {
        watch.waitForEnd(timeout: 0.05)
        #expect(watch.elapsed >= 0.05)
        #expect(watch.outcome(timedOut: true, machineStatus: 137) == .timedOut)
    }

    @Test func aPanicEndsTheWaitEarly() {
        console("[    1.0] Kernel panic - not syncing: no init\n")
        watch.waitForEnd(timeout: 600)
        #expect(watch.elapsed < 60)
        let outcome = watch.outcome(timedOut: false, machineStatus: 137)
        #expect(outcome == .crashed("[    1.0] Kernel panic - not syncing: no init"))
    }

    @Test func aCrashAfterTheStatusDoesNotChangeIt() {
        console("@@corbel k status=0@@\n(XEN) Panic on CPU 0:\n")
        watch.machineEnded()
        #expect(watch.outcome(timedOut: true, machineStatus: 0) == .exited(0))
    }

    @Test func aSignalGoesBeforeEverything() {
        console("@@corbel k status=0@@\n")
        watch.interrupted(2)
        watch.waitForEnd(timeout: 600)
        #expect(watch.outcome(timedOut: false, machineStatus: 137) == .interrupted(2))
    }

    @Test func onlyTheLastLinesAreKept() {
        for number in 0..<100 { console("line \(number)\n") }
        let tail = watch.now.tail
        #expect(tail.count == BootWatch.tailLines)
        #expect(tail.last?.hasSuffix(" line 99") == true)
    }
}
