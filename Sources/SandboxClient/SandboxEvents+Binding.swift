// Binding and unbinding of ports, by packets. dmop.md section 10.

internal import SandboxWire
internal import SystemCalls
internal import XenABI
internal import XenPlatform

extension SandboxEvents: PortOwner {
    /// No domain has more ports (FIFO event channels).
    private static var portsMax: UInt64 { 1 << 17 }

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        try adopt(
            connection.ask(
                .bindInterdomain, BindInterdomain(domain: UInt32(domain.rawValue), port: port.rawValue),
                NumberAnswer.self, "IOCTL_EVTCHN_BIND_INTERDOMAIN", domain: domain, value: UInt64(port.rawValue)))
    }

    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort {
        let argument = NumberArgument(UInt32(domain.rawValue))
        let call: StaticString = "IOCTL_EVTCHN_BIND_UNBOUND_PORT"
        return try adopt(connection.ask(.bindUnbound, argument, NumberAnswer.self, call, domain: domain))
    }

    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort {
        let value = UInt64(virq.rawValue)
        let call: StaticString = "IOCTL_EVTCHN_BIND_VIRQ"
        return try adopt(
            connection.ask(.bindVIRQ, NumberArgument(virq.rawValue), NumberAnswer.self, call, value: value))
    }

    /// Limits the connection to one domain. The driver refuses a second time; the same domain again changes nothing.
    func restrict(to domain: DomainID) throws(XenError) {
        if restrictedTo == domain { return }
        let call: StaticString = "IOCTL_EVTCHN_RESTRICT_DOMID"
        _ = try connection.ask(.restrictEvents, DomainArgument(domain), NoBody.self, call, domain: domain)
        restrictedTo = domain
    }

    func unbind(_ port: EventPort) {
        // When the sandbox has gone, so have its ports.
        _ = try? connection.ask(.unbind, NumberArgument(port.rawValue))
        forget(port)
    }

    private func adopt(_ answer: NumberAnswer) throws(XenError) -> BoundPort {
        guard answer.number < Self.portsMax else { throw connection.end() }
        let port = EventPort(UInt32(answer.number))
        var ports = bound
        ports.insert(port)
        bound = ports
        return BoundPort(port, owner: self)
    }
}

extension SandboxConnection {
    /// Says who calls, and maps the rings.
    func attach(_ hello: Hello, spinMicroseconds: UInt32) throws(SandboxError) -> SandboxEvents {
        let welcome = try greet(hello)
        guard welcome.eventByteCount == UInt32(EventLayout.byteCount) else { throw .stranger(path: path) }
        let file = try talk { () throws(XenError) in try takeDescriptor(0) }
        let instance = try talk { () throws(XenError) in try takeDescriptor(1) }
        let wakesSandbox = try talk { () throws(XenError) in try takeDescriptor(2) }
        do throws(SystemError) {
            let memory = try MappedMemory(sharing: file, byteCount: EventLayout.byteCount, access: .readWrite)
            return try SandboxEvents(
                self, memory: MappedPages(memory, owner: PlainMappings()),
                bell: SandboxBell(owning: instance, socket: socketNumber),
                wakesSandbox: EventCounter(owning: wakesSandbox), spinMicroseconds: spinMicroseconds)
        } catch {
            throw SandboxError(error, path: path)
        }
    }
}
