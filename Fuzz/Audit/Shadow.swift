// A domain's state as a value, to see who has changed what. Not for: what must hold of it (Invariants).

@testable import HypervisorModel
import XenABI

/// What a restricted file of another domain's must not change.
struct DomainShadow: Equatable {
    private struct Server: Equatable {
        let id: IOREQServerID
        let owner: DomainID
        let isEnabled: Bool
        let ranges: [RangeSet]
        let pages: ObjectIdentifier?
        let legacyFrames: LegacyFrames?
    }

    private struct VCPU: Equatable {
        let event: InjectedEvent?
        let interrupts: [UInt8]
        let isBusy: Bool
    }

    private let servers: [Server?]
    private let extents: [MemoryExtent]
    private let life: DomainLife
    private let vcpus: [VCPU]
    private let latched: UInt32
    private let holder: IOREQServerID?
    private let caches: [PinnedCache]
    private let parameters: [UInt64]
    private let lines: [Bool]
    private let routes: [Int]
    private let window: [UInt64]
    private let logged: Set<GuestFrame>
    let ports: [EventPort: PortState]

    init(_ domain: Domain) {
        servers = domain.servers.map { server in
            server.map {
                Server(
                    id: $0.id, owner: $0.owner, isEnabled: $0.isEnabled, ranges: $0.ranges,
                    pages: $0.pages.map { ObjectIdentifier($0) }, legacyFrames: $0.legacyFrames)
            }
        }
        extents = domain.memory.extents
        life = domain.life
        vcpus = domain.vcpus.map { VCPU(event: $0.pendingEvent, interrupts: $0.interrupts, isBusy: $0.isBusy) }
        latched = domain.configurationAddress
        holder = domain.memoryTypeHolder
        caches = domain.pinnedCaches
        parameters = (0..<40).map { domain.parameters[$0] }
        let all = domain.interruptLines
        lines =
            (0..<48).map { all.level(ofGSI: $0) } + (0..<4).map { all.level(ofLink: $0) }
            + (32..<128).map { all.level(ofSPI: $0) }
        routes = (0..<4).map { all.route(ofLink: $0) }
        window = domain.dirtyFrames.window.map { [$0.first, UInt64($0.count)] + $0.bits.map { UInt64($0) } } ?? []
        logged = domain.loggedFrames
        ports = Dictionary(uniqueKeysWithValues: domain.ports.used.map { ($0, domain.ports[$0].state) })
    }

    /// Whether all is the same but the other ends of a domain's ports.
    func isSame(as other: DomainShadow, butPeersOf id: DomainID) -> Bool {
        servers == other.servers && extents == other.extents && life == other.life && vcpus == other.vcpus
            && latched == other.latched && holder == other.holder && caches == other.caches
            && parameters == other.parameters && lines == other.lines && routes == other.routes
            && window == other.window && logged == other.logged
            && ports.keys == other.ports.keys
            && ports.allSatisfy { port, state in
                guard state != other.ports[port] else { return true }
                if case .interdomain(id, _) = state { return other.ports[port] == .unbound(remote: id) }
                return false
            }
    }
}
