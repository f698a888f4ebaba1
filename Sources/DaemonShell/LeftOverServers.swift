// Ioreq servers that a domain has, and whose they are as far as statistics pages tell. A device model that was killed
// leaves its servers in Xen, and the guest's accesses to them wait for ever.
// Not for: destroying any; nobody does that unasked.

internal import StatisticsPage

/// Whose an ioreq server is.
public struct ServerOwner: Equatable, Sendable {
    /// How sure it is.
    public enum Kind: Equatable, Sendable {
        /// A process that lives says that it is its own.
        case live
        /// The process that said so is gone.
        case gone
        /// No page has it: QEMU's, or of a program that could not publish a page.
        case unknown
    }

    /// How sure it is.
    public var kind: Kind
    /// The program's name; empty when unknown.
    public var program: String
    /// Its process; 0 when unknown.
    public var processID: Int32
    /// The page that says so; empty when unknown.
    public var path: String

    /// Looks for a server on pages: on those of living processes first, then on the latest one.
    public init(of server: UInt16, domain: UInt16, among pages: [FoundPage]) {
        var best: FoundPage?
        for page in pages {
            let has = page.page.servers.contains { $0.record.domain == domain && $0.record.id == server }
            guard has else { continue }
            if let other = best {
                if other.isLive && !page.isLive { continue }
                if other.isLive == page.isLive && other.page.published > page.page.published { continue }
            }
            best = page
        }
        kind = best.map { $0.isLive ? .live : .gone } ?? .unknown
        program = best.map { printable($0.page.process.program) } ?? ""
        processID = best?.page.process.processID ?? 0
        path = best?.path ?? ""
    }

    /// "SerialConsole, process 12", "left by SerialConsole, process 12, which is gone", "unknown: QEMU's look the
    /// same".
    public var words: String {
        switch kind {
        case .live: "\(program), process \(processID)"
        case .gone: "left by \(program), process \(processID), which is gone"
        case .unknown: "unknown: QEMU's look the same"
        }
    }
}

/// The ioreq servers of a domain with their owners.
public struct DomainServers: Sendable {
    /// The domain.
    public var domain: UInt16
    /// Ids, as Xen tells them, and owners.
    public var servers: [(id: UInt16, owner: ServerOwner)]

    /// Finds the owners of the servers with these ids by the pages in a folder; without the folder nobody's is known.
    public init(ids: [UInt16], domain: UInt16, folder: String = StatisticsFolder.standardPath) {
        let pages = (try? StatisticsFolder.read(folder))?.pages ?? []
        self.init(ids: ids, domain: domain, among: pages)
    }

    /// Finds the owners of the servers with these ids.
    public init(ids: [UInt16], domain: UInt16, among pages: [FoundPage]) {
        self.domain = domain
        servers = ids.map { ($0, ServerOwner(of: $0, domain: domain, among: pages)) }
    }

    /// What a device model says at its start: which servers no living process of ours claims, whose they were, what
    /// that means and how to clear them. Nil when there are none.
    public var warning: String? {
        let left = servers.filter { $0.owner.kind != .live }
        guard !left.isEmpty else { return nil }
        var list = ""
        for (id, owner) in left { list += (list.utf8.isEmpty ? "" : ", ") + "\(id) (\(owner.words))" }
        return """
            domain \(domain) has ioreq servers that no running program of ours claims: \(list). What the guest asks of \
            one that was left over waits for ever; one of QEMU's that is in use must stay. To see and clear them: \
            \(command), and then --destroy ID
            """
    }

    /// What to say when there is no room for a further server.
    public var advice: String {
        "no room for a further ioreq server in domain \(domain): 8 is the most. Are some left over? \(command) tells"
    }

    private var command: String { "corbel servers --domain \(domain)" }
}

/// A text from a page without what would control a terminal.
public func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        // Marks that turn the direction of writing, and line separators.
        let isLayout = (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        result.unicodeScalars.append(isControl || isLayout ? "?" : scalar)
    }
    return result
}
