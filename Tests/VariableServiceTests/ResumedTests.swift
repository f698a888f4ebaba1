// What goes to the backend after a resume, when it may hold a change that was undone. Source: varstored.md 13.4.

import SystemCalls
import Testing
import UEFIVariables
import VariableService
import XenDeviceModelTesting

@Suite struct ResumedTests {
    private let bench: ServiceBench

    init() throws {
        var limits = ServiceLimits.standard
        limits.coalescing = 30
        limits.retryFirst = 60
        limits.retryMax = 120
        bench = try ServiceBench(limits: limits, isStarted: false)
    }

    @Test("What is current is written once, though the guest changes nothing; it says nothing of keys")
    func once() throws {
        let start = MonotonicTime.now
        bench.startAnew()
        try bench.wait { bench.backend.writes.count == 1 }
        let write = try #require(bench.backend.writes.first)
        #expect(try write.blob == bench.services.backendBlob())
        #expect(write.reason == .ordinary && write.moment >= start.advanced(byMilliseconds: 30))
        try bench.pass(150)
        #expect(bench.backend.writes.count == 1)
        #expect(try bench.status(set("abc")) == 0)
        #expect(bench.backend.writes.count == 2)
    }

    @Test("The guest does not wait for it, and a change that comes before it makes it needless")
    func merged() throws {
        bench.startAnew()
        #expect(try bench.status(get()) == 0x0E)
        #expect(try bench.status(set("abc")) == 0)
        try bench.pass(150)
        #expect(bench.backend.writes.count == 1)
        #expect(try bench.backend.writes.last?.blob == bench.services.backendBlob())
    }

    @Test("When it fails it is tried again, as every write that nobody waits for")
    func retried() throws {
        bench.backend.behaviour = .fails
        bench.startAnew()
        try bench.wait { bench.backend.writes.count == 2 }
        bench.backend.behaviour = .confirms
        try bench.wait { bench.lines.count(of: "kept again") == 1 }
        let count = bench.backend.writes.count
        try bench.pass(200)
        #expect(bench.backend.writes.count == count)
    }

    @Test("A stop that comes before it does not leave it out")
    func stopped() throws {
        bench.startAnew()
        var isOver = false
        bench.device.stop(by: MonotonicTime.now.advanced(byMilliseconds: 5000)) { isOver = true }
        #expect(isOver && bench.backend.writes.count == 1)
    }
}
