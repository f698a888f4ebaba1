// What the store asks Xen about domains: whether there is one, who is the control domain, what has changed
// (xenstored.md 9.3, 9.6, 14.3).
// Not for: what follows from it (StoreServer+Domains).

public import XenABI
internal import XenPlatform

/// Asks by the stable domain state call, and where Xen has none (before 4.21) by the state of ports.
///
/// A program makes one first, begins it, and gives its answers to the core: who is the control domain, and `uniqueID`.
public final class DomainLookup {
    private let platform: StorePlatform?
    private var interrupt: BoundPort?
    /// Whether this Xen has no domain state call: deaths are found indirectly.
    public private(set) var isIndirect = false
    /// The domains that there were at the beginning, in the order in which Xen told them; none when `isIndirect`.
    public private(set) var present: [DomainState] = []
    /// The port of VIRQ_DOM_EXC while it is bound.
    public private(set) var interruptPort: EventPort?

    /// What a Xen without domain states makes the log say (xenstored.md 9.6).
    public static let indirectText =
        "this Xen has no stable domain state call (Xen 4.21 or newer has it); "
        + "deaths of domains are found indirectly"

    /// Asks this Xen. Nil: every domain with a number below 0x7FF0 exists (`--no-domain-init`).
    public init(_ platform: StorePlatform?) { self.platform = platform }

    /// Whether it has begun.
    public var hasBegun: Bool { interruptPort != nil }

    /// The first domain that is a control domain; nil: Xen doesn't say.
    public var controlDomain: UInt16? { present.first { $0.isControlDomain }?.domain.rawValue }

    /// The last domain that is a Xenstore domain; nil: there is none, or Xen doesn't say.
    public var storeDomain: UInt16? { present.last { $0.isXenstoreDomain }?.domain.rawValue }

    /// Binds VIRQ_DOM_EXC, finds out whether Xen has domain states, by a question for the store domain, and fetches
    /// all domains (14.3, steps 5 and 6). Does nothing the second time. Throws what binding answers.
    public func begin(storeDomain: UInt16 = 0) throws(StoreStartError) {
        guard let platform, !hasBegun else { return }
        do throws(XenError) {
            let port = try platform.events.bindVIRQ(.domainException)
            interruptPort = port.port
            interrupt = consume port
        } catch {
            throw StoreStartError("VIRQ_DOM_EXC can't be bound: \(error)")
        }
        isIndirect = true
        guard let states = platform.states else { return }
        do throws(XenError) {
            _ = try states.state(of: DomainID(storeDomain))
            isIndirect = false
            // As many domains as Xen can have: an end for a loop that Xen's answers alone would end.
            while present.count < 0x8000, let state = try states.pollChanged() { present.append(state) }
        } catch {
            isIndirect = true
            present = []
        }
    }

    /// Xen's own number of a domain, 0 where that isn't known; nil: there is no such domain.
    public func uniqueID(of domain: UInt16) -> UInt64? {
        guard !DomainID(domain).isReserved else { return nil }
        guard let platform else { return 0 }
        if !isIndirect, let states = platform.states {
            do throws(XenError) {
                let state = try states.state(of: DomainID(domain))
                return state.exists && !state.isDead ? state.uniqueID : nil
            } catch {
                if error.code == .esrch { return nil }
            }
        }
        return platform.ports.exists(DomainID(domain)) ? 0 : nil
    }

    /// The next domain that has changed; nil: no more.
    func nextChanged() throws(XenError) -> DomainState? { try platform?.states?.pollChanged() }

    /// Unbinds VIRQ_DOM_EXC, before another program takes over (xenstored.md 13.5). It can begin again.
    public func end() {
        interruptPort = nil
        interrupt = nil
        present = []
    }
}
