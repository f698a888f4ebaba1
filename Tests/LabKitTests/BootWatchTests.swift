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

    @Test func anEndOfQEMUWithoutAStatusIsAFailure() {
        watch.machineEnded()
        watch.waitForEnd(timeout: 60)
        #expect(
            watch.outcome(timedOut: false, machineStatus: 1)
                == .failed("QEMU ended with status 1 before the command ended"))
        #expect(
            watch.outcome(timedOut: false, machineStatus: 137)
                == .failed("QEMU was killed by signal 9 before the command ended"))
    }

    @Test func theLineAfterXensPanicIsItsReason() {
        console("(XEN) Panic on CPU 0:\n(XEN) Not enough RAM for domain 0 allocation\n(XEN) ****\n")
        #expect(
            watch.outcome(timedOut: false, machineStatus: 137)
                == .crashed("(XEN) Panic on CPU 0: Not enough RAM for domain 0 allocation"))
        #expect(watch.now.shortages == [.machine])
    }

    @Test func whatDidNotStartIsNamed() {
        console("@@corbel k failed=the toolstack (the store is shut)@@\n")
        watch.waitForEnd(timeout: 600)
        #expect(
            watch.outcome(timedOut: false, machineStatus: 33)
                == .failed("the toolstack (the store is shut) did not start in dom0"))
    }

    @Test func troubleEndsTheWait() {
        watch.waitForEnd(timeout: 600) { "the disk is full" }
        #expect(watch.elapsed < 60)
        #expect(watch.outcome(timedOut: false, machineStatus: 137) == .failed("the disk is full"))
    }

    @Test func fewOfManyShortagesAreKept() {
        for number in 0..<100 { console("Out of memory: Killed process 1 (p\(number)) total-vm:1kB\n") }
        #expect(watch.now.shortages.count == 5)
        #expect(watch.now.shortages.first == .killed("p0"))
    }

    @Test func theCommandsBeginIsToldOnce() {
        let told = Collected()
        let log = FileHandle.nullDevice
        let watch = BootWatch(key: "k", log: log, progress: ProgressLine(.quiet)) { _ in _ = told.add(Data([1])) }
        for text in ["@@corbel k in", "it@@\n@@corbel k begin@@\n", "@@corbel k begin@@\n"] {
            watch.console(Data(text.utf8))
        }
        #expect(told.all == Data([1]))
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

    @Test func aMarkHasTheTimeItWasSaidFirst() {
        console("@@corbel k begin@@\n")
        let first = watch.now.marks
        let later = watch.elapsed
        while watch.elapsed == later {}
        console("@@corbel k begin@@\n@@corbel k begin@@\n")
        #expect(first.count == 1)
        #expect(watch.now.marks == first)
    }

    @Test func aCommandThatNeverServedIsATimeout() {
        console("@@corbel k status=124@@\n")
        #expect(watch.outcome(timedOut: false, machineStatus: 33) == .exited(124))
        console("@@corbel k not-serving@@\n")
        #expect(watch.outcome(timedOut: false, machineStatus: 33) == .timedOut)
    }

    @Test func onlyTheLastLinesAreKept() {
        for number in 0..<100 { console("line \(number)\n") }
        let tail = watch.now.tail
        #expect(tail.count == BootWatch.tailLines)
        #expect(tail.last?.hasSuffix(" line 99") == true)
    }
}
