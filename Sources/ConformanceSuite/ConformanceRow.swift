// A row and a block of rows, as data. Not for: running them (ConformanceRunner).

public import HypervisorModel

/// What a block's guest is.
public enum GuestKind: String, Hashable, Sendable {
    /// The rows need no guest.
    case none
    /// PVH, frames 0 to 0x3ff populated, never run.
    case pausedPVH = "PVH guest, paused"
    /// PVH, running the exerciser (Guests/exerciser), which does what steps tell it to.
    case runningPVH = "PVH guest, running the exerciser"
    /// HVM, never run.
    case pausedHVM = "HVM guest, paused"
    /// HVM, running the exerciser.
    case runningHVM = "HVM guest, running the exerciser"
    /// Paravirtualised: no device-model operations.
    case pausedPV = "PV guest, paused"

    /// Whether the exerciser runs in it.
    var isRunning: Bool { self == .runningPVH || self == .runningHVM }
}

/// What a row needs of where it runs, beyond a guest. A host says what it has; rows that need more are skipped.
public enum Ability: String, Hashable, Sendable, CaseIterable {
    /// Ioctls with any number, address and size on /dev/xen/privcmd and /dev/xen/evtchn.
    case bareNodes = "bare nodes"
    /// /dev/xen/gntdev.
    case grants = "gntdev"
    /// Domains can be made, destroyed, paused.
    case domains = "a program that makes domains"
    /// Log-dirty mode can be switched.
    case logDirty = "log-dirty mode"
    /// HVM parameters can be set.
    case parameters = "HVM parameters"
    /// A guest can be paused while it runs.
    case pausing = "guests that can be paused"
    /// VIRQ_DOM_EXC is free: no xenstored of this domain holds it.
    case exceptionVIRQ = "a VIRQ 3 that nobody holds"
    /// Callers in domains other than dom0.
    case otherCallers = "callers in other domains"
}

/// A rule of the specification as steps: what is done, and what comes of it.
public struct ConformanceRow: Sendable {
    /// As in dmop.md section 18: `R5`.
    public let id: String
    /// The rule, as a sentence.
    public let title: String
    /// Where it is written: `dmop.md 3.3`.
    public let source: String
    /// What is done.
    public var steps: [Step]
    /// Where it is run at all.
    public var scope = RowScope()
    /// Where real Xen and the sandbox differ, and why; the same as in Documentation/conformance.md.
    public var explanation: String?

    /// A row.
    public init(_ id: String, _ title: String, _ source: String, _ steps: Step...) {
        self.id = id
        self.title = title
        self.source = "dmop.md " + source
        self.steps = steps
    }

    /// A row of many steps.
    public init(_ id: String, _ title: String, _ source: String, steps: [Step]) {
        self.id = id
        self.title = title
        self.source = "dmop.md " + source
        self.steps = steps
    }
}

/// Where a row is run.
public struct RowScope: Hashable, Sendable {
    /// The first release that it is for.
    public var first: Release.Version?
    /// Only where XSA-506 is fixed.
    public var needsXSA506 = false
    /// Only on the model and the sandbox.
    public var isOnSandboxOnly = false
    /// Only with `--all`: it could take down a host that others use.
    public var isDangerous = false
    /// Beyond what its block needs.
    public var needs: Set<Ability> = []
}

extension ConformanceRow {
    /// The same, not run on releases before one.
    public func since(_ version: Release.Version) -> ConformanceRow { with { $0.first = version } }

    /// The same, not run without the fix of XSA-506.
    public func withXSA506() -> ConformanceRow { with { $0.needsXSA506 = true } }

    /// The same, not run on real Xen.
    public func onSandboxOnly() -> ConformanceRow { with { $0.isOnSandboxOnly = true } }

    /// The same, run with `--all` only.
    public func dangerous() -> ConformanceRow { with { $0.isDangerous = true } }

    /// The same, which needs something of its host.
    public func needing(_ abilities: Ability...) -> ConformanceRow { with { $0.needs.formUnion(abilities) } }

    /// The same, with the reason why the sandbox answers something else (`Step.onSandbox`).
    public func explained(_ reason: String) -> ConformanceRow {
        var row = self
        row.explanation = reason
        return row
    }

    private func with(_ change: (inout RowScope) -> Void) -> ConformanceRow {
        var row = self
        change(&row.scope)
        return row
    }
}

/// Rows that run in order, on one fresh guest for each number of vCPUs.
public struct ConformanceBlock: Sendable {
    /// What the rows are about.
    public let title: String
    /// The guest.
    public let guest: GuestKind
    /// Numbers of vCPUs: the rows run once with each.
    public var vcpuCounts: [Int]
    /// What all rows need of the host.
    public var needs: Set<Ability>
    /// Whether each row has a guest of its own.
    public var hasGuestPerRow: Bool
    /// The first release on which the block is run.
    public var first: Release.Version?
    /// Done before the first row; before each one, where each has a guest of its own.
    public var setup: [Step]
    /// The rows.
    public let rows: [ConformanceRow]

    /// A block. A guest needs a host that can make domains.
    public init(
        _ title: String, on guest: GuestKind, vcpus: [Int] = [1, 2], needs: Set<Ability> = [.bareNodes],
        guestPerRow: Bool = false, since first: Release.Version? = nil, setup: [Step] = [], rows: [ConformanceRow]
    ) {
        self.title = title
        self.guest = guest
        vcpuCounts = guest == .none ? [1] : vcpus
        self.needs = guest == .none ? needs : needs.union([.domains])
        hasGuestPerRow = guestPerRow
        self.first = first
        self.setup = setup
        self.rows = rows
    }
}
