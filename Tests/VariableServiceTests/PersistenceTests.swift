// When the backend is asked: how often, how long, and what after a failure. Source: varstored.md 13.4.

import EventLoop
import HypervisorModel
import SystemCalls
import Testing
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@Suite struct PersistenceTests {
    /// Times that a test can wait for.
    private var quick: ServiceLimits {
        var limits = ServiceLimits.standard
        limits.retryFirst = 60
        limits.retryMax = 120
        limits.coalescing = 30
        return limits
    }

    /// The same, and a deadline that comes soon.
    private var hasty: ServiceLimits {
        var limits = quick
        limits.writeDeadline = 150
        return limits
    }

    /// Lets vCPU 1 write a byte into PPIBuffer.
    private func writeWindow(_ bench: ServiceBench, _ value: UInt8, at index: UInt64 = 260) throws {
        try bench.guest.write(port: 0x104, .doubleWord, index, vcpu: 1)
        try bench.guest.write(port: 0x108, .byte, UInt64(value), vcpu: 1)
    }

    private func isCurrent(_ bench: ServiceBench) throws -> Bool {
        try bench.backend.writes.last?.blob == bench.services.backendBlob()
    }

    @Test("The limits are the specification's")
    func limits() {
        let limits = ServiceLimits.standard
        #expect(limits.writeBurst == 100 && limits.writeInterval == 500_000_000)
        #expect(limits.verificationBurst == 64 && limits.verificationInterval == 1_000_000_000 / 16)
        #expect(limits.writeDeadline == 10_000 && limits.coalescing == 500 && limits.mappingUses == 64)
    }

    @Test("174: 300 one-byte writes to the upper half in a second are at most 2 backend writes")
    func coalescing() throws {
        let bench = try ServiceBench()
        let start = MonotonicTime.now
        for number in 0..<300 {
            try writeWindow(bench, UInt8(truncatingIfNeeded: number + 1), at: 256 + UInt64(number % 48))
            let next = MonotonicTime(nanoseconds: start.nanoseconds + UInt64(number) * 3_200_000)
            while MonotonicTime.now < next { try bench.loop.turn(milliseconds: 1) }
        }
        // On a machine that was too slow for a second there may be one more for each half.
        let halves = Int((MonotonicTime.now.nanoseconds - start.nanoseconds) / 500_000_000)
        #expect(bench.backend.writes.count <= max(1, halves))
        try bench.wait { try isCurrent(bench) }
        try bench.pass(600)
        #expect(bench.backend.writes.count <= max(1, halves) + 1)
        #expect(halves > 1 || bench.backend.writes.count == 2)
        for write in bench.backend.writes { #expect(write.moment >= start.advanced(byMilliseconds: 500)) }
    }

    @Test("A window access is completed at once; what it changed rides in the next write, and makes none of its own")
    func merging() throws {
        let bench = try ServiceBench(limits: quick)
        bench.backend.behaviour = .waits
        try writeWindow(bench, 7)
        let access = try bench.begin(set("abc"))
        #expect(bench.backend.writes.count == 1)
        bench.backend.finish()
        try access.finish()
        try bench.pass(100)
        #expect(bench.backend.writes.count == 1)
        #expect(try isCurrent(bench))
    }

    @Test("A window access while a write is under way is written afterwards")
    func windowWhileWriting() throws {
        let bench = try ServiceBench(limits: quick)
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        try writeWindow(bench, 7)
        try bench.pass(60)
        #expect(bench.backend.writes.count == 1)
        bench.backend.finish()
        #expect(access.isOver)
        try bench.wait { bench.backend.writes.count == 2 }
        #expect(try isCurrent(bench))
        #expect(bench.backend.overlaps == 0)
    }

    @Test("A change that comes while the window is written waits for that, then has a write of its own")
    func changeWhileWindowIsWritten() throws {
        let bench = try ServiceBench(limits: quick)
        bench.backend.behaviour = .waits
        try writeWindow(bench, 7)
        try bench.wait { bench.backend.isBusy }
        let access = try bench.begin(set("abc"))
        #expect(bench.backend.writes.count == 1)
        bench.backend.finish()
        #expect(!access.isOver && bench.backend.writes.count == 2)
        bench.backend.finish()
        #expect(access.isOver)
        #expect(try isCurrent(bench))
    }

    @Test("A change that waits behind a silent write of the window has waited long enough when its own time is up")
    func silentWindow() throws {
        var limits = quick
        limits.writeDeadline = 400
        let bench = try ServiceBench(limits: limits)
        bench.backend.behaviour = .waits
        try writeWindow(bench, 7)
        try bench.wait { bench.backend.isBusy }
        try bench.pass(200)
        let start = MonotonicTime.now
        let access = try bench.begin(set("abc"))
        try bench.wait { bench.backend.abandoned == 1 }
        #expect(bench.backend.writes.count == 2 && !access.isOver, "now it has a write of its own")
        try bench.wait { access.isOver }
        #expect(bench.status() == 7 && bench.backend.abandoned == 2)
        #expect(MonotonicTime.now >= start.advanced(byMilliseconds: 400))
        #expect(try bench.data() == nil)
        #expect(try bench.services.store.record(VariableName("PPIBuffer"), .ppi)?.data[4] == 7)
    }

    @Test("What the backend has confirmed is not sent again")
    func equalBlobs() throws {
        let bench = try ServiceBench(limits: quick)
        try writeWindow(bench, 7)
        try writeWindow(bench, 0)
        // The index is in the blob too.
        try bench.guest.write(port: 0x104, .doubleWord, 0)
        try bench.pass(100)
        #expect(bench.backend.writes.count == 0)
        #expect(try bench.status(set("abc")) == 0)
        // The same value: no change at all.
        #expect(try bench.status(set("abc")) == 0)
        #expect(bench.backend.writes.count == 1)
    }

    @Test("198: a silent backend: DEVICE_ERROR after the deadline, the change undone, other vCPUs served meanwhile")
    func silence() throws {
        let bench = try ServiceBench(limits: hasty)
        bench.backend.behaviour = .waits
        let start = MonotonicTime.now
        let access = try bench.begin(set("abc"))
        var served = 0
        try bench.wait {
            served += try bench.status(get(), vcpu: 1) == 0x0E ? 1 : 0
            try writeWindow(bench, UInt8(truncatingIfNeeded: served))
            return access.isOver
        }
        #expect(MonotonicTime.now >= start.advanced(byMilliseconds: 150))
        #expect(bench.status() == 7)
        #expect(served > 2)
        #expect(bench.backend.abandoned == 1)
        #expect(try bench.data() == nil)
        #expect(bench.lines.count(of: "no answer within 150 ms") == 1)
    }

    @Test("An answer that comes after the call was given up is not listened to")
    func lateAnswer() throws {
        let bench = try ServiceBench(limits: hasty)
        bench.backend.behaviour = .waits
        let first = try bench.begin(set("abc"))
        try bench.wait { first.isOver }
        let second = try bench.begin(set("def"))
        bench.backend.late?(.confirmed)
        #expect(!second.isOver)
        bench.backend.finish(.failed("really"))
        try second.finish()
        #expect(bench.status() == 7)
        #expect(try bench.data() == nil)
    }

    @Test("After a failure, and a write that succeeds again, the current blob is sent once more, and that is all")
    func resending() throws {
        let bench = try ServiceBench(
            limits: {
                var limits = hasty
                limits.retryFirst = 60_000
                limits.retryMax = 60_000
                return limits
            }())
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        try bench.wait { access.isOver }
        bench.backend.behaviour = .confirms
        #expect(try bench.status(set("def")) == 0)
        try bench.wait { bench.backend.writes.count == 3 }
        #expect(bench.backend.writes[2].blob == bench.backend.writes[1].blob)
        #expect(try isCurrent(bench))
        try bench.pass(100)
        #expect(bench.backend.writes.count == 3)
    }

    @Test("An undone change is taken back from the backend by itself, though the guest asks for nothing more")
    func takingBack() throws {
        let bench = try ServiceBench(limits: quick)
        bench.backend.behaviour = .fails
        let before = try bench.services.backendBlob()
        #expect(try bench.status(set("abc")) == 7)
        bench.backend.behaviour = .confirms
        try bench.wait { bench.backend.writes.count == 2 }
        #expect(bench.backend.writes[1].blob == before)
        try bench.pass(200)
        #expect(bench.backend.writes.count == 2)
        #expect(bench.lines.count(of: "kept again") == 1)
    }

    @Test("A failed write of the window is tried again, seldom and not for ever; a new change tries anew")
    func retrying() throws {
        var limits = quick
        limits.retries = 2
        let bench = try ServiceBench(limits: limits)
        bench.backend.behaviour = .fails
        try writeWindow(bench, 7)
        try bench.wait { bench.lines.count(of: "not tried again") == 1 }
        let moments = bench.backend.writes.map(\.moment)
        #expect(moments.count == 3)
        #expect(moments[1] >= moments[0].advanced(byMilliseconds: 60))
        #expect(moments[2] >= moments[1].advanced(byMilliseconds: 120))
        try bench.pass(250)
        #expect(bench.backend.writes.count == 3)
        bench.backend.behaviour = .confirms
        try writeWindow(bench, 8)
        try bench.wait { bench.backend.writes.count == 4 }
        #expect(try isCurrent(bench))
    }

    @Test("A change fails while a window write is pending: the change is undone, the window's is kept")
    func failureWithPendingWindow() throws {
        let bench = try ServiceBench(limits: quick)
        bench.backend.behaviour = .fails
        try writeWindow(bench, 7)
        #expect(try bench.status(set("abc")) == 7)
        bench.backend.behaviour = .confirms
        try bench.wait { bench.backend.writes.count == 2 }
        #expect(try isCurrent(bench))
        let buffer = try bench.services.store.record(VariableName("PPIBuffer"), .ppi)
        #expect(buffer?.data[4] == 7)
        #expect(try bench.data() == nil)
    }

    @Test("201: of 102 changes at once 100 are written without delay, then one per 0.5 s")
    func rate() throws {
        let bench = try ServiceBench()
        for number in 0..<100 { #expect(try bench.status(set("\(number)")) == 0, "\(number)") }
        for number in 100..<102 {
            let access = try bench.begin(set("\(number)"))
            try bench.wait { access.isOver }
            #expect(bench.status() == 0)
        }
        let moments = bench.backend.writes.map(\.moment)
        #expect(moments.count == 102)
        #expect(moments[100] >= moments[0].advanced(byMilliseconds: 500))
        #expect(moments[101] >= moments[0].advanced(byMilliseconds: 1000))
        #expect(moments[101] <= moments[0].advanced(byMilliseconds: 8000))
    }

    @Test("Waiting for a token does not count toward the deadline")
    func tokensCostNoTime() throws {
        var limits = hasty
        limits.writeBurst = 1
        limits.writeInterval = 400_000_000
        let bench = try ServiceBench(limits: limits)
        #expect(try bench.status(set("1")) == 0)
        let access = try bench.begin(set("2"))
        try bench.wait { access.isOver }
        #expect(bench.status() == 0)
        #expect(bench.backend.abandoned == 0)
    }

    @Test("A silent Notify is given up like a write, and says nothing about blobs")
    func silentNotify() throws {
        let bench = try ServiceBench(limits: hasty)
        bench.backend.behaviour = .waits
        let access = try bench.begin(VariableRequest.encodeNotify())
        try bench.wait { access.isOver }
        #expect(bench.status() == 7 && bench.backend.abandoned == 1)
        try bench.pass(150)
        #expect(bench.backend.writes.isEmpty)
    }
}
