// Where the steps of a block run: the host, the guest, and what has been opened, mapped and named so far.
// Not for: the calls themselves (Bench+*.swift), nor which steps there are.

public import XenABI

/// A block's workbench. Steps find here what earlier steps have made, by name.
public final class Bench {
    /// What the rows run on.
    public let host: any ConformanceHost
    /// The block's guest; domain 77, which is not there, where it has none.
    public internal(set) var guest: DomainID
    /// Its vCPUs.
    public let vcpuCount: Int

    /// Numbers that steps have named.
    private var numbers: [String: UInt64] = [:]
    /// Nodes that steps have opened, by name.
    private var nodes: [String: NodeHandle] = [:]
    /// Mappings that are there.
    private var mappings: Set<UInt64> = []
    /// Servers that steps drive, by name.
    var servers: [String: RawServer] = [:]
    /// What the last device-model operation was given, and what it left.
    var lastCall = CallBuffers()
    /// What the last domctl has answered.
    var lastDomctl = Answer.value(0)
    /// The guest is this bench's own to destroy.
    private var ownsGuest = false
    /// Pages for arguments, descriptors, buffers.
    let scratch: UInt64

    /// A bench with a guest of its own, or none.
    init(_ host: any ConformanceHost, _ kind: GuestKind, vcpuCount: Int) throws(HostError) {
        self.host = host
        self.vcpuCount = vcpuCount
        scratch = try host.allocate(pageCount: Scratch.pageCount, isReadOnly: false)
        guest = DomainID(77)
        name("N", UInt64(vcpuCount))
        name("null", 0)
        name("memory", scratch + Scratch.free)
        name("readonly", try host.allocate(pageCount: 1, isReadOnly: true))
        name("unmapped", 0x1000)
        name("kernel", 0xFFFF_8880_0000_0000)
        if kind != .none {
            guest = try host.makeGuest(kind, vcpuCount: vcpuCount)
            ownsGuest = true
        }
        name("G", UInt64(guest.rawValue))
        guard kind.isRunning else { return }
        let buffer = try host.exerciserBuffer()
        name("buffer", buffer)
        name("buffer.frame", buffer >> 12)
    }

    /// Undoes all that is left: mappings, nodes, the guest.
    func close() throws(HostError) {
        for mapping in mappings { try host.unmap(mapping) }
        mappings = []
        for node in nodes.values { host.close(node) }
        nodes = [:]
        if ownsGuest { try host.destroyGuest(guest) }
        ownsGuest = false
    }

    // MARK: Names

    /// Gives a number a name.
    public func name(_ name: String, _ number: UInt64) { numbers[name] = number }

    /// What a value stands for; nil: nothing has that name.
    public func find(_ value: Value) -> UInt64? {
        switch value {
        case .number(let number): number
        case .named(let name, let more): numbers[name].map { $0 &+ more }
        }
    }

    /// What a value stands for.
    public func number(_ value: Value) throws(HostError) -> UInt64 {
        guard let number = find(value) else { throw .broken("nothing is named \(value)") }
        return number
    }

    /// The domain that a value stands for.
    public func domain(_ value: Value) throws(HostError) -> DomainID {
        DomainID(UInt16(truncatingIfNeeded: try number(value)))
    }

    // MARK: Nodes and mappings

    /// The node that was opened under a name. One that is named as its kind is opened when it is first asked for.
    public func node(_ name: String) throws(HostError) -> NodeHandle {
        if let node = nodes[name] { return node }
        guard let kind = NodeKind(rawValue: name) else { throw .broken("no node was opened as \(name)") }
        return try open(kind, as: name)
    }

    /// Opens a node under a name; one of that name before is closed.
    @discardableResult
    public func open(_ kind: NodeKind, as name: String, by caller: NodeCaller = .dom0) throws(HostError) -> NodeHandle {
        if let old = nodes.removeValue(forKey: name) { host.close(old) }
        let node = try host.open(kind, by: caller)
        nodes[name] = node
        return node
    }

    /// Closes the node of a name.
    public func close(node name: String) throws(HostError) {
        guard let node = nodes.removeValue(forKey: name) else { throw .broken("no node was opened as \(name)") }
        host.close(node)
    }

    /// mmap of a node; what it makes is undone at the end, at the latest. Answers the address.
    public func map(
        _ node: NodeHandle, pageCount: Int, offset: UInt64 = 0, isShared: Bool = true
    ) throws(HostError) -> Answer {
        let answer = try host.map(node, pageCount: pageCount, offset: offset, isShared: isShared)
        if case .value(let address) = answer { mappings.insert(address) }
        return answer
    }

    /// Undoes a mapping.
    public func unmap(_ address: UInt64) throws(HostError) {
        guard mappings.remove(address) != nil else { throw .broken("nothing is mapped at \(Value.text(address))") }
        try host.unmap(address)
    }

    /// The guest is gone: nothing is left to destroy.
    func destroyGuest() throws(HostError) {
        guard ownsGuest else { throw .broken("the block has no guest to destroy") }
        ownsGuest = false
        try host.destroyGuest(guest)
    }
}

/// Where things lie in a bench's scratch pages.
enum Scratch {
    static let pageCount = 48
    /// An ioctl's argument.
    static let argument: UInt64 = 0
    /// Descriptors of buffers; frames of a mapping.
    static let descriptors: UInt64 = 0x1000
    /// Results of a mapping, by frame.
    static let results: UInt64 = 0x2000
    /// Buffer 0 of an operation: room for one that is too long.
    static let operation: UInt64 = 0x4000
    /// Buffer 1 of an operation.
    static let data: UInt64 = 0x6000
    /// Memory that rows use as they like.
    static let free: UInt64 = 0x10000
}
