// Rows C1 to C13 (dmop.md section 18.6) by bare ioctls, and event channels through the platform, on channels from dom0
// to itself.

import SystemCalls
import TAP
import XenABI
import XenLinux
import XenPlatform

/// C1 to C13, as far as no guest is needed.
func rowsOfEvtchn(_ tap: TAP) throws(SystemError) {
    let node = try Node("evtchn")
    tap.expect(node.number(EventChannelCall.notify, 900), enotconn, "C1 NOTIFY a port that is not ours")
    tap.expect(node.number(EventChannelCall.notify, .max), enotconn, "C1 NOTIFY port ~0")
    tap.expect(node.number(EventChannelCall.unbind, 900), enotconn, "C2 UNBIND 900")
    tap.expect(node.number(EventChannelCall.unbind, .max), einval, "C2 UNBIND ~0")
    tap.expect(node.call(0x0000_45FF), enosys, "C3 an unknown ioctl")
    var bytes = [UInt8](repeating: 0, count: 4)
    let empty = answer { () throws(SystemError) in
        var span = bytes.mutableSpan
        return Int32(try node.descriptor.read(into: &span))
    }
    tap.expect(empty, eagain, "C4 reading when there is nothing")
    var three = [UInt8](repeating: 0, count: 3)
    let short = answer { () throws(SystemError) in
        var span = three.mutableSpan
        return Int32(try node.descriptor.read(into: &span))
    }
    tap.expect(short, 0, "C4 reading 3 bytes")
    let foreign = answer { () throws(SystemError) in Int32(try node.descriptor.write(bytes.span)) }
    tap.expect(foreign, 4, "C5 unmasking a foreign port")
    let odd = answer { () throws(SystemError) in Int32(try node.descriptor.write(three.span)) }
    tap.expect(odd, 0, "C5 writing 3 bytes")
    let own = EventChannelRestrict(domain: DomainID(0))
    tap.expect(node.call(EventChannelCall.restrict, own), einval, "C9 restrict to 0")
    let reserved = EventChannelRestrict(domain: .caller)
    tap.expect(node.call(EventChannelCall.restrict, reserved), einval, "C9 restrict to 0x7ff0")
    tap.expect(node.call(EventChannelCall.reset), 0, "C12 RESET")
    let port = node.number(EventChannelCall.bindUnboundPort, 77)
    tap.check(port > 0, "C12 an unbound port for a domain that is not there", detail: "got \(port)")
    tap.expect(node.number(EventChannelCall.unbind, UInt32(max(0, port))), 0, "C2 UNBIND a port of ours")
}

/// The platform's event channels: refusals.
func rowsOfEventRefusals(_ tap: TAP, _ platform: borrowing Platform, _ second: borrowing Platform) {
    let events = platform.events
    let otherEvents = second.events
    tap.expect(.einval, "C6 bind remote port 9999 of domain 0") { () throws(XenError) in
        try events.bindInterdomain(DomainID(0), port: EventPort(9999)).close()
    }
    tap.expect(.esrch, "C6 bind remote port 9999 of domain 77") { () throws(XenError) in
        try events.bindInterdomain(DomainID(77), port: EventPort(9999)).close()
    }
    tap.expect(.enotconn, "C1 notify a port that is not ours") { () throws(XenError) in
        try events.notify(EventPort(900))
    }
    tap.succeeds("C5 unmasking a port that is not ours is ignored") { () throws(XenError) in
        try events.unmask(EventPort(900))
    }
    tap.succeeds("C13 VIRQ 3 once, not twice, and again after unbinding") { () throws(XenError) in
        let held = try events.bindVIRQ(.domainException)
        tap.expect(.eexist, "C13 VIRQ 3 on another handle") { () throws(XenError) in
            try otherEvents.bindVIRQ(.domainException).close()
        }
        held.close()
        try otherEvents.bindVIRQ(.domainException).close()
    }
    tap.expect(.einval, "C13 VIRQ 99") { () throws(XenError) in try events.bindVIRQ(VIRQ(99)).close() }
}

/// A channel from dom0 to dom0: both ends, with the first event, which has no cause, taken.
private struct Channel: ~Copyable {
    let near: BoundPort
    let far: BoundPort

    init(_ events: any EventChannels) throws(XenError) {
        let near = try events.bindUnbound(DomainID(0))
        far = try events.bindInterdomain(DomainID(0), port: near.port)
        self.near = near
    }
}

/// Takes everything that has fired, and lets it fire again.
private func drain(_ events: any EventChannels) throws(XenError) -> [EventPort] {
    var ports: [EventPort] = []
    // Each nil ends a batch; without a port that fires any more the wait ends them all.
    while try events.wait(orReadable: nil, milliseconds: 0) == .event {
        while let port = try events.next() { ports.append(port) }
    }
    for port in ports { try events.unmask(port) }
    return ports
}

/// Sending and receiving.
func rowsOfEventDelivery(_ tap: TAP, _ platform: borrowing Platform) throws(XenError) {
    let events = platform.events
    let channel = try Channel(events)
    let fresh = try drain(events)
    tap.check(fresh.contains(channel.far.port), "a fresh interdomain port fires once without cause", detail: "\(fresh)")
    tap.check(try events.wait(orReadable: nil, milliseconds: 20) == .timeout, "waiting ends when the time is over")
    try events.notify(channel.far.port)
    tap.check(try events.wait(orReadable: nil, milliseconds: 5000) == .event, "a notification ends the wait")
    tap.check(try events.next() == channel.near.port, "next() answers the other end's port")
    tap.check(try events.next() == nil, "which ends the batch")
    tap.check(try events.wait(orReadable: nil, milliseconds: 20) == .timeout, "and then nothing")
    try events.notify(channel.far.port)
    tap.check(try events.wait(orReadable: nil, milliseconds: 20) == .timeout, "a masked port stays silent")
    try events.unmask(channel.near.port)
    tap.check(try events.wait(orReadable: nil, milliseconds: 5000) == .event, "unmasking lets it through")
    tap.check(try drain(events) == [channel.near.port], "once")
}

/// Many ports in one read, and ports that go while they are fetched.
func rowsOfEventBatches(_ tap: TAP, _ platform: borrowing Platform) throws(XenError) {
    let events = platform.events
    // More than one read fetches (64).
    var channels: [BoundPortBox] = []
    for _ in 0..<50 {
        let channel = try Channel(events)
        channels.append(BoundPortBox(channel))
    }
    _ = try drain(events)
    for channel in channels {
        try events.notify(channel.near)
        try events.notify(channel.far)
    }
    let fired = Set(try drain(events).map(\.rawValue))
    let all = Set(channels.flatMap { [$0.near.rawValue, $0.far.rawValue] })
    tap.check(fired == all, "100 ports fire in two reads", detail: "\(fired.count) of \(all.count)")
    for channel in channels { try events.notify(channel.far) }
    let first = try events.next()
    tap.check(try events.wait(orReadable: nil, milliseconds: 0) == .event, "fetched ports end a wait at once")
    let last = channels.removeLast()
    let gone = [last.near, last.far]
    last.close()
    var rest = try drain(events)
    if let first { rest.append(first) }
    tap.check(rest.count >= 49, "the others are still handed out", detail: "\(rest.count)")
    tap.check(!rest.dropLast().contains(where: gone.contains), "a port unbound after it was fetched is not handed out")
}

/// The driver's ring overflows when ports are unmasked without being read.
func rowsOfOverflow(_ tap: TAP, _ platform: borrowing Platform) throws(XenError) {
    let events = platform.events
    let channel = try Channel(events)
    let silent = try Channel(events)
    _ = try drain(events)
    for _ in 0..<5000 {
        try events.notify(channel.far.port)
        try events.unmask(channel.near.port)
    }
    let overflows = (events as? EventChannelDevice)?.overflowCount
    tap.check(overflows == 0, "nothing is lost before it is read", detail: "\(String(describing: overflows))")
    let bound = Set([channel.near.port, channel.far.port, silent.near.port, silent.far.port].map(\.rawValue))
    let handedOut = Set(try drain(events).map(\.rawValue))
    tap.check((events as? EventChannelDevice)?.overflowCount == 1, "the overflow is counted")
    tap.check(handedOut.isSuperset(of: bound), "every bound port is handed out", detail: "\(handedOut) \(bound)")
    _ = try drain(events)
    try events.notify(silent.far.port)
    tap.check(try events.wait(orReadable: nil, milliseconds: 5000) == .event, "events come again")
    tap.check(try drain(events) == [silent.near.port], "and are the right ones")
}

/// A second descriptor beside the events.
func rowsOfWaitingForTwo(_ tap: TAP, _ platform: borrowing Platform) throws(XenError) {
    let events = platform.events
    _ = try drain(events)
    do throws(SystemError) {
        let counter = try EventCounter()
        let number = counter.descriptor.rawValue
        let silent = try answerOf { () throws(XenError) in try events.wait(orReadable: number, milliseconds: 0) }
        tap.check(silent == .timeout, "two silent descriptors")
        try counter.signal()
        let spoken = try answerOf { () throws(XenError) in try events.wait(orReadable: number, milliseconds: nil) }
        tap.check(spoken == .other, "the other descriptor ends the wait")
    } catch {
        tap.check(false, "waiting for two", detail: error.description)
    }
}

private func answerOf(_ body: () throws(XenError) -> WaitOutcome) throws(SystemError) -> WaitOutcome {
    do throws(XenError) { return try body() } catch { throw SystemError(error.code.rawValue, "poll") }
}

/// A channel in an array.
private final class BoundPortBox {
    let near: EventPort
    let far: EventPort
    private var channel: Channel?

    init(_ channel: consuming Channel) {
        near = channel.near.port
        far = channel.far.port
        self.channel = consume channel
    }

    func close() { channel = nil }
}
