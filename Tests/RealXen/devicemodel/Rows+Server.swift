// What a server may do while a real guest runs: late answers, changing ranges, pausing, sharing, two vCPUs.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

/// Takes a server down; what went wrong doing so.
func failureOfClosing(_ server: consuming IOREQServer<ServerState.Serving>) -> XenError? {
    do throws(XenError) {
        try server.close()
        return nil
    } catch {
        return error
    }
}

extension Stage {
    /// The row about taking a server down.
    func close(_ server: consuming IOREQServer<ServerState.Serving>, _ text: String) {
        let failure = failureOfClosing(server)
        tap.check(failure == nil, text, detail: failure?.description ?? "")
    }

    /// Claims and releases while serving; answers later, or never. Ports 0x300 to 0x30f are the keeper's.
    func deferralRows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        let keeper = Keeper()
        xen("ranges can be claimed while serving") { () throws(XenError) in
            try server.claim(.ports(0x300...0x30F), for: keeper)
        }
        guest.send(.portIn, [0x300, 4])
        try guest.serve { keeper.count == 1 }
        keeper.answerFirst(0xCAFE_F00D)
        tap.check(try guest.results(1) == [0xCAFE_F00D], "a deferred answer reaches the guest")
        guest.send(.portIn, [0x300, 2])
        try guest.serve { keeper.count == 1 }
        keeper.dropAll()
        tap.check(try guest.results(1) == [0xFFFF], "a dropped request reads all ones")
        xen("a range can be given back while serving") { () throws(XenError) in
            try server.release(.ports(0x300...0x307))
        }
        tap.check(
            try guest.run(.portIn, [0x300, 4], results: 1) == [.max], "and is unclaimed from then on")
        guest.send(.portIn, [0x308, 1])
        try guest.serve { keeper.count == 1 }
        keeper.answerFirst(0x77)
        tap.check(try guest.results(1) == [0x77], "while the rest of it is still served")
    }

    /// vCPU 1 is started, and both vCPUs have requests out at once.
    func secondVCPURows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        do throws(XenError) {
            let count = try server.domain.vcpuCount()
            tap.check(!isBefore415 && count == 2, "the domain says it has 2 vCPUs", detail: "\(count)")
        } catch {
            let isMissing = isBefore415 && error.code == .eopnotsupp
            tap.check(isMissing, "before 4.15 no domain says how many vCPUs it has", detail: error.description)
        }
        _ = try guest.run(.startVCPU, [1])
        let hello = try guest.run(.hello, results: 5, vcpu: 1)
        tap.check(hello[1] == 1, "the second vCPU's requests are served", detail: "\(hello)")
        let keeper = Keeper()
        xen("a range for both") { () throws(XenError) in try server.claim(.ports(0x340...0x34F), for: keeper) }
        guest.send(.portIn, [0x340, 1])
        guest.send(.portIn, [0x341, 1], vcpu: 1)
        try guest.serve { keeper.count == 2 }
        keeper.answerFirst(1)
        keeper.answerFirst(2)
        let both = try guest.results(1) + guest.results(1, vcpu: 1)
        tap.check(
            both.sorted() == [1, 2], "two vCPUs' requests are out at once and each gets an answer", detail: "\(both)")
        let rounds: UInt32 = 300
        guest.send(.repeatIn, [UInt32(Self.portBase), 4, rounds])
        guest.send(.repeatIn, [UInt32(Self.portBase), 4, rounds], vcpu: 1)
        _ = try guest.results(4)
        _ = try guest.results(4, vcpu: 1)
        tap.check(ports.take().count == 2 * Int(rounds), "300 reads from each vCPU at once are all served")
    }

    /// A second server for ports that the first one claims too.
    func overlapRows(_ domain: DeviceModelDomain) throws(DriverError) {
        let shadow = Recorder()
        shadow.answer = 0x5A
        var second: IOREQServer<ServerState.Serving>?
        xen("a second server may claim the same ports") { () throws(XenError) in
            second = try domain.makeIOREQServer().mapPages().claim(.ports(0x204...0x204), for: shadow).enable()
        }
        tap.check(
            try guest.run(.portIn, [0x204, 1], results: 1) == [0x5A] && ports.take().isEmpty,
            "the server with the higher id gets the access")
        if let quiet = disable(second.take()) {
            tap.check(
                try guest.run(.portIn, [0x204, 1], results: 1) == [0x11] && ports.take().count == 1,
                "a disabled server is passed over")
            let again = enable(quiet)
            tap.check(try guest.run(.portIn, [0x204, 1], results: 1) == [0x5A], "and serves again when enabled")
            tap.check(again != nil, "with the ports it had")
        }
        tap.check(
            try guest.run(.portIn, [0x204, 1], results: 1) == [0x11], "a server that was let go is gone")
        _ = ports.take()
    }

    private func xen(_ text: String, _ body: () throws(XenError) -> Void) { tap.succeeds(text, body) }

    private func disable(
        _ server: consuming IOREQServer<ServerState.Serving>?
    ) -> IOREQServer<ServerState.Quiet>? {
        guard let server else { return nil }
        do throws(XenError) { return try server.disable() } catch { return nil }
    }

    private func enable(_ server: consuming IOREQServer<ServerState.Quiet>) -> IOREQServer<ServerState.Serving>? {
        do throws(XenError) { return try server.enable() } catch { return nil }
    }
}
