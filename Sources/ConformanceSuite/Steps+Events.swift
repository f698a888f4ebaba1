// Steps on /dev/xen/evtchn. dmop.md section 10. Not for: answers of device models (Steps+Requests).

internal import XenABI

extension Step {
    /// BIND_INTERDOMAIN; answers the local port.
    public static func bind(_ remotePort: Value, of domain: Value = "G", by node: String = "evtchn") -> Step {
        Step("BIND_INTERDOMAIN \(remotePort) of \(domain.asDomain)" + byOther(node), .success) {
            bench throws(HostError) in
            let argument = EventChannelBindInterdomain(
                remoteDomain: UInt32(truncatingIfNeeded: try bench.number(domain)),
                remotePort: EventPort(UInt32(truncatingIfNeeded: try bench.number(remotePort))))
            return try bench.control(node, EventChannelCall.bindInterdomain, argument)
        }
    }

    /// BIND_UNBOUND_PORT; answers the local port.
    public static func bindUnbound(_ domain: Value, by node: String = "evtchn") -> Step {
        number("BIND_UNBOUND_PORT", EventChannelCall.bindUnboundPort, domain, node, .success)
    }

    /// BIND_VIRQ; answers the local port.
    public static func bindVIRQ(_ virq: Value, by node: String = "evtchn") -> Step {
        number("BIND_VIRQ", EventChannelCall.bindVIRQ, virq, node, .success)
    }

    /// UNBIND.
    public static func unbind(_ port: Value, by node: String = "evtchn") -> Step {
        number("UNBIND", EventChannelCall.unbind, port, node, 0)
    }

    /// NOTIFY.
    public static func notify(_ port: Value, by node: String = "evtchn") -> Step {
        number("NOTIFY", EventChannelCall.notify, port, node, 0)
    }

    /// RESET.
    public static func resetEvents(by node: String = "evtchn") -> Step {
        Step("RESET" + byOther(node)) { bench throws(HostError) in
            try bench.host.control(try bench.node(node), EventChannelCall.reset, 0)
        }
    }

    /// RESTRICT_DOMID.
    public static func restrictEvents(to domain: Value, by node: String = "evtchn") -> Step {
        Step("RESTRICT_DOMID \(domain)" + byOther(node)) { bench throws(HostError) in
            try bench.control(node, EventChannelCall.restrict, EventChannelRestrict(domain: try bench.domain(domain)))
        }
    }

    private static func number(
        _ text: String, _ request: UInt32, _ value: Value, _ node: String, _ wanted: Wanted
    ) -> Step {
        Step("\(text) \(value)" + byOther(node), wanted) { bench throws(HostError) in
            let number = UInt32(truncatingIfNeeded: try bench.number(value))
            return try bench.control(node, request, EventChannelArgument(value: number))
        }
    }

    /// read of a node: answers the bytes read. What was read is at `memory`, from its start on.
    public static func readNode(_ byteCount: Int, by node: String = "evtchn") -> Step {
        Step("read \(byteCount) bytes of \(node)", .success) { bench throws(HostError) in
            try bench.host.read(try bench.node(node), into: bench.scratch + Scratch.free, byteCount: byteCount)
        }
    }

    /// Waits until a port has fired, and reads: answers the bytes read. So many ports are expected, which may come one
    /// after another. What was read last is at `memory`, from its start on.
    public static func eventsCome(_ count: Int, by node: String = "evtchn") -> Step {
        Step("read of \(node) until \(count) ports have come", .success) { bench throws(HostError) in
            var patience = Patience(bench.host, seconds: 5)
            var byteCount: UInt64 = 0
            while true {
                let answer = try bench.host.read(
                    try bench.node(node), into: bench.scratch + Scratch.free, byteCount: 64)
                if case .value(let more) = answer {
                    byteCount += more
                } else if answer != .error(.eagain) {
                    return answer
                }
                if byteCount >= UInt64(4 * count) { return .value(byteCount) }
                guard patience.wait(bench.host) else { return .other("\(byteCount) bytes have come") }
            }
        }
    }

    /// Lets what was sent arrive, and does not read it.
    public static func waitForEvents() -> Step {
        Step.action("wait") { bench throws(HostError) in
            bench.host.wait(milliseconds: 50)
            return .value(0)
        }
    }

    /// Nothing comes for a while.
    public static func quiet(by node: String = "evtchn") -> Step {
        Step("read 64 bytes of \(node) after a while", .eagain) { bench throws(HostError) in
            bench.host.wait(milliseconds: 50)
            return try bench.host.read(try bench.node(node), into: bench.scratch + Scratch.free, byteCount: 64)
        }
    }

    /// write of ports, or of so many bytes of them, to a node: answers the bytes written.
    public static func writeNode(_ ports: [Value], bytes: Int? = nil, by node: String = "evtchn") -> Step {
        let list = ports.map(\.description).joined(separator: ", ")
        return Step("write \(bytes ?? 4 * ports.count) bytes, ports \(list), to \(node)", .success) {
            bench throws(HostError) in
            var contents = [UInt8](repeating: 0, count: 4 * ports.count)
            for (index, port) in ports.enumerated() { contents.put(try bench.number(port), at: 4 * index, width: 4) }
            try bench.host.store(bench.scratch + Scratch.free, contents)
            return try bench.host.write(
                try bench.node(node), from: bench.scratch + Scratch.free, byteCount: bytes ?? contents.count)
        }
    }

    /// write from an address, whatever is there.
    public static func writeNode(from address: Value, _ byteCount: Int, by node: String = "evtchn") -> Step {
        Step("write \(byteCount) bytes at \(address) to \(node)", .success) { bench throws(HostError) in
            try bench.host.write(try bench.node(node), from: try bench.number(address), byteCount: byteCount)
        }
    }
}
