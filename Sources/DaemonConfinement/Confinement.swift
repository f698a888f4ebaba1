// How a daemon gives up what it does not need any more, in the order of varstored.md 12.5.
// Not for: what it needs (the daemon says), what each step is (its neighbours).

public import SystemCalls

/// What is given up.
public struct Confinement: Sendable {
    /// The folder that becomes the root; nil: the root stays.
    public var root: String?
    /// The user that the process becomes; nil: it stays who it is.
    public var user: UInt32?
    /// The only group that it has from then on; nil: it keeps its groups.
    public var group: UInt32?
    /// Whether mounts, IPC, network and host name become its own.
    public var leavesNamespaces: Bool
    /// Limits; nil: they stay.
    public var limits: ConfinedLimits?
    /// The system calls that are left; nil: all.
    public var filter: SystemCallFilter?

    /// Gives up nothing but what every confined program does: foreign descriptors, core files, new privileges.
    public init(
        root: String? = nil, user: UInt32? = nil, group: UInt32? = nil, leavesNamespaces: Bool = false,
        limits: ConfinedLimits? = nil, filter: SystemCallFilter? = nil
    ) {
        self.root = root
        self.user = user
        self.group = group
        self.leavesNamespaces = leavesNamespaces
        self.limits = limits
        self.filter = filter
    }

    /// Closes descriptors, forbids core files and new privileges, and goes into the root: steps 1 and 2. The rights are
    /// still there, to open what is needed of the new root; it stays open. With a root no folder may be open before.
    public func enterRoot(keeping kept: KeptDescriptors) throws(ConfinementError) -> EnteredRoot {
        if case .only(let numbers) = kept {
            try step(.descriptors) { () throws(SystemError) in try closeDescriptors(except: numbers) }
        }
        try step(.dumping) { () throws(SystemError) in try forbidDumping() }
        try step(.newPrivileges) { () throws(SystemError) in try forbidNewPrivileges() }
        if let root {
            try Self.checkFolders(kept)
            try step(.root) { () throws(SystemError) in try changeRoot(path: root) }
        }
        return EnteredRoot(self)
    }

    /// An open folder outside of the root leads out of it, by `..`.
    private static func checkFolders(_ kept: KeptDescriptors) throws(ConfinementError) {
        let numbers: [Int32]
        switch kept {
        case .only(let list): numbers = [0, 1, 2] + list
        // Numbers are given away lowest first: behind so many free ones there are no others.
        case .all: numbers = Array(0..<Int32(clamping: descriptorLimit(sparing: 64)))
        }
        if numbers.contains(where: { isFolder(descriptor: $0) }) {
            throw ConfinementError(.folders, SystemError(isDirectory, "fstat"))
        }
    }

    /// EISDIR.
    private static var isDirectory: Int32 { 21 }
}

/// Descriptors that stay open. The standard streams do in any case.
public enum KeptDescriptors: Sendable {
    /// All: of a program that has closed what it inherited when it started (`closeDescriptors`), and owns the rest.
    case all
    /// These. All others are closed, and must have no owner any more.
    case only([Int32])
}

/// A process in its new root that still has its rights.
public struct EnteredRoot: ~Copyable, Sendable {
    private let confinement: Confinement

    fileprivate init(_ confinement: Confinement) { self.confinement = confinement }

    /// Gives up the rest: namespaces, user and groups, limits, system calls; steps 3 to 6. After an error the process
    /// is half confined and has to end.
    public consuming func giveUpRights() throws(ConfinementError) {
        if confinement.leavesNamespaces {
            try step(.namespaces) { () throws(SystemError) in try leaveNamespaces() }
        }
        if let group = confinement.group {
            try step(.group) { () throws(SystemError) in try setOnlyGroup(group) }
        }
        if let user = confinement.user {
            try step(.user) { () throws(SystemError) in try setUser(user) }
            // Of a root that has kept a right to come back nothing is given up.
            if (try? setUser(0)) != nil { throw ConfinementError(.user, SystemError(Self.notPermitted, "setuid")) }
        }
        // Changing user and group makes the kernel forget it.
        try step(.dumping) { () throws(SystemError) in try forbidDumping() }
        if let limits = confinement.limits {
            try step(.limits) { () throws(SystemError) in try limits.apply() }
        }
        if let filter = confinement.filter {
            endAtCrashes()
            try step(.filter) { () throws(SystemError) in try filter.install() }
        }
    }

    /// EPERM.
    private static var notPermitted: Int32 { 1 }
}

/// How much a confined process may have.
public struct ConfinedLimits: Sendable {
    /// Bytes of a file that it writes. What is beyond is refused (EFBIG).
    public var fileByteCount: UInt64
    /// Processes and threads of its user.
    public var processCount: UInt64
    /// Descriptors that it may open beside those that it has.
    public var spareDescriptorCount: Int
    /// Bytes of address space.
    public var addressSpaceByteCount: UInt64

    /// These limits, and no core file.
    public init(
        fileByteCount: UInt64, processCount: UInt64 = 1, spareDescriptorCount: Int, addressSpaceByteCount: UInt64
    ) {
        self.fileByteCount = fileByteCount
        self.processCount = processCount
        self.spareDescriptorCount = spareDescriptorCount
        self.addressSpaceByteCount = addressSpaceByteCount
    }

    /// Those of varstored. Source: varstored.md 12.5.
    public static var variableDaemon: ConfinedLimits {
        ConfinedLimits(fileByteCount: 262_144, spareDescriptorCount: 8, addressSpaceByteCount: 1 << 30)
    }

    func apply() throws(SystemError) {
        // The limit's own signal would end the process, for a log in a file say.
        ignoreFileSizeSignal()
        try LimitedResource.fileByteCount.limit(to: fileByteCount)
        try LimitedResource.processCount.limit(to: processCount)
        try LimitedResource.descriptorCount.limit(to: descriptorLimit(sparing: spareDescriptorCount))
        try LimitedResource.coreByteCount.limit(to: 0)
        try LimitedResource.addressSpaceByteCount.limit(to: addressSpaceByteCount)
    }
}

/// A step that could not be done. The process has to end.
public struct ConfinementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A step, in order.
    public enum Step: Equatable, Sendable {
        case descriptors, dumping, newPrivileges, folders, root, namespaces, group, user, limits, filter

        /// What was to be done.
        public var words: StaticString {
            switch self {
            case .descriptors: "closing descriptors"
            case .dumping: "forbidding core files"
            case .newPrivileges: "forbidding new privileges"
            case .folders: "looking for open folders outside of the new root"
            case .root: "changing the root"
            case .namespaces: "leaving namespaces"
            case .group: "changing the group"
            case .user: "changing the user"
            case .limits: "setting limits"
            case .filter: "filtering system calls"
            }
        }
    }

    /// The step.
    public var step: Step
    /// What the system has answered.
    public var error: SystemError

    init(_ step: Step, _ error: SystemError) {
        self.step = step
        self.error = error
    }

    /// Such as `changing the root: chroot: Operation not permitted (1)`.
    public var description: String { "\(step.words): \(error.description)" }
}

private func step(
    _ step: ConfinementError.Step, _ body: () throws(SystemError) -> Void
) throws(ConfinementError) {
    do throws(SystemError) {
        try body()
    } catch {
        throw ConfinementError(step, error)
    }
}
