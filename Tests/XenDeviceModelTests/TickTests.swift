// serve(until:every:): when a tick comes, and what ends the loop.

import Testing
import XenABI
import XenPlatform

@testable import XenDeviceModel

/// A clock that a test sets; each look at it moves it on.
private final class StepClock: MonotonicClock {
    var time: UInt64 = 0
    var step: UInt64 = 0
    var nanoseconds: UInt64 {
        time += step
        return time
    }
}

@Suite struct TickTests {
    let xen = FakeXen()
    let device = Recorder()

    private func serving(_ clock: StepClock?) throws(XenError) -> IOREQServer<ServerState.Serving> {
        try Platform(calls: xen, memory: xen, events: xen, clock: clock).domain(DomainID(5), restricted: false)
            .makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: device).enable()
    }

    @Test func withoutAClockATickComesWhenNothingElseDoes() throws {
        let server = try serving(nil)
        var ticks = 0
        let end = try server.serve(until: NeverStop(), every: 10) { () throws(XenError) in ticks += 1 }
        // FakeXen says three times that the time is up, then that the stop is readable.
        #expect(end == .stopped)
        #expect(ticks == 3)
    }

    @Test func aTickComesThoughTheGuestIsBusy() throws {
        let clock = StepClock()
        let server = try serving(clock)
        try server.process()
        clock.step = 1_300_000  // no divisor of the interval
        // The guest asks anew as soon as it is answered, so that there is always an event.
        var rounds = 0
        xen.whenAnswered = { [xen] in
            rounds += 1
            if rounds < 2000 { xen.access(0, portRead(0x100, 1)) }
        }
        xen.access(0, portRead(0x100, 1))
        var servedAtTick: [Int] = []
        try server.serve(until: NeverStop(), every: 20) { () throws(XenError) in servedAtTick.append(rounds) }
        #expect(rounds == 2000)
        #expect(servedAtTick.first.map { $0 > 0 && $0 < 2000 } == true)
        #expect(servedAtTick.count > 2)
    }

    @Test func beforeItsTimeThereIsNoTick() throws {
        let server = try serving(StepClock())
        var ticks = 0
        try server.serve(until: NeverStop(), every: 60_000) { () throws(XenError) in ticks += 1 }
        #expect(ticks == 0)
    }

    @Test func aTickThatFailsEndsTheLoopWithItsError() throws {
        let server = try serving(nil)
        let refusal = failure { () throws(XenError) in
            try server.serve(until: NeverStop(), every: 10) { () throws(XenError) in throw XenError(.enospc, "tick") }
        }
        #expect(refusal?.call.description == "tick")
    }

    @Test func aTickThatFailsBecauseTheDomainIsGoneIsNoFailure() throws {
        let server = try serving(nil)
        let end = try server.serve(until: NeverStop(), every: 10) { [xen] () throws(XenError) in
            xen.isDying = true
            throw XenError(.esrch, "tick")
        }
        #expect(end == .domainGone)
    }

    @Test func aDomainThatGoesEndsTheLoop() throws {
        let server = try serving(nil)
        xen.isDying = true
        #expect(try server.serve(until: NeverStop(), every: 10) { () throws(XenError) in } == .domainGone)
    }
}
