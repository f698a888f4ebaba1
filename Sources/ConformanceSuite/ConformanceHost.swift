// What rows run on: the bare device nodes, memory of the caller's, and guests. One for real Xen, one for the model in
// this process, one for a running sandbox. Not for: what rows mean by a step (Bench, Steps+*.swift).

public import HypervisorModel
public import XenABI

/// Why a host could not do something that is no answer of Xen's or Linux'.
public enum HostError: Error, Hashable, Sendable {
    /// It has no such thing: the row is skipped, for this reason.
    case unavailable(String)
    /// It went wrong: the row fails.
    case broken(String)
}

/// A device node.
public enum NodeKind: String, Hashable, Sendable {
    /// The node of this name in /dev/xen.
    case privcmd, evtchn, gntdev
}

/// The domain that opens a node.
public enum NodeCaller: String, Hashable, Sendable {
    /// Dom0: a control domain.
    case dom0
    /// A stub domain whose target is the block's guest; its kernel opens the node without a restriction.
    case stubDomain = "a stub domain"
}

/// An open node.
public struct NodeHandle: Hashable, Sendable {
    /// A number of the host's.
    public var number: Int32

    /// The node of this number.
    public init(_ number: Int32) { self.number = number }
}

/// What has become of a guest.
public enum GuestCondition: Hashable, Sendable {
    /// It runs, or waits for a device model.
    case running
    /// Its toolstack has paused it.
    case paused
    /// It has shut down, for this reason.
    case shutDown(UInt32)
    /// It is being torn down.
    case dying
    /// There is no such domain.
    case gone
}

/// What rows run on. Addresses are those of the calling process; a call answers what Linux or Xen does.
public protocol ConformanceHost: AnyObject {
    /// `xen`, `model` or `sandbox`.
    var name: String { get }
    /// Which Xen answers.
    var release: Release { get }
    /// Whether it is a real Xen.
    var isRealXen: Bool { get }
    /// Why an ability is not here; nil: it is.
    func lacks(_ ability: Ability) -> String?

    /// Opens a node, non-blocking.
    func open(_ node: NodeKind, by caller: NodeCaller) throws(HostError) -> NodeHandle
    /// Closes a node.
    func close(_ node: NodeHandle)
    /// ioctl: `argument` is an address, or a number. Answers what the call returns.
    func control(_ node: NodeHandle, _ request: UInt32, _ argument: UInt64) throws(HostError) -> Answer
    /// mmap of a node, readable and writable. Answers the address.
    func map(
        _ node: NodeHandle, pageCount: Int, offset: UInt64, isShared: Bool
    ) throws(HostError) -> Answer
    /// munmap of all that one `map` has made.
    func unmap(_ address: UInt64) throws(HostError)
    /// read of a node into memory. Answers the bytes read.
    func read(_ node: NodeHandle, into address: UInt64, byteCount: Int) throws(HostError) -> Answer
    /// write of memory to a node. Answers the bytes written.
    func write(_ node: NodeHandle, from address: UInt64, byteCount: Int) throws(HostError) -> Answer

    /// Fresh zeroed memory of the caller's, locked.
    func allocate(pageCount: Int, isReadOnly: Bool) throws(HostError) -> UInt64
    /// Bytes of the caller's memory, or of a mapping.
    func load(_ address: UInt64, byteCount: Int) throws(HostError) -> [UInt8]
    /// Changes bytes of the caller's memory, or of a mapping.
    func store(_ address: UInt64, _ bytes: [UInt8]) throws(HostError)
    /// Lets some milliseconds pass; where nothing happens by itself, nothing.
    func wait(milliseconds: Int)

    /// Makes a guest: paused, or with the exerciser running on all its vCPUs and waiting for commands.
    func makeGuest(_ kind: GuestKind, vcpuCount: Int) throws(HostError) -> DomainID
    /// Destroys a guest and waits until nothing but mappings can hold it.
    func destroyGuest(_ domain: DomainID) throws(HostError)
    /// Pauses a guest, or lets it run.
    func setPaused(_ domain: DomainID, _ isPaused: Bool) throws(HostError)
    /// Switches log-dirty mode.
    func setLogDirty(_ domain: DomainID, _ isOn: Bool) throws(HostError) -> Answer
    /// Sets an HVM parameter; `value` nil: answers it.
    func parameter(_ domain: DomainID, _ index: UInt32, set value: UInt64?) throws(HostError) -> Answer
    /// What has become of a guest.
    func condition(of domain: DomainID) throws(HostError) -> GuestCondition
    /// createdomain with this id, and its end again. Answers 0 where it could be made.
    func createDomain(withID id: DomainID) throws(HostError) -> Answer

    /// Where the exerciser's test buffer is, 16 KiB from a page's start: a guest-physical address.
    func exerciserBuffer() throws(HostError) -> UInt64
    /// Gives the exerciser a command, and does not wait.
    func begin(_ command: GuestCommand, vcpu: Int) throws(HostError)
    /// How far a vCPU has come with its command. Never blocks for long.
    func progress(vcpu: Int) throws(HostError) -> GuestProgress
}

extension ConformanceHost {
    /// Opens a node as dom0.
    func open(_ node: NodeKind) throws(HostError) -> NodeHandle { try open(node, by: .dom0) }
}
