// A running sandbox as what rows run on: the nodes are connections of their own, calls go as the packets that the
// sandbox speaks. What Linux alone does (odd reads of evtchn, odd fields of mappings) is not there to be asked.
// Not for: the model in this process (ModelHost).

public import HypervisorModel
internal import SandboxClient
internal import SandboxWire
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// The host of `--hypervisor sandbox:PATH`.
public final class SandboxHost {
    /// What the sandbox imitates.
    public let release: Release
    let path: String
    let control: SandboxControl
    var memory = ModelMemory()
    private var nodes: [NodeHandle: SandboxNode] = [:]
    private var nextNode: Int32 = 3
    /// The block's guest.
    var guest: SandboxGuest?

    /// Connects to the sandbox whose socket is at a path.
    public init(path: String) throws(HostError) {
        self.path = path
        do throws(SandboxError) {
            control = try SandboxControl(path: path)
        } catch {
            throw .broken(error.description)
        }
        guard let release = Release(control.release) else {
            throw .broken("the sandbox imitates \(control.release), which this program does not know")
        }
        self.release = release
    }
}

/// An open node of a sandbox, with what it has bound.
final class SandboxNode {
    let kind: NodeKind
    let bare: SandboxBareNode
    var ports: [UInt32: PortBox] = [:]

    init(_ kind: NodeKind, _ bare: SandboxBareNode) {
        self.kind = kind
        self.bare = bare
    }

    final class PortBox {
        let port: BoundPort
        init(_ port: consuming BoundPort) { self.port = port }
    }
}

/// Pages that a sandbox has mapped for us: of a server, or frames one by one.
final class SandboxMapping: MadeUpMapping {
    final class Pages {
        let pages: MappedPages
        init(_ pages: consuming MappedPages) { self.pages = pages }
    }

    let byteCount: Int
    /// By page: what it is in, and which page of that.
    private var places: [(Pages, Int)?]

    init(pageCount: Int) {
        byteCount = pageCount * GuestFrame.byteCount
        places = [(Pages, Int)?](repeating: nil, count: pageCount)
    }

    var isEmpty: Bool { places.allSatisfy { $0 == nil } }

    func fill(at first: Int, _ pages: Pages) {
        for index in 0..<(pages.pages.byteCount / GuestFrame.byteCount) { places[first + index] = (pages, index) }
    }

    func load(_ offset: Int) -> UInt8? {
        guard let (pages, page) = places[offset / GuestFrame.byteCount] else { return nil }
        return pages.pages.loadAcquiring8(at: page * GuestFrame.byteCount + offset % GuestFrame.byteCount)
    }

    func store(_ offset: Int, _ byte: UInt8) -> Bool {
        guard let (pages, page) = places[offset / GuestFrame.byteCount] else { return false }
        pages.pages.storeReleasing8(byte, at: page * GuestFrame.byteCount + offset % GuestFrame.byteCount)
        return true
    }
}

extension SandboxHost: ConformanceHost {
    /// `sandbox`.
    public var name: String { "sandbox" }
    /// It is none.
    public var isRealXen: Bool { false }

    /// What the sandbox has no packets for.
    public func lacks(_ ability: Ability) -> String? {
        switch ability {
        case .bareNodes, .domains, .otherCallers, .exceptionVIRQ: nil
        case .grants: "grants are not modelled"
        case .logDirty: "a sandbox has no switch for log-dirty mode"
        case .pausing: "a sandbox pauses no guest"
        case .parameters: "a sandbox has no HVM parameters to be set"
        }
    }

    /// Opens a node: a connection.
    public func open(_ node: NodeKind, by caller: NodeCaller) throws(HostError) -> NodeHandle {
        guard node != .gntdev else { throw .unavailable("grants are not modelled") }
        let handle = NodeHandle(nextNode)
        nextNode += 1
        do throws(SandboxError) {
            nodes[handle] = SandboxNode(node, try SandboxBareNode(path: path, caller: hello(caller)))
        } catch {
            throw .broken(error.description)
        }
        return handle
    }

    private func hello(_ caller: NodeCaller) -> Hello {
        guard caller == .stubDomain, let guest else { return Hello() }
        // The id of a domain that is there, and is neither the guest nor dom0: made when the guest was.
        return Hello(caller: guest.stub, privilege: .deviceModel, target: guest.domain)
    }

    /// Closes a node.
    public func close(_ node: NodeHandle) { nodes.removeValue(forKey: node) }

    func find(_ node: NodeHandle, _ kind: NodeKind) throws(HostError) -> SandboxNode {
        guard let found = nodes[node] else { throw .broken("no node \(node.number)") }
        guard found.kind == kind else { throw .unavailable("the sandbox has no such call") }
        return found
    }

    /// ioctl.
    public func control(_ node: NodeHandle, _ request: UInt32, _ argument: UInt64) throws(HostError) -> Answer {
        guard let found = nodes[node] else { throw .broken("no node \(node.number)") }
        return found.kind == .privcmd
            ? try privcmd(found, request, argument) : try evtchn(found, request, argument)
    }

    /// Memory of the caller's, with everything in it 0.
    public func allocate(pageCount: Int, isReadOnly: Bool) throws(HostError) -> UInt64 {
        memory.allocate(byteCount: pageCount * GuestFrame.byteCount, isReadOnly: isReadOnly)
    }

    /// Bytes of memory, or of pages that are mapped.
    public func load(_ address: UInt64, byteCount: Int) throws(HostError) -> [UInt8] {
        guard let bytes = memory.load(address, byteCount: byteCount) else {
            throw .broken("\(byteCount) bytes at \(Value.text(address)) can't be read")
        }
        return bytes
    }

    /// Changes memory, or pages that are mapped.
    public func store(_ address: UInt64, _ bytes: [UInt8]) throws(HostError) {
        guard memory.store(address, bytes, byKernel: false) else {
            throw .broken("\(bytes.count) bytes at \(Value.text(address)) can't be written")
        }
    }

    /// Sleeps: the sandbox is another process.
    public func wait(milliseconds: Int) {
        MonotonicTime.now.advanced(byMilliseconds: Int32(clamping: milliseconds)).sleep()
    }
}
