// The store looked through, a slice at a time, while it goes on serving: are its counts what one finds by counting
// (xenstored.md 12, `check`)? What was counted already is kept right by each change, so that at the end all is compared
// as of one moment.
// Not for: the walk itself (XenstoreCore+Check).

/// What a check has found.
public struct CheckReport: Equatable, Sendable {
    /// Nodes of the store at the end.
    public var nodeCount: Int
    /// Domains looked at.
    public var domainCount: Int
    /// Permission entries of domains that have gone: they grant nothing, and go when their node is written next.
    public var goneEntryCount: Int
    /// Differences; of each what is wrong, as a sentence. At most 64 are told of.
    public var differences: [String]
    /// How many differences there are.
    public var differenceCount: Int
}

/// A check under way.
struct StoreCheck {
    enum Phase {
        /// Nodes one by one, by their places.
        case nodes
        /// The lists of children, against the children that were found.
        case lists
        /// Domains one by one.
        case domains
    }

    /// What belongs to an owner.
    struct Owned {
        var nodeCount = 0
        var byteCount = 0
    }

    static var differenceCountMax: Int { 64 }

    let repairs: Bool
    var phase = Phase.nodes
    /// The next node's place, or the next domain of `domains`.
    var cursor = 0
    var domains: [UInt16] = []
    private(set) var owned: [UInt16: Owned] = [:]
    /// Children by their parent's place: how many, and bytes of their names, each with its NUL.
    private var children: [(count: UInt32, byteCount: UInt32)] = []
    var goneEntryCount = 0
    var differences: [String] = []
    var differenceCount = 0

    init(repairs: Bool) { self.repairs = repairs }

    /// Whether a node was counted, so that its changes have to be followed.
    func hasCounted(_ node: NodeID) -> Bool { phase != .nodes || Int(node.index) < cursor }

    mutating func differs(_ text: @autoclosure () -> String) {
        differenceCount += 1
        if differences.count < Self.differenceCountMax { differences.append(text()) }
    }

    /// A version comes (1) or goes (-1).
    mutating func count(_ owner: UInt16, byteCount: Int, _ sign: Int) {
        owned[owner, default: Owned()].nodeCount += sign
        owned[owner, default: Owned()].byteCount += sign * byteCount
    }

    /// A node's version takes so many bytes more.
    mutating func grow(_ owner: UInt16, byteCount: Int) { owned[owner, default: Owned()].byteCount += byteCount }

    /// A child comes or goes.
    mutating func count(childOf parent: NodeID, nameByteCount: Int, comes: Bool) {
        let index = Int(parent.index)
        if index >= children.count {
            children.append(contentsOf: repeatElement((count: 0, byteCount: 0), count: index + 1 - children.count))
        }
        let bytes = UInt32(truncatingIfNeeded: nameByteCount + 1)
        if comes {
            children[index].count &+= 1
            children[index].byteCount &+= bytes
        } else {
            children[index].count &-= 1
            children[index].byteCount &-= bytes
        }
    }

    /// The children that were found below a node.
    func found(below node: NodeID) -> (count: Int, byteCount: Int) {
        let index = Int(node.index)
        if index >= children.count { return (0, 0) }
        return (Int(children[index].count), Int(children[index].byteCount))
    }
}
