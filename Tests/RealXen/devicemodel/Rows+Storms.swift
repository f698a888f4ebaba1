// Many events without a request, and many requests: nothing is handed out twice, nothing grows.

import GuestDriving
import SystemCalls
import TAP
import XenABI
import XenDeviceModel
import XenPlatform

/// The event channels of a platform, counting what they hand out; and a channel from dom0 to itself on the same handle,
/// made before the handle is restricted, by which it can be made to fire.
///
/// A server's own ports can be made to fire by Xen alone: their other ends are Xen's, which a guest can't send on, and
/// other programs have no part in them (dmop.md section 18.6, row C8). So the storm is on the handle: this channel
/// fires at the server's program, and the server's ports at Xen.
final class StormyEvents: EventChannels {
    private let events: any EventChannels
    private let near: BoundPort
    private let far: BoundPort
    /// Whether ports that are bound stay to the end, and may be hammered.
    var isSettingUp = true
    /// Ports of the guest's vCPUs, which notify Xen.
    private(set) var bound: [EventPort] = []
    /// Events that came.
    private(set) var received = 0
    /// Of these, the ones of the channel.
    private(set) var causeless = 0

    init(_ events: any EventChannels) throws(XenError) {
        self.events = events
        let near = try events.bindUnbound(DomainID(0))
        far = try events.bindInterdomain(DomainID(0), port: near.port)
        self.near = near
    }

    /// `count` notifications at this program, and as many at Xen on each of the ports.
    func hammer(_ count: Int) throws(XenError) {
        for _ in 0..<count {
            try events.notify(far.port)
            for port in bound { try events.notify(port) }
        }
    }

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        let made = try events.bindInterdomain(domain, port: port)
        if isSettingUp { bound.append(made.port) }
        return made
    }

    func next() throws(XenError) -> EventPort? {
        let port = try events.next()
        if let port {
            received += 1
            if port == near.port || port == far.port { causeless += 1 }
        }
        return port
    }
    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort { try events.bindUnbound(domain) }
    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort { try events.bindVIRQ(virq) }
    func notify(_ port: EventPort) throws(XenError) { try events.notify(port) }
    func unmask(_ port: EventPort) throws(XenError) { try events.unmask(port) }
    func restrict(to domain: DomainID) throws(XenError) { try events.restrict(to: domain) }
    var descriptor: Int32 { events.descriptor }
    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        try events.wait(orReadable: other, milliseconds: milliseconds)
    }
}

extension Stage {
    /// 400 accesses from each vCPU, and 10 notifications on every port between any two rounds of serving.
    func stormRows(
        _ server: borrowing IOREQServer<ServerState.Serving>, _ storm: StormyEvents
    ) throws(DriverError) {
        let rounds: UInt32 = 200
        let script = steadyScript
        let (requests, causeless) = (server.statistics.requests, storm.causeless)
        var hammered = 0
        var failure: XenError?
        guest.send(script, rounds: rounds)
        guest.send(script, rounds: rounds, vcpu: 1)
        try serveBoth(served: { ports.accesses.count }) {
            do throws(XenError) { try storm.hammer(10) } catch { failure = error }
            hammered += 10
            return failure != nil
        }
        tap.check(failure == nil, "notifications without cause, at us and at Xen", detail: failure?.description ?? "")
        judge(try guest.outcome(), script, rounds: rounds, "under a storm of events vCPU 0 gets every answer")
        judge(try guest.outcome(vcpu: 1), script, rounds: rounds, "and so does vCPU 1")
        tap.check(
            ports.take().count == 4 * Int(rounds) && server.statistics.requests == requests + 4 * UInt64(rounds),
            "and nothing is handed out twice", detail: "\(server.statistics.requests - requests)")
        let came = storm.causeless - causeless
        tap.check(
            came > 0 && came <= hammered / 5, "of 10 notifications in a row at most two come through",
            detail: "\(came) of \(hammered)")
        try quietRow(storm)
    }

    /// When the storm is over the program sleeps: there is nothing to be had but what a waiting guest causes.
    private func quietRow(_ storm: StormyEvents) throws(DriverError) {
        // Each vCPU asks for its next command when it has told the end of the last one.
        try guest.serve { guest.isWaiting() && guest.isWaiting(vcpu: 1) }
        do throws(XenError) {
            while try storm.wait(orReadable: nil, milliseconds: 0) == .event { try guest.domain.process() }
            let before = storm.received
            let outcome = try storm.wait(orReadable: nil, milliseconds: 300)
            tap.check(
                outcome == .timeout && storm.received == before, "when it is over there is nothing more to serve",
                detail: "\(outcome)")
        } catch {
            throw .xen(error)
        }
    }

    /// Two vCPUs with a device each, one of ports and one of memory, `count` requests in all.
    func longRows(
        _ server: borrowing IOREQServer<ServerState.Serving>, count: UInt32
    ) throws(DriverError) {
        let (port, page) = (Steady(answer: 0x1234_5678), Steady(answer: 0x8765_4321_1234_5678))
        tap.succeeds("two devices for a long run") { () throws(XenError) in
            try server.claim(.ports(0x3E0...0x3E7), for: port)
            try server.claim(.memory(0xF020_0000...0xF020_0FFF), for: page)
        }
        var ofPorts = GuestScript()
        ofPorts.add(.portIn, [0x3E0, 4])
        ofPorts.expect(0x1234_5678)
        ofPorts.add(.portOut, [0x3E4, 2, 1])
        var ofMemory = GuestScript()
        ofMemory.add(.load, pair(0xF020_0008) + [8])
        ofMemory.expect(0x8765_4321_1234_5678)
        ofMemory.add(.store, pair(0xF020_0010) + [8] + pair(1))
        let served = { port.reads + port.writes + page.reads + page.writes }
        try both(
            ofPorts, ofMemory, 500, served,
            "two vCPUs with different devices under load each get their own device's values")
        let before = residentKilobytes()
        let (rounds, started) = (count / 4, MonotonicTime.now)
        try both(
            ofPorts, ofMemory, rounds, served, "\(rounds * 4) requests are served, half of them from each vCPU")
        let seconds = Double(started.milliseconds(until: .now)) / 1000
        let after = residentKilobytes()
        tap.say("# \(rounds * 4) requests in \(seconds) s; \(Self.memoryLine) \(before) kB before, \(after) kB after")
        // The kernel counts pages in batches.
        tap.check(
            before > 0 && after <= before + 64, "and the process has not grown", detail: "\(before) kB, \(after) kB")
        tap.check(
            [port.reads, port.writes, page.reads, page.writes].allSatisfy { $0 == Int(rounds) + 500 },
            "every request has reached its device once", detail: "\(port.reads) \(page.writes)")
    }

    /// Until both vCPUs have done their scripts, or `stops` says so. The driver's patience is for one command; here it
    /// is for each hundred requests.
    private func serveBoth(served: () -> Int, stops: () -> Bool) throws(DriverError) {
        var isDone = false
        while !isDone {
            let next = served() + 100
            try guest.serve {
                isDone = stops() || (guest.hasResults(2) && guest.hasResults(2, vcpu: 1))
                return isDone || served() >= next
            }
        }
    }

    private func both(
        _ first: GuestScript, _ second: GuestScript, _ rounds: UInt32, _ served: () -> Int, _ text: String
    ) throws(DriverError) {
        guest.send(first, rounds: rounds)
        guest.send(second, rounds: rounds, vcpu: 1)
        try serveBoth(served: served) { false }
        let outcomes = [try guest.outcome(), try guest.outcome(vcpu: 1)]
        tap.check(
            outcomes.allSatisfy { $0.failed == 0 && $0.checked == rounds }, text,
            detail: "\(outcomes.map { $0.failed }) failed")
    }

    /// What /proc says of this process' memory: all that is resident; on a sandbox, where more code runs for the first
    /// time meanwhile, what no file is behind.
    private static var memoryLine: String { environmentVariable("CORBEL_HYPERVISOR") == nil ? "VmRSS:" : "RssAnon:" }

    /// That, in KiB; 0 when it can't be told.
    private func residentKilobytes() -> Int {
        var bytes = [UInt8](repeating: 0, count: 4096)
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path: "/proc/self/status", .read)
            var span = bytes.mutableSpan
            let count = try file.read(into: &span)
            let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
            let line = lines.first { $0.hasPrefix(Self.memoryLine) }
            return Int(String((line ?? "").filter { $0.isNumber })) ?? 0
        } catch {
            return 0
        }
    }
}
