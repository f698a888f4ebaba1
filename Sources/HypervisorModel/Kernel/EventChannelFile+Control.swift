// The ioctls of /dev/xen/evtchn by number, with their arguments as bytes. dmop.md section 10.
// Not for: what they do (EventChannelFile).

internal import XenABI

extension EventChannelFile {
    /// One ioctl; `argument` nil or too short: it is unreadable. Answers what the ioctl returns: a port, or 0.
    public func control(_ number: UInt32, _ argument: [UInt8]?) throws(Refusal) -> UInt32 {
        switch number {
        case EventChannelCall.bindVIRQ:
            // The restriction comes before the argument here, and after it with BIND_INTERDOMAIN.
            try refuseRestricted("IOCTL_EVTCHN_BIND_VIRQ")
            return try bindVIRQ(VIRQ(word(argument))).rawValue
        case EventChannelCall.bindUnboundPort:
            try refuseRestricted("IOCTL_EVTCHN_BIND_UNBOUND_PORT")
            return try bindUnbound(word(argument)).rawValue
        case EventChannelCall.bindInterdomain:
            let bind = try decode(argument, EventChannelBindInterdomain.self)
            return try bindInterdomain(bind.remoteDomain, bind.remotePort).rawValue
        case EventChannelCall.unbind: try unbind(EventPort(word(argument)))
        case EventChannelCall.notify: try notify(EventPort(word(argument)))
        case EventChannelCall.reset: reset()
        case EventChannelCall.restrict:
            if restriction != nil { throw logged(Refusal(.eacces, "10 restricted already"), "ioctl evtchn", nil) }
            try restrict(to: decode(argument, EventChannelRestrict.self).domain)
        default: throw logged(Refusal(.enosys, "10 unknown ioctl"), "ioctl evtchn", nil)
        }
        return 0
    }

    private func refuseRestricted(_ call: StaticString) throws(Refusal) {
        do throws(Refusal) { try checkUnrestricted() } catch { throw logged(error, call, nil) }
    }

    private func word(_ argument: [UInt8]?) throws(Refusal) -> UInt32 {
        try decode(argument, EventChannelArgument.self).value
    }

    private func decode<Layout: WireLayout>(_ argument: [UInt8]?, _: Layout.Type) throws(Refusal) -> Layout {
        guard let argument, argument.count >= Layout.byteCount else {
            throw logged(Refusal(.efault, "10 argument unreadable"), "ioctl evtchn", nil)
        }
        return Layout(trusting: argument.span)
    }
}
