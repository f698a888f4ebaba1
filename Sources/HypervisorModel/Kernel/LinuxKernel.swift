// The kernel of one domain, as device models see it: /dev/xen/privcmd and /dev/xen/evtchn, and where events arrive.
// Not for: gntdev (grants are not modelled); what the files do (PrivcmdFile, EventChannelFile).

public import XenABI

/// The Linux kernel of a domain in which device models run.
public final class LinuxKernel: EventSink {
    /// The hypervisor below.
    public let hypervisor: Hypervisor
    /// The domain, and what Xen lets it do.
    public let caller: Caller
    /// Module parameters and version.
    public let options: KernelOptions
    let domain: Domain

    /// What is known of a port. An object, and the list of them is changed as a whole: what happens for each event
    /// needs no check for overlapping changes then.
    private final class Port {
        /// The file that has bound it.
        var owner: EventChannelFile?
        /// Whether it is masked, as are ports that nobody has bound.
        var isMasked = true
        /// Whether it has fired while masked.
        var isPending = false
    }

    private var ports: [Port] = []

    /// The kernel of a domain, to which the domain's events go from here on. ESRCH when there is no such domain.
    public init(
        _ hypervisor: Hypervisor, caller: Caller, options: KernelOptions = KernelOptions()
    ) throws(Refusal) {
        guard let domain = hypervisor.domain(caller.domain) else { throw Refusal(.esrch, "no such domain") }
        self.hypervisor = hypervisor
        self.caller = caller
        self.options = options
        self.domain = domain
        domain.eventSink = self
    }

    /// Opens /dev/xen/privcmd. In a domU with the fix of XSA-482 it is restricted already. dmop.md section 9.3.
    public func openPrivcmd() -> PrivcmdFile {
        var restriction = DomainID.invalid
        if options.hasXSA482 {
            switch caller.privilege {
            case .control: break
            case .deviceModel(let target): restriction = target
            case .none: restriction = .idle
            }
        }
        return PrivcmdFile(self, PrivcmdAudit(options, restriction: restriction))
    }

    /// Opens /dev/xen/evtchn. Who opens it closes it (`EventChannelFile.close`): the kernel keeps it while it has
    /// ports.
    public func openEvtchn() -> EventChannelFile { EventChannelFile(self) }

    // MARK: Ports

    /// A port of the domain has fired: its file is told, unless the port is masked.
    public func portFired(_ port: EventPort) {
        let index = Int(port.rawValue)
        guard index < ports.count, !ports[index].isMasked, let owner = ports[index].owner else {
            return keepPending(index)
        }
        ports[index].isMasked = true
        owner.enqueue(port)
    }

    /// An event while the port is masked, or not bound by a file yet: it is there when the port is unmasked.
    private func keepPending(_ index: Int) {
        guard index < PortTable.portsMax else { return }
        grow(to: index)
        ports[index].isPending = true
    }

    private func grow(to index: Int) {
        guard ports.count <= index else { return }
        ports = ports + (ports.count...index).map { _ in Port() }
    }

    /// A port becomes a file's, and can fire.
    func adopt(_ port: EventPort, _ file: EventChannelFile) {
        grow(to: Int(port.rawValue))
        ports[Int(port.rawValue)].owner = file
        unmask(port)
    }

    /// Whether the file has bound the port.
    func owns(_ port: EventPort, _ file: EventChannelFile) -> Bool {
        port.rawValue < UInt32(ports.count) && ports[Int(port.rawValue)].owner === file
    }

    /// Lets a port of a file fire; what came meanwhile fires at once. A port that is not masked stays as it is.
    func unmask(_ port: EventPort) {
        let index = Int(port.rawValue)
        guard ports[index].isMasked else { return }
        ports[index].isMasked = false
        guard ports[index].isPending else { return }
        ports[index].isPending = false
        portFired(port)
    }

    /// Closes a port of a file.
    func release(_ port: EventPort) {
        let known = ports[Int(port.rawValue)]
        known.owner = nil
        known.isMasked = true
        known.isPending = false
        hypervisor.close(domain, port)
    }

    /// All ports that a file has bound.
    func ports(of file: EventChannelFile) -> [EventPort] {
        ports.indices.filter { ports[$0].owner === file }.map { EventPort(UInt32($0)) }
    }

    /// Ports below this number are in the kernel's present range: UNBIND tells the two kinds of stranger apart.
    var portRange: UInt32 { max(1024, (UInt32(ports.count) + 1023) / 1024 * 1024) }
}
