// `corbel explain` on live domains: what the statistics pages say of a domain's servers is put into a model of Xen, and
// the model is asked who gets the access. So the rules are written once (HypervisorModel, Selection).
// Not for: servers that publish no page, such as QEMU's; Xen has no call that lists ranges.

public import DaemonShell
public import HypervisorModel
internal import StatisticsPage
internal import XenABI

/// The servers of one domain, as far as pages tell, and who gets an access.
public struct ClaimExplanation {
    private let domain: UInt16
    private let model: Domain
    /// Keeps the model's domain.
    private let hypervisor: Hypervisor
    private let servers: [(id: UInt16, owner: ServerOwner, isComplete: Bool)]

    /// What is known of a domain; nil when no page has a server of it.
    public init?(domain: UInt16, pages: [FoundPage]) {
        var latest: [UInt16: (page: FoundPage, server: StatisticsSnapshot.Server)] = [:]
        for page in pages {
            for server in page.page.servers where server.record.domain == domain && server.record.id < 8 {
                let owner = ServerOwner(of: server.record.id, domain: domain, among: pages)
                if owner.path == page.path { latest[server.record.id] = (page, server) }
            }
        }
        guard !latest.isEmpty else { return nil }
        self.domain = domain
        hypervisor = Hypervisor()
        do throws(Refusal) {
            // Frames of RAM are unknown: what is not claimed may be memory.
            model = try hypervisor.createDomain(DomainShape(.pvh, frameCount: 0), id: DomainID(domain))
        } catch {
            return nil
        }
        servers = latest.keys.sorted().map { id in
            let known = latest[id].map { $0.page.page.ranges(of: $0.server.record).count } ?? 0
            let all = latest[id].map { Int($0.server.record.rangeCount) } ?? 0
            return (id, ServerOwner(of: id, domain: domain, among: pages), known >= all)
        }
        for id in 0...(latest.keys.max() ?? 0) { fill(id, latest[id]) }
        for id in 0...(latest.keys.max() ?? 0) where latest[id] == nil { call(DMOP.DestroyIOREQServer(id: .init(id))) }
    }

    /// Makes the server in the model, with its ranges. Pages are read as what anybody may have written: a range that
    /// the model refuses is left out.
    private func fill(_ id: UInt16, _ found: (page: FoundPage, server: StatisticsSnapshot.Server)?) {
        call(DMOP.CreateIOREQServer(handling: .off))
        guard let found else { return }
        let server = IOREQServerID(id)
        for range in found.page.page.ranges(of: found.server.record) {
            call(DMOP.MapIORange(id: server, type: .init(range.type), start: range.start, end: range.end))
        }
        guard found.server.record.state == .serving else { return }
        _ = try? hypervisor.acquireResource(
            by: .control, on: DomainID(domain), type: .ioreqServer, id: UInt32(id), first: 1, count: 1)
        call(DMOP.SetIOREQServerState(id: server, enabled: true))
    }

    private func call(_ payload: some DMOPPayload) {
        var frame = DMOPFrame(payload)
        var bytes = frame.bytes.mutableSpan
        var none = MutableSpan<UInt8>()
        try? hypervisor.dmOp(by: .control, on: DomainID(domain), bufferCount: 1, &bytes, &none)
    }

    /// Who gets the access of a step, as lines; nil when the step makes none. `latched` is what port 0xcf8 holds.
    public func lines(_ step: GuestStep, latched: UInt32?) -> [String]? {
        guard let explanation = model.explain(step, latched: latched ?? 0) else { return nil }
        var lines = explanation.lines
        for (id, owner, isComplete) in servers {
            let note = isComplete ? "" : " (claims more ranges than its page has room for)"
            lines.append("server \(id): \(owner.words)\(note)")
        }
        return lines + ["servers that publish no page, such as QEMU's, are not known here"]
    }
}
