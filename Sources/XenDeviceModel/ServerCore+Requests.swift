// From a fired port to a device, and from an answer to the guest.
// Not for: what devices do.

import XenABI
import XenPlatform

extension ServerCore {
    /// A vCPU's port has fired: takes its request, if there is one, and hands it on. A port may fire without cause.
    func serveSlot(of channel: VCPUChannel) {
        guard channel.ticket == 0, let slot = pages?.take(channel.vcpu) else { return }
        channel.ticket = nextTicket()
        channel.arrived = domain.now
        switch slot.type {
        case .invalidate:
            statistics.broadcasts += 1
            forEachDevice { $0.guestMappingsChanged() }
            complete(channel.vcpu, ticket: channel.ticket, value: nil)
        case .timeOffset:
            tellTimeOffset(slot.data)
            complete(channel.vcpu, ticket: channel.ticket, value: nil)
        default:
            statistics.requests += 1
            if slot.isRead { statistics.reads += 1 }
            guard let valid = ValidSlot(slot) else {
                statistics.malformed += 1
                complete(channel.vcpu, ticket: channel.ticket, value: slot.dataIsPointer ? nil : .max)
                return
            }
            dispatch(valid, vcpu: channel.vcpu, ticket: channel.ticket)
        }
    }

    /// Hands an access to the device whose claim covers it; without one it is answered as the guest's bus would: all
    /// ones.
    private func dispatch(_ slot: ValidSlot, vcpu: VCPUID, ticket: UInt64) {
        if slot.count != 1 || slot.guestBuffer != nil { statistics.strings += 1 }
        guard let claim = claims.claim(of: slot.kind, covering: slot.coverage) else {
            statistics.unclaimed += 1
            complete(vcpu, ticket: ticket, value: slot.isRead && slot.guestBuffer == nil ? .max : nil)
            return
        }
        let request = IORequest(
            slot, offset: slot.offset(from: claim.origin), vcpu: vcpu, ticket: ticket, server: self)
        claim.device.accept(request)
    }

    /// Answers a request. One that is no longer out (the server was closed meanwhile; a posted write) needs nothing.
    func complete(_ vcpu: VCPUID, ticket: UInt64, value: UInt64?) {
        guard ticket != 0, let channel = channel(of: vcpu), channel.ticket == ticket, let pages else { return }
        channel.ticket = 0
        pages.finish(vcpu, value: value)
        do throws(XenError) {
            try domain.platform.events.notify(channel.bound.port)
        } catch {
            domain.keep(error)
        }
        if domain.platform.clock != nil { statistics.serviceTime.record(domain.now &- channel.arrived) }
    }

    private func channel(of vcpu: VCPUID) -> VCPUChannel? {
        // Slots are bound in order; a gap is possible only where a vCPU has no port.
        let index = Int(vcpu.rawValue)
        if index < channels.count, channels[index].vcpu == vcpu { return channels[index] }
        return channels.first { $0.vcpu == vcpu }
    }

    /// Answers every slot that Xen waits for: taken, or not looked at yet. Reads get all ones.
    func answerAllPending() {
        guard let pages else { return }
        for channel in channels where pages.isPending(channel.vcpu) {
            if channel.ticket == 0 {
                guard let slot = pages.take(channel.vcpu) else { continue }
                channel.ticket = nextTicket()
                channel.arrived = domain.now
                complete(channel.vcpu, ticket: channel.ticket, value: slot.dataIsPointer ? nil : .max)
            } else {
                complete(channel.vcpu, ticket: channel.ticket, value: .max)
            }
        }
    }

    /// The ring's port has fired: serves what was in it at this moment. What comes later fires the port anew.
    /// A write pointer out of reach is misuse and stops the server's ring (dmop.md sections 7 and 15.11).
    func drainRing() throws(XenError) {
        guard let pages else { return }
        let (read, write) = pages.ringPointers()
        let used = write &- read
        guard used <= UInt32(BufferedPage.slotCount) else {
            throw XenError(.eoverflow, "buffered ioreq ring", domain: domain.id, value: UInt64(used))
        }
        var done: UInt32 = 0
        while done < used {
            let first = pages.ringEntry(at: read &+ done)
            let entries: UInt32 = first.size == 8 ? 2 : 1
            guard done + entries <= used else {
                throw XenError(.eoverflow, "buffered ioreq ring", domain: domain.id, value: UInt64(used))
            }
            var data = UInt64(first.data)
            if entries == 2 { data |= UInt64(pages.ringEntry(at: read &+ done &+ 1).data) << 32 }
            pages.advanceRing(by: entries)
            done += entries
            servePosted(first, data: data)
        }
    }

    private func servePosted(_ entry: BufferedIOREQ, data: UInt64) {
        if entry.type == .timeOffset {
            tellTimeOffset(data)
            return
        }
        statistics.requests += 1
        statistics.posted += 1
        let slot = IOREQ(
            address: UInt64(entry.address), data: data, count: 1, size: entry.size, isRead: false, type: entry.type)
        guard !entry.isRead, let valid = ValidSlot(slot) else {
            statistics.malformed += 1
            return
        }
        dispatch(valid, vcpu: .none, ticket: 0)
    }

    private func tellTimeOffset(_ data: UInt64) {
        statistics.broadcasts += 1
        forEachDevice { $0.timeOffsetChanged(to: Int64(bitPattern: data)) }
    }

    /// Each device once, however many ranges it has.
    private func forEachDevice(_ body: (any IODevice) -> Void) {
        let devices = claims.claims.map { $0.device }
        for index in devices.indices {
            let device = devices[index]
            if !devices[..<index].contains(where: { $0 === device }) { body(device) }
        }
    }

    /// Maps the frames that hold the bytes. nil when the guest has no memory there.
    func mapGuestBytes(_ bytes: ClosedRange<UInt64>, access: PageAccess) -> MappedPages? {
        let first = GuestFrame(containing: bytes.lowerBound).rawValue
        let last = GuestFrame(containing: bytes.upperBound).rawValue
        do throws(XenError) {
            return try domain.platform.memory.mapFrames(
                domain.id, (first...last).map { GuestFrame($0) }, access: access)
        } catch {
            return nil
        }
    }
}

extension VCPUID {
    /// The vCPU of a posted write: nobody waits for it.
    static let none = VCPUID(.max)
}
