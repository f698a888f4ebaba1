// Long runs of the device-model library against a hypervisor of a few lines: nothing may grow, and nothing that a guest
// does while we read may reach a device unchecked. TAP.
//     corbel-endurance [REQUESTS]      default: 10 million, and a quarter of that against the hostile guest

import Glibc
import XenABI
import XenDeviceModel
import XenPlatform

@main
enum Endurance {
    static func main() {
        let requests = UInt64(CommandLine.arguments.dropFirst().first ?? "") ?? 10_000_000
        var rows = Rows()
        do throws(XenError) {
            try longRun(requests, &rows)
            try hostileRun(requests / 4, &rows)
        } catch {
            rows.check(false, "the runs come to their end", "\(error)")
        }
        rows.finish()
    }

    /// Where the heap ends: it moves when what is freed no longer suffices for what is allocated.
    private static var heapEnd: Int { unsafe Int(bitPattern: sbrk(0)) }

    private static func longRun(_ requests: UInt64, _ rows: inout Rows) throws(XenError) {
        let xen = TirelessXen()
        let guest = Guest(xen)
        let server = try guest.serve()
        // The first requests make what is made once.
        try guest.run(1000, on: server)
        let heap = heapEnd
        let resident = residentPages()
        try guest.run(requests, on: server)
        let (heapAfter, residentAfter) = (heapEnd, residentPages())
        rows.check(
            guest.synchronous == xen.answered, "each of \(requests) requests is answered once",
            "\(guest.synchronous) waited, \(xen.answered) answers")
        rows.check(guest.wrongAnswers == 0, "and with the right value", "\(guest.wrongAnswers) wrong")
        rows.check(heapAfter == heap, "they leave the heap as it was", "\(heapAfter - heap) bytes")
        // The kernel hands pages out lazily; a leak of one byte per request would be 2441 pages.
        rows.check(
            residentAfter - resident <= 16, "and no page in memory",
            "\(residentAfter - resident) pages")
        let statistics = server.statistics
        rows.check(
            statistics.requests == guest.synchronous + guest.posted && statistics.malformed == 0
                && statistics.failures == guest.failures && guest.failures > 0 && statistics.posted == guest.posted,
            "the server's counters agree with the guest's", "\(statistics.requests), \(guest.failures) thrown")
        rows.check(unsafe brokenPromises == 0, "no device got an access that it must not get", "")
        try server.close()
    }

    /// The slots, their states and the guest's buffers change while we read.
    private static func hostileRun(_ rounds: UInt64, _ rows: inout Rows) throws(XenError) {
        let xen = TirelessXen()
        let guest = Guest(xen)
        let server = try guest.serve()
        let mutator = Mutator(xen)
        while Mutator.count == 0 { sched_yield() }
        var failures: UInt64 = 0
        for round in 0..<rounds {
            guest.begin(round)
            do throws(XenError) { try server.process() } catch { failures += 1 }
            guest.patient.finish()
        }
        mutator.stop()
        let statistics = server.statistics
        rows.check(
            statistics.requests > rounds / 100 && statistics.malformed > 0,
            "a guest that rewrites slots and buffers meanwhile is served \(rounds) rounds",
            "\(statistics.requests) taken, \(statistics.malformed) malformed, \(Mutator.count) scribbles")
        rows.check(
            failures == statistics.failures, "and every error is a device's own",
            "\(failures) errors, \(statistics.failures) of devices")
        rows.check(unsafe brokenPromises == 0, "no device sees what was not checked", "\(unsafe brokenPromises)")
        try server.close()
    }

    private static func residentPages() -> Int {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var total = 0
        var resident = 0
        unsafe withUnsafeMutablePointer(to: &total) { first in
            unsafe withUnsafeMutablePointer(to: &resident) { second in
                unsafe withVaList([first, second]) { _ = unsafe vfscanf(file, "%ld %ld", $0) }
            }
        }
        return resident
    }
}

/// TAP rows.
struct Rows {
    private var number = 0
    private var failed = false

    mutating func check(_ holds: Bool, _ text: String, _ detail: String) {
        number += 1
        failed = failed || !holds
        print(holds ? "ok \(number) - \(text)" : "not ok \(number) - \(text) # \(detail)")
        if !detail.isEmpty { print("# \(detail)") }
    }

    func finish() -> Never {
        print("1..\(number)")
        exit(failed ? 1 : 0)
    }
}
