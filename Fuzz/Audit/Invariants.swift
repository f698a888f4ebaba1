// What holds of the model's state after each step. dmop.md sections 1.6, 3, 8 to 10.
// Not for: what holds of one call (Scenario+Calls).

@testable import HypervisorModel
import XenABI

extension Hypervisor {
    /// Everything, looked at from outside of the model.
    func checkState() {
        var virqs: Set<VIRQ> = []
        for (id, domain) in domains {
            hold(self.domain(id) === domain, "a domain is found by its number")
            hold(id == domain.id && !id.isReserved, "a domain is found by its own id")
            checkServers(domain)
            checkMemory(domain)
            checkPorts(domain, &virqs)
            checkVCPUs(domain)
            checkLife(domain)
        }
    }

    private func checkServers(_ domain: Domain) {
        hold(domain.servers.count <= DMOPLimits.serversPerDomain, "8 servers at most")
        for (index, server) in domain.servers.enumerated() {
            guard let server else { continue }
            hold(Int(server.id.rawValue) == index, "a server is found by its own id")
            for set in server.ranges { checkRanges(set.ranges) }
            hold(server.vcpuPorts.count == domain.vcpus.count, "a port for each vCPU")
            hold((server.bufferedPort != nil) == (server.handling != .off), "a port of the ring where there is one")
            for (vcpu, port) in server.vcpuPorts.enumerated() {
                checkServerPort(domain.ports[port], server, .vcpu(VCPUID(UInt32(vcpu))))
            }
            if let port = server.bufferedPort { checkServerPort(domain.ports[port], server, .ring) }
            hold(server.pages == nil || server.legacyFrames == nil, "pages come one way or the other")
            hold(!server.hasPublishedPorts || server.hasPages, "ports are published in pages")
            hold(server.pages.map { $0.count == 2 } ?? true, "two pages")
            for frame in [server.legacyFrames?.synchronous, server.legacyFrames?.buffered] {
                hold(frame?.isTakenOut != true || server.isEnabled, "frames are taken out while the server is enabled")
            }
        }
        if let holder = domain.memoryTypeHolder { hold(domain.server(holder) != nil, "type 4 is a server's") }
    }

    private func checkServerPort(_ entry: PortTable.Entry, _ server: IOREQServerRecord, _ consumer: PortConsumer) {
        hold(entry.consumer == consumer, "a server's port is Xen's")
        switch entry.state {
        case .unbound(let remote), .interdomain(let remote, _):
            hold(remote == server.owner, "only the owner binds a server's port")
        default: hold(false, "a server's port is unbound or bound")
        }
    }

    private func checkRanges(_ ranges: [ClosedRange<UInt64>]) {
        hold(ranges.count <= DMOPLimits.rangesPerServerAndType, "256 ranges at most")
        for (left, right) in zip(ranges, ranges.dropFirst()) {
            hold(left.upperBound < right.lowerBound, "ranges are in order and disjoint")
            hold(left.upperBound + 1 < right.lowerBound, "ranges that touch are one")
        }
    }

    private func checkMemory(_ domain: Domain) {
        let extents = domain.memory.extents
        var tracked: UInt64 = 0
        var pages: [ClosedRange<UInt64>] = []
        for extent in extents {
            hold(extent.first <= extent.last && extent.use != .hole, "an extent has frames and a use")
            guard case .ram(let type, let page) = extent.use else { continue }
            pages.append(page...(page + (extent.last - extent.first)))
            if type == .ioreqServer { tracked += extent.count }
        }
        hold(tracked == domain.memory.trackedFrameCount, "frames of type 4 are counted")
        for (left, right) in zip(extents, extents.dropFirst()) {
            hold(left.last < right.first, "extents are in order and disjoint")
            hold(!left.joins(right), "extents are as few as can be")
        }
        for server in domain.servers {
            for frame in [server?.legacyFrames?.synchronous, server?.legacyFrames?.buffered] {
                if let frame, frame.isTakenOut { pages.append(frame.page...frame.page) }
            }
        }
        pages.sort { $0.lowerBound < $1.lowerBound }
        for (left, right) in zip(pages, pages.dropFirst()) {
            hold(left.upperBound < right.lowerBound, "a page is at one frame")
        }
        hold(pages.last.map { $0.upperBound < domain.shape.frameCount } ?? true, "pages are those of the domain")
        hold(domain.pinnedCaches.count <= DMOPLimits.pinnedCacheRanges, "64 pinned ranges at most")
        for (index, cache) in domain.pinnedCaches.enumerated() {
            let others = domain.pinnedCaches.dropFirst(index + 1)
            hold(!others.contains { $0.frames.overlaps(cache.frames) }, "pinned ranges are disjoint")
        }
    }

    private func checkPorts(_ domain: Domain, _ virqs: inout Set<VIRQ>) {
        let servers = domain.servers.compactMap { $0 }
        for port in domain.ports.used {
            switch domain.ports[port].consumer {
            case .kernel: break
            case .vcpu(let vcpu):
                let isOwned = servers.contains { $0.vcpuPorts[Int(vcpu.rawValue)] == port }
                hold(isOwned, "a port of Xen's is a server's")
            case .ring: hold(servers.contains { $0.bufferedPort == port }, "a port of Xen's is a server's")
            }
            switch domain.ports[port].state {
            case .interdomain(let remote, let remotePort):
                let peer = self.domain(remote)?.ports[remotePort].state
                hold(peer == .interdomain(remote: domain.id, port: port), "a bound port's peer is bound back")
            case .virq(let virq): hold(virqs.insert(virq).inserted, "a virtual interrupt is bound once")
            case .unbound: break
            case .free: hold(false, "a free port is not used")
            }
        }
    }

    private func checkVCPUs(_ domain: Domain) {
        for vcpu in domain.vcpus {
            for number in 0..<UInt16(8) where vcpu.wait.servers & (1 << UInt8(number)) != 0 {
                hold(domain.server(IOREQServerID(number)) != nil, "nobody waits for a server that is gone")
            }
            hold(!vcpu.isWaitingForAnswer || vcpu.isBusy, "who waits does an access")
            hold(vcpu.interrupts.count <= 256, "an interrupt waits once")
        }
    }

    private func checkLife(_ domain: Domain) {
        if domain.life.isDying {
            hold(domain.servers.allSatisfy { $0 == nil } && domain.memory.extents.isEmpty, "the dying have nothing")
            hold(domain.ports.used.isEmpty, "the dying have no ports")
        }
        hold(!domain.life.isDead || domain.mappingCount > 0, "the dead stay for their mapped pages only")
        hold(domain.life.shutdownReason == nil || domain.life.shutdownBegun == nil, "a shutdown is over once")
    }
}
