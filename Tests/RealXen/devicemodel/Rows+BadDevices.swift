// Devices that answer late, never, or throw: the guest goes on, the other vCPU is served meanwhile, the server stays
// up. Both vCPUs are up. Not for: limits of Xen's (Rows+Limits).

import GuestDriving
import SystemCalls
import TAP
import XenABI
import XenDeviceModel

extension Stage {
    func lateRows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        let keeper = Keeper()
        tap.succeeds("a device that will answer late") { () throws(XenError) in
            try server.claim(.ports(0x380...0x38F), for: keeper)
        }
        let other = steadyScript
        let started = MonotonicTime.now
        guest.send(.portIn, [0x380, 4])
        try guest.serve { keeper.count == 1 }
        var rounds = 0
        var failed: UInt32 = 0
        while rounds == 0 || started.milliseconds(until: .now) < 500 {
            failed += try guest.run(other, rounds: 20, vcpu: 1).failed
            rounds += 20
        }
        tap.check(
            failed == 0 && !guest.hasResults(1), "for 500 ms the other vCPU is served, and this one waits",
            detail: "\(rounds) rounds, \(failed) failed")
        keeper.answerFirst(0xFEED_BEEF)
        tap.check(try guest.results(1) == [0xFEED_BEEF], "then it gets its answer")
        _ = ports.take()
    }

    /// The server is closed while a device keeps a request of each kind.
    func neverRows(_ domain: DeviceModelDomain) throws(DriverError) {
        let keeper = Keeper()
        for (text, opcode, words) in [
            ("a read", .portIn, [0x3B0, 4]), ("a write", .portOut, [0x3B0, 4, 5]),
            ("a string read", .stringIn, [0x3B0, 4, 4, 0x500, 0]),
        ] as [(String, Opcode, [UInt32])] {
            var silent: IOREQServer<ServerState.Serving>?
            tap.succeeds("a server whose device never answers") { () throws(XenError) in
                silent = try domain.makeIOREQServer().mapPages().claim(.ports(0x3B0...0x3BF), for: keeper).enable()
            }
            _ = try guest.run(.fill, [0x500, 4, 0])
            guest.send(opcode, words)
            try guest.serve { keeper.count == 1 }
            let outcome = try guest.run(steadyScript, vcpu: 1)
            tap.check(outcome.failed == 0 && !guest.hasResults(0), "\(text) waits, the other vCPU does not")
            if let server = silent.take() { close(server, "the server can be closed") }
            let got = try guest.results(opcode == .portIn ? 1 : 0)
            tap.check(
                got.allSatisfy { $0 == .max }, "and \(text) ends, with all ones if it has a value", detail: "\(got)")
            keeper.dropAll()
        }
        var ones = GuestScript()
        ones.expect(words: 4, at: 0x500, .max)
        try expect(ones, "the buffer of a string read that ended like this has all ones")
        _ = ports.take()
    }

    func throwingRows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        let faulty = Faulty()
        tap.succeeds("devices that throw") { () throws(XenError) in
            try server.claim(.ports(0x3C0...0x3C7), for: faulty)
            try server.claim(.ports(0x3C8...0x3CF), for: Refusing())
        }
        let before = server.statistics.failures
        let value = try failing(.eio, .portIn, [0x3C0, 4], results: 1, "a read whose device throws")
        tap.check(value == [.max], "and reads all ones", detail: "\(value)")
        _ = try failing(.eio, .portOut, [0x3C0, 1, 7], results: 0, "a write whose device throws")
        let refused = try failing(.enodev, .portIn, [0x3C8, 2], results: 1, "a request that no device takes")
        tap.check(refused == [0xFFFF], "and reads all ones of its width", detail: "\(refused)")
        _ = try guest.run(.fill, [0x500, 5, 0])
        faulty.goodReads = 2
        let calls = faulty.calls
        _ = try failing(
            .eio, .stringIn, [0x3C0, 4, 4, 0x500, 0], results: 0, "rep ins whose device throws at the third")
        var script = GuestScript()
        script.expect(words: 4, at: 0x500, .max)
        script.expect(words: 1, at: 0x510, 0)
        try expect(script, "and the guest's buffer has all ones, and nothing beside it")
        tap.check(faulty.calls == calls + 3, "the fourth element was not asked for", detail: "\(faulty.calls - calls)")
        tap.check(server.statistics.failures == before + 4, "the statistics have the four of them")
        faulty.isRefusing = false
        faulty.goodReads = 1
        tap.check(try guest.run(.portIn, [0x3C0, 1], results: 1) == [0x3C], "the server is still up")
        tap.succeeds("and can give their ports back") { () throws(XenError) in try server.release(.ports(0x3C0...0x3CF))
        }
    }

    /// The command ends, and serving it has thrown the error once.
    private func failing(
        _ code: XenErrorCode, _ opcode: Opcode, _ words: [UInt32], results count: Int, _ text: String
    ) throws(DriverError) -> [UInt32] {
        var seen: [XenErrorCode] = []
        guest.send(opcode, words)
        while true {
            do throws(DriverError) {
                let results = try guest.results(count)
                tap.check(seen == [code], "\(text) ends, and process() says why", detail: "\(seen)")
                return results
            } catch {
                guard case .xen(let failure) = error, seen.count < 3 else { throw error }
                seen.append(failure.code)
            }
        }
    }

    /// Hammering what nobody claims, while the other vCPU is served; then both hammer.
    func hammeringRows() throws(DriverError) {
        var nothing = GuestScript()
        nothing.add(.portIn, [0x400, 4])
        nothing.expectOnes()
        nothing.add(.portOut, [0x400, 2, 1])
        nothing.add(.load, pair(0xF010_0000) + [4])
        nothing.expectOnes()
        nothing.add(.store, pair(0xF010_0000) + [8] + pair(1))
        let (rounds, served): (UInt32, UInt32) = (2500, 50)
        guest.send(nothing, rounds: rounds, vcpu: 1)
        let other = steadyScript
        judge(
            try guest.run(other, rounds: served), other, rounds: served,
            "while vCPU 1 hammers what is unclaimed, vCPU 0 is served")
        judge(try guest.outcome(vcpu: 1), nothing, rounds: rounds, "and 10,000 unclaimed accesses end, all ones")
        guest.send(nothing, rounds: rounds / 10)
        guest.send(nothing, rounds: rounds / 10, vcpu: 1)
        let both = [try guest.outcome(), try guest.outcome(vcpu: 1)]
        tap.check(both.allSatisfy { $0.failed == 0 && $0.checked == rounds / 5 }, "as do those of both vCPUs at once")
        tap.check(ports.take().count == 2 * Int(served), "nobody but the device has seen any of it")
        tap.check(memory.take().isEmpty, "nor a device beside it")
    }

    /// Served by the port device in every round: a read and a write.
    var steadyScript: GuestScript {
        var script = GuestScript()
        script.add(.portIn, [0x204, 4])
        script.expect(ports.answer & 0xFFFF_FFFF)
        script.add(.portOut, [0x208, 4, 1])
        return script
    }
}
