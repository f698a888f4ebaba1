// What a sandbox tells of itself, and what it does with servers that are left over.

internal import HypervisorModel
internal import SandboxWire
internal import XenABI

extension SandboxService {
    /// A line for the log.
    func log(_ line: String) { journal.log(line) }

    /// What is going on, as lines of text.
    public var status: String {
        var lines = [
            "Xen \(hypervisor.release.description), listening at \(options.socketPath)",
            "\(hypervisor.guests.count) domains, \(guests.runningCount) scripts running, "
                + "\(journal.refusalCount) calls refused",
        ]
        for connection in connections {
            let ports = connection.nodes?.rings.portCount ?? 0
            lines.append("\(connection.name): \(ports) ports, \(connection.mappings.count) mappings")
        }
        return lines.joined(separator: "\n")
    }

    /// The domains but dom0.
    var domainEntries: [DomainList.Entry] {
        hypervisor.guests.prefix(WireLimits.domainsPerPacket).map { domain in
            let servers = (0..<8 as Range<UInt16>).filter { domain.server(IOREQServerID($0)) != nil }.count
            let end = domain.life.shutdownReason.map { 1 | ($0.rawValue & 0xff) << 8 } ?? 0
            let life = end | (domain.life.isDying ? 2 : 0)
            return DomainList.Entry(
                id: domain.id, kind: domain.shape.kind.rawValue, serverCount: UInt8(servers), life: life,
                vcpuCount: UInt32(domain.shape.vcpuCount), frameCount: domain.shape.frameCount)
        }
    }

    /// Which limit a new domain would be beyond, for people; nil: none.
    func limit(against request: DomainRequest) -> String? {
        let limits = options.limits
        if hypervisor.domains.count > limits.domains {
            return "there are \(limits.domains) domains, and a sandbox has no more: destroy one"
        }
        if request.vcpuCount > limits.vcpusPerDomain {
            return "a domain of the sandbox has \(limits.vcpusPerDomain) vCPUs at most"
        }
        if request.frameCount > limits.framesPerDomain {
            return "a domain of the sandbox has \(limits.framesPerDomain) frames at most"
        }
        return nil
    }

    /// A process has gone: the servers that it has made are a domain's, and stay, unless the sandbox was told else.
    /// dmop.md section 15.10.
    func leaveServers(of connection: ServedConnection) {
        guard let nodes = connection.nodes else { return }
        for own in connection.ownServers {
            let record = own.record
            guard hypervisor.domain(own.domain)?.server(record.id) === record else { continue }
            let text = "ioreq server \(record.id.rawValue) of domain \(own.domain.rawValue)"
            switch options.onDisconnect {
            case .keep: log("left over by \(connection.name): \(text)")
            case .destroy:
                let request = DMOP.DestroyIOREQServer(id: record.id)
                var frame = DMOPFrame(request)
                var operation = frame.bytes.mutableSpan
                var none = MutableSpan<UInt8>()
                do throws(Refusal) {
                    try hypervisor.dmOp(
                        by: nodes.kernel.caller, on: own.domain, bufferCount: 1, &operation, &none)
                    log("destroyed for \(connection.name): \(text)")
                } catch {
                    log("left over by \(connection.name): \(text), which can't be destroyed: \(error.description)")
                }
            }
        }
    }
}

/// The log: refused calls with their rules, and what happens. A line that comes again and again is counted.
final class Journal: ModelObserver {
    private let write: (String) -> Void
    private let logsRefusals: Bool
    private var last = ""
    private var repeats = 0
    /// Calls that were refused so far.
    private(set) var refusalCount = 0

    init(_ options: SandboxOptions) {
        write = options.log
        logsRefusals = options.logsRefusals
    }

    func log(_ line: String) {
        if line == last {
            repeats += 1
            return
        }
        flush()
        last = line
        write(line)
    }

    /// Says how often the last line came again.
    func flush() {
        if repeats > 0 { write("(and \(repeats) times more)") }
        repeats = 0
        last = ""
    }

    func refused(_ call: StaticString, by refusal: Refusal, caller: DomainID, target: DomainID?) {
        refusalCount += 1
        guard logsRefusals else { return }
        let about = target.map { " on domain \($0.rawValue)" } ?? ""
        log("refused: \(call.description) by domain \(caller.rawValue)\(about): \(refusal.description)")
    }

    func misuse(_ what: StaticString, domain: DomainID, vcpu: VCPUID) {
        log("misuse: \(what.description), domain \(domain.rawValue) vCPU \(vcpu.rawValue)")
    }
}
