// The two kinds of port that a server has: one for each vCPU, one for the buffered ring.
// Not for: what the requests mean (see ServerCore+Requests).

import XenABI
import XenPlatform

/// A bound port of a server, and where an answer to its requests goes. It keeps its server until that is closed.
class Channel {
    let server: ServerCore
    let port: EventPort
    private var bound: BoundPort?

    init(_ server: ServerCore, _ bound: consuming BoundPort) {
        self.server = server
        port = bound.port
        self.bound = consume bound
    }

    /// Unbinds the port, whoever else still knows this channel.
    func close() {
        server.domain.platform.dispatcher.disconnect(port)
        if let bound = bound.take() { bound.close() }
    }

    /// Answers the request with this ticket, if it is still out.
    func complete(_ ticket: UInt64, value: UInt64?) {}

    /// Whether the request with this ticket still waits for its answer.
    func isOut(_ ticket: UInt64) -> Bool { false }

    /// The vCPU that waits for answers; nil when nobody does.
    var vcpu: VCPUID? { nil }
}

/// A vCPU's side of a server.
final class VCPUChannel: Channel, PortHandler {
    private let number: VCPUID
    /// Kept here, and for good, so that an answer finds it without counting references.
    private let events: any EventChannels
    /// The request that is out with a device; 0 when none is.
    var ticket: UInt64 = 0
    /// Where a string read that is out wants its data; nil for everything else.
    var stringRead: ValidSlot?
    /// When it arrived.
    private var timed = TimedRequest()

    init(_ server: ServerCore, _ vcpu: VCPUID, _ bound: consuming BoundPort) {
        number = vcpu
        events = server.domain.platform.events
        super.init(server, bound)
    }

    override var vcpu: VCPUID? { number }

    /// A request has arrived.
    @inline(__always)
    func begin(_ ticket: UInt64) {
        self.ticket = ticket
        timed = server.arrival(of: ticket)
    }

    /// A request that is still out is owed nothing: Xen's side of its slot was not as we left it. Whoever drops it
    /// later must not reach the port, whose number may be another's by then.
    override func close() {
        super.close()
        ticket = 0
    }

    func portFired(_ port: EventPort) throws(XenError) {
        guard ticket == 0, let slot = server.pages?.take(number) else { return }
        try server.serve(slot, of: self)
    }

    override func isOut(_ ticket: UInt64) -> Bool { ticket == self.ticket && ticket != 0 }

    override func complete(_ ticket: UInt64, value: UInt64?) {
        // A server that was closed meanwhile has answered it.
        guard isOut(ticket) else { return }
        self.ticket = 0
        if server.isObserved { server.observeAnswer(to: number, value: value, string: stringRead) }
        if stringRead != nil { stringRead = nil }
        // Without the pages, whose going is the last of a server, the port is not ours any more either.
        guard server.pages?.finish(number, value: value) != nil else { return }
        server.statistics.answers += 1
        do throws(XenError) {
            try events.notify(port)
        } catch {
            server.keep(error)
        }
        if timed.weight > 0 { server.record(timed) }
    }
}

/// The ring's side of a server. Its writes are posted: nobody waits for an answer.
final class RingChannel: Channel, PortHandler {
    func portFired(_ port: EventPort) throws(XenError) { try server.drainRing(self) }
}
