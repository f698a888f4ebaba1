// From a fired port to a device, and from an answer to the guest.
// Not for: what devices do.

import XenABI
import XenPlatform

extension ServerCore {
    /// Hands on what a vCPU asks.
    func serve(_ slot: IOREQ, of channel: VCPUChannel) throws(XenError) {
        let ticket = nextTicket()
        channel.begin(ticket)
        switch slot.type {
        case .invalidate:
            statistics.broadcasts += 1
            for device in claims.devices { device.guestMappingsChanged() }
            channel.complete(ticket, value: nil)
        case .timeOffset:
            tellTimeOffset(slot.data)
            channel.complete(ticket, value: nil)
        default:
            statistics.requests += 1
            if slot.isRead { statistics.reads += 1 }
            guard let valid = ValidSlot(slot) else {
                statistics.malformed += 1
                channel.complete(ticket, value: slot.dataIsPointer ? nil : .max)
                break
            }
            if valid.isRead, valid.guestBuffer != nil { channel.stringRead = valid }
            dispatch(valid, channel, ticket)
        }
        try throwKept()
    }

    /// Hands an access to the device whose claim covers it; without one it is answered as the guest's bus would: all
    /// ones, into the guest's buffer where that is where the answer goes.
    private func dispatch(_ slot: ValidSlot, _ channel: Channel, _ ticket: UInt64) {
        if slot.count != 1 || slot.guestBuffer != nil { statistics.strings += 1 }
        if isObserved { observeArrival(slot, of: channel.vcpu) }
        guard let index = claims.index(of: slot.kind, covering: slot.coverage) else {
            statistics.unclaimed += 1
            IORequest(slot, offset: 0, ticket: ticket, channel: channel).drop()
            return
        }
        let offset = slot.offset(from: claims.claims[index].origin)
        do throws(XenError) {
            try claims.claims[index].device.accept(
                IORequest(slot, offset: offset, ticket: ticket, channel: channel))
        } catch {
            statistics.failures += 1
            keep(error)
        }
    }

    /// The moment a request arrives; which requests are timed goes by their tickets.
    @inline(__always)
    func arrival(of ticket: UInt64) -> TimedRequest {
        let weight = domain.isTimed ? CallCounter.weight(ofCall: ticket - 1) : 0
        return TimedRequest(weight: weight, arrived: weight > 0 ? domain.now : 0)
    }

    /// Seldom, and apart from what each request needs.
    @inline(never)
    func record(_ timed: TimedRequest) {
        statistics.serviceTime.record(domain.now &- timed.arrived, times: timed.weight)
    }

    /// Answers every slot that Xen waits for: taken, or not looked at yet. Reads get all ones, string reads in the
    /// guest's buffer.
    func answerAllPending() {
        guard let pages else { return }
        for channel in channels {
            guard let vcpu = channel.vcpu, pages.isPending(vcpu) else { continue }
            if channel.ticket == 0 {
                guard let slot = pages.take(vcpu) else { continue }
                channel.begin(nextTicket())
                if let valid = ValidSlot(slot), valid.isRead, valid.guestBuffer != nil { channel.stringRead = valid }
            }
            if let slot = channel.stringRead {
                IORequest(slot, offset: 0, ticket: channel.ticket, channel: channel).drop()
            } else {
                channel.complete(channel.ticket, value: .max)
            }
        }
    }

    /// How long closing waits for the vCPUs to fetch their answers, in nanoseconds. One that runs does so in
    /// microseconds; one of a paused domain does not. Without a clock it is that many looks of a millisecond; with one
    /// that stands still, `fetchingLooksMax`.
    private static var fetchingPatience: UInt64 { 50_000_000 }
    private static var fetchingLooksMax: Int { 10_000 }

    /// An answer that a vCPU has not fetched when its server is destroyed is lost: a read then gives 0, whatever it was
    /// (dmop.md section 3.6). On one processor the vCPU can't even have run yet.
    func awaitFetching() {
        guard let pages else { return }
        let started = domain.now
        for look in 0..<Self.fetchingLooksMax {
            let isFetched = !channels.contains { channel in channel.vcpu.map { pages.isAnswered($0) } ?? false }
            let waited = domain.isTimed ? domain.now &- started : UInt64(look) * 1_000_000
            if isFetched || waited >= Self.fetchingPatience { return }
            // For its time alone. What comes in meanwhile is served after closing, and would shorten a wait for events.
            if let clock = domain.platform.clock {
                clock.pause(milliseconds: 1)
                continue
            }
            do throws(XenError) {
                _ = try domain.platform.events.wait(orReadable: nil, milliseconds: 1)
            } catch {
                return
            }
        }
    }

    /// The ring's port has fired: serves what was in it at this moment. What comes later fires the port anew.
    /// A write pointer out of reach is misuse: the server is taken down (dmop.md sections 7 and 15.11).
    func drainRing(_ channel: RingChannel) throws(XenError) {
        guard let (read, write) = pages?.ringPointers() else { return }
        let used = write &- read
        var done: UInt32 = 0
        while done < used, !isClosed {
            guard let (entry, data) = takePosted(at: read &+ done, left: used - done) else {
                _ = close()
                throw XenError(.eoverflow, "buffered ioreq ring", domain: domain.id, value: UInt64(used))
            }
            done += UInt32(entry.slotsUsed)
            servePosted(entry, data: data, channel)
        }
        try throwKept()
    }

    /// Copies a posted write out of the ring and gives its slots back; nil when the ring can't be what it says.
    private func takePosted(at pointer: UInt32, left: UInt32) -> (BufferedIOREQ, UInt64)? {
        guard let pages, left <= UInt32(BufferedPage.slotCount) else { return nil }
        let entry = pages.ringEntry(at: pointer)
        guard entry.slotsUsed <= left else { return nil }
        var data = UInt64(entry.data)
        if entry.slotsUsed == 2 { data |= UInt64(pages.ringEntry(at: pointer &+ 1).data) << 32 }
        pages.advanceRing(by: UInt32(entry.slotsUsed))
        return (entry, data)
    }

    private func servePosted(_ entry: BufferedIOREQ, data: UInt64, _ channel: RingChannel) {
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
        dispatch(valid, channel, 0)
    }

    private func tellTimeOffset(_ data: UInt64) {
        statistics.broadcasts += 1
        for device in claims.devices { device.timeOffsetChanged(to: Int64(bitPattern: data)) }
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

    /// Tells Xen that we have written to guest memory: a foreign mapping escapes the tracking of a migration.
    func reportWritten(_ bytes: ClosedRange<UInt64>) {
        let first = GuestFrame(containing: bytes.lowerBound)
        let count = GuestFrame(containing: bytes.upperBound).rawValue - first.rawValue + 1
        // Refused for the highest frame of a domain in log-dirty mode, which Xen itself can't be told of (section
        // 3.11).
        try? domain.reportModified([DMOP.Extent(count: UInt32(count), first: first)])
    }
}
