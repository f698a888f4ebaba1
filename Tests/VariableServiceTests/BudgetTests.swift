// What signatures may cost. Source: varstored.md 7.

import SystemCalls
import Testing
import UEFIVariables
import VariableService
import XenDeviceModelTesting

@Suite struct BudgetTests {
    private func bench(burst: Int, interval: UInt64 = 200_000_000) throws -> ServiceBench {
        var limits = ServiceLimits.standard
        limits.verificationBurst = burst
        limits.verificationInterval = interval
        return try ServiceBench(limits: limits)
    }

    @Test("Over the budget the next signed change is decided later, never failed; all else goes on")
    func delay() throws {
        let bench = try bench(burst: 2, interval: 1_000_000_000)
        let start = MonotonicTime.now
        #expect(try bench.status(setSigned("1", day: 1)) == 0)
        #expect(try bench.status(setSigned("2", day: 2)) == 0)
        let access = try bench.begin(setSigned("3", day: 3))
        #expect(!access.isOver)
        #expect(try bench.status(get("A"), vcpu: 1) == 0)
        try bench.wait { access.isOver }
        #expect(MonotonicTime.now.nanoseconds - start.nanoseconds >= 1_000_000_000)
        #expect(bench.status() == 0)
        #expect(try bench.data("A") == "3")
        #expect(bench.authenticator.verificationCount == 3)
    }

    @Test("A change without a signature needs no budget")
    func plainChanges() throws {
        let bench = try bench(burst: 1)
        #expect(try bench.status(setSigned("1")) == 0)
        #expect(try bench.status(set("abc")) == 0)
        #expect(bench.authenticator.verificationCount == 1)
    }

    @Test("A signature that costs more than there is makes the next one wait for all of it")
    func debt() throws {
        let bench = try bench(burst: 2, interval: 50_000_000)
        bench.authenticator.cost = 8
        let start = MonotonicTime.now
        #expect(try bench.status(setSigned("1", day: 1)) == 0)
        let access = try bench.begin(setSigned("2", day: 2))
        try bench.wait { access.isOver }
        // 2 - 8 = -6: 7 tokens have to come in.
        #expect(MonotonicTime.now.nanoseconds - start.nanoseconds >= 340_000_000)
    }

    @Test("A change at runtime that waits for the budget puts the commands after it at runtime")
    func latchOfTheWaiting() throws {
        let bench = try bench(burst: 1, interval: 1_000_000_000)
        #expect(try bench.status(set("boot", "B", 3)) == 0)
        #expect(try bench.status(setSigned("1", day: 1)) == 0)
        #expect(try bench.status(get("B"), vcpu: 1) == 0)
        var request = setSigned("2", day: 2)
        // at_runtime is the last byte.
        request[request.count - 1] = 1
        let access = try bench.begin(request)
        #expect(!access.isOver)
        #expect(try bench.status(get("B"), vcpu: 1) == 0x0E)
        try bench.wait { access.isOver }
        #expect(bench.status() == 0)
    }
}
