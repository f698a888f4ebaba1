// What a process asks of evtchn, by packets: binding, and what had no room in the ring. dmop.md section 10.

internal import HypervisorModel
internal import SandboxWire
internal import XenABI

extension ServedConnection {
    /// A packet for evtchn.
    func eventCall(_ header: WireHeader, _ body: WireReader) throws(WireError) {
        guard let rings = nodes?.rings else { return answer(header, .noNodes, NoBody()) }
        switch header.kind {
        case .bindInterdomain:
            let argument = try BindInterdomain(whole: body)
            bind(header, rings) { () throws(Refusal) in
                try rings.file.bindInterdomain(argument.domain, EventPort(argument.port))
            }
        case .bindUnbound:
            let argument = try NumberArgument(whole: body)
            bind(header, rings) { () throws(Refusal) in try rings.file.bindUnbound(argument.number) }
        case .bindVIRQ:
            let argument = try NumberArgument(whole: body)
            bind(header, rings) { () throws(Refusal) in try rings.file.bindVIRQ(VIRQ(argument.number)) }
        case .unbind:
            let port = EventPort(try NumberArgument(whole: body).number)
            attempt(header) { () throws(Refusal) in
                try rings.file.unbind(port)
                rings.portUnbound()
            }
        case .notify:
            let port = EventPort(try NumberArgument(whole: body).number)
            attempt(header) { () throws(Refusal) in try rings.file.notify(port) }
        case .unmask:
            let port = EventPort(try NumberArgument(whole: body).number)
            attempt(header) { () throws(Refusal) in rings.file.unmask(port) }
        case .resetEvents:
            _ = try NoBody(whole: body)
            attempt(header) { () throws(Refusal) in rings.file.reset() }
        case .restrictEvents:
            let argument = try DomainArgument(whole: body)
            attempt(header) { () throws(Refusal) in try rings.file.restrict(to: argument.domain) }
        default: throw WireError("a packet of no known kind", at: 4)
        }
    }

    private func bind(_ header: WireHeader, _ rings: ServedRings, _ body: () throws(Refusal) -> EventPort) {
        guard rings.portCount < WireLimits.portsPerConnection else {
            service.log("\(name) has bound as many ports as it may")
            return answer(header, WireResult(.enospc, .sandbox), NoBody())
        }
        do throws(Refusal) {
            let port = try body()
            rings.portBound()
            // A fresh port may have fired: who was asked first has the answer first, which does not matter to the ring.
            answer(header, .success, NumberAnswer(UInt64(port.rawValue)))
        } catch {
            answer(header, WireResult(events: error), NoBody())
        }
    }

    private func attempt(_ header: WireHeader, _ body: () throws(Refusal) -> Void) {
        do throws(Refusal) {
            try body()
            answer(header, .success, NoBody())
        } catch {
            answer(header, WireResult(events: error), NoBody())
        }
    }
}
