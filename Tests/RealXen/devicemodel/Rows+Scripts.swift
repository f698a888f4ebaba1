// What the guest judges by itself: that it can (a failed expectation is reported, a good one is not), and accesses at
// full speed without the driver in between.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

extension Stage {
    /// Runs a script: all of its expectations were looked at in every round, and held.
    func expect(_ script: GuestScript, rounds: UInt32 = 1, vcpu: Int = 0, _ text: String) throws(DriverError) {
        judge(try guest.run(script, rounds: rounds, vcpu: vcpu), script, rounds: rounds, text)
    }

    /// The row of a script that is done.
    func judge(_ outcome: ScriptOutcome, _ script: GuestScript, rounds: UInt32, _ text: String) {
        let isWhole = outcome.checked == UInt32(script.expectationCount) * rounds
        tap.check(
            isWhole && outcome.checked > 0 && outcome.failed == 0 && outcome.reports.isEmpty, text,
            detail: "\(outcome.checked) looked at, \(outcome.failed) failed: \(outcome.reports.prefix(3))")
    }

    func scriptRows() throws(DriverError) {
        try failedExpectationRows()
        try refusedScriptRows()
        var good = GuestScript()
        good.add(.poke, [0x100, 0x1234_5678])
        good.add(.peek, [0x100])
        good.expect(0x1234_5678)
        good.expect(0xFFFF_5678, mask: 0xFFFF)
        good.expect(words: 1, at: 0x100, 0x1234_5678)
        good.add(.portIn, [0x400, 2])
        good.expectOnes()
        try expect(good, rounds: 100, "expectations that hold are not reported")
        let many = try guest.run(Self.failing, rounds: 50)
        tap.check(
            many.failed == 100 && many.reports.count == Int(Protocol.reportsMax),
            "all failures are counted, the first 32 are reported",
            detail: "\(many.failed), \(many.reports.count) reports")
        let word = try guest.run(.peek, [0x100], results: 1)
        tap.check(word == [5], "and single commands go on after a script")
    }

    /// Five expectations; the second and the fifth fail.
    private static var failing: GuestScript {
        var script = GuestScript()
        script.add(.fill, [0x100, 4, 5])
        script.add(.poke, [0x108, 6])
        script.add(.load, pair(0xF010_0000) + [8])
        script.expectOnes()
        script.expect(0x1_0000_0002)
        script.expect(words: 2, at: 0x100, 5)
        script.add(.peek, [0x108])
        script.expect(6)
        script.expect(words: 4, at: 0x100, 5)
        return script
    }

    private func failedExpectationRows() throws(DriverError) {
        let failed = try guest.run(Self.failing)
        tap.check(failed.checked == 5 && failed.failed == 2, "the guest counts expectations, and the ones that failed")
        let wanted = [
            FailedExpectation(2, got: .max, wanted: 0x1_0000_0002), FailedExpectation(5, got: 6, wanted: 5),
        ]
        tap.check(
            failed.reports == wanted, "it tells the number of each that failed, what it got, what was wanted",
            detail: "\(failed.reports)")
        var masked = GuestScript()
        masked.add(.peek, [0x108])
        masked.expect(0x107, mask: 0xFF)
        masked.expect(0x106, mask: 0xFF)
        masked.add(.vectorCount, [0xEE])
        masked.expect(1)
        let outcome = try guest.run(masked)
        tap.check(
            outcome.reports == [
                FailedExpectation(1, got: 6, wanted: 0x107), FailedExpectation(3, got: 0, wanted: 1),
            ], "a mask hides the rest, and an interrupt count can be expected", detail: "\(outcome.reports)")
        var narrow = GuestScript()
        narrow.add(.portIn, [0x204, 1])
        narrow.expectOnes()
        let seen = try guest.run(narrow)
        tap.check(
            seen.reports == [FailedExpectation(1, got: 0x11, wanted: 0xFF)] && ports.take().count == 1,
            "a claimed port does not pass for an unclaimed one", detail: "\(seen.reports)")
    }

    /// A script is checked as a whole before its first command is done, and refused without losing step.
    private func refusedScriptRows() throws(DriverError) {
        let refused: [(String, [UInt32], Status)] = [
            ("has a command in it that scripts may not have", [Opcode.spin.rawValue], .badScript),
            ("is in a script", [Opcode.script.rawValue, 1, 1, Opcode.hello.rawValue], .badScript),
            ("ends within a command", [Opcode.poke.rawValue, 0x100], .badScript),
            ("has an unknown opcode", [0x7FFF], .unknownOpcode),
            ("has a bad argument", [Opcode.portIn.rawValue, 0x204, 3], .badWidth),
            ("is too long", [UInt32](repeating: Opcode.hello.rawValue, count: 1025), .badScript),
        ]
        for (text, words, status) in refused {
            let poke = [Opcode.poke.rawValue, 0x140, 0xBAD]
            let all = words.count > 1000 ? words : poke + words
            let got = try statusOfScript(all)
            tap.check(got == status.rawValue, "a script that \(text) is refused", detail: "\(got)")
        }
        tap.check(
            try guest.run(.peek, [0x140], results: 1) != [0xBAD], "and nothing of a refused script is done")
        let alone = try statusOf(.expectOnes, [])
        tap.check(alone == Status.badScript.rawValue, "an expectation outside of a script is refused")
    }

    private func statusOfScript(_ words: [UInt32]) throws(DriverError) -> UInt32 {
        try statusOf(.script, [UInt32(words.count), 1] + words)
    }

    private func statusOf(_ opcode: Opcode, _ words: [UInt32]) throws(DriverError) -> UInt32 {
        do throws(DriverError) {
            _ = try guest.run(opcode, words)
            return 0
        } catch {
            if case .refused(let status) = error { return status }
            throw error
        }
    }
}

extension Stage {
    /// What no server claims, in each width, as loops in the guest.
    func unclaimedRows() throws(DriverError) {
        var script = GuestScript()
        for bytes in [1, 2, 4] as [UInt32] {
            script.add(.portIn, [0x400, bytes])
            script.expectOnes()
            script.add(.portOut, [0x400, bytes, 0x1234_5678])
        }
        try expect(script, rounds: 200, "unclaimed ports read all ones in each width, 200 times")
        script = GuestScript()
        for bytes in [1, 2, 4, 8] as [UInt32] {
            script.add(.load, pair(0xF010_0000) + [bytes])
            script.expectOnes()
            script.add(.store, pair(0xF010_0000) + [bytes] + pair(0))
        }
        script.add(.load, pair(0xF010_0FFC) + [8])
        script.expectOnes()
        try expect(script, rounds: 200, "unclaimed addresses read all ones in each width, 200 times")
        script = GuestScript()
        for (bytes, down) in [(1, 0), (2, 0), (4, 0), (1, 1), (2, 1), (4, 1)] as [(UInt32, UInt32)] {
            script.add(.fill, [0xFE0, 16, 0])
            script.add(.stringIn, [0x400, bytes, 32 / bytes, down == 1 ? 0x1010 - bytes : 0xFF0, down])
            Self.expectRegion(&script, .max)
        }
        try expect(script, "rep ins from an unclaimed port fills the buffer with ones, and nothing beside it")
        script = GuestScript()
        for bytes in [1, 2, 4, 8] as [UInt32] {
            script.add(.fill, [0xFE0, 16, 0])
            script.add(.moveIn, pair(0xF010_0FF0) + [bytes, 32 / bytes, 0xFF0, 0])
            Self.expectRegion(&script, .max)
        }
        try expect(script, "rep movs from unclaimed addresses does too")
        script = GuestScript()
        for (distance, bytes) in [(0, 4), (0, 2), (2, 2), (0, 1), (1, 1), (3, 1)] as [(UInt32, UInt32)] {
            script.add(.pciRead, [0x8000_1800, distance, bytes])
            script.expectOnes()
        }
        try expect(script, "a PCI function that is not there reads all ones in each width")
    }

    /// The 32 bytes at 0xff0 are `word` over and over, what is beside them 0.
    private static func expectRegion(_ script: inout GuestScript, _ word: UInt32) {
        script.expect(words: 8, at: 0xFF0, word)
        script.expect(words: 4, at: 0xFE0, 0)
        script.expect(words: 4, at: 0x1010, 0)
    }
}
