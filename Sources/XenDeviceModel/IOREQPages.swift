// The pages that Xen and an ioreq server share: one slot per vCPU, and the buffered ring.
// Not for: what a request means.

import XenABI
import XenPlatform

/// The shared pages of one server. Slots are copied out once; only state, data and the ring's read pointer are ever
/// written. Source: dmop.md sections 4, 5 and 7.
final class IOREQPages {
    private let pages: MappedPages
    private let slotsStart: Int
    /// vCPUs that the mapped pages have slots for.
    let slotCount: Int

    /// `pages` holds frame 1 of the resource, or frames 0 and 1 when the server is buffered.
    init(_ pages: consuming MappedPages, isBuffered: Bool) {
        slotsStart = isBuffered ? GuestFrame.byteCount : 0
        slotCount = (pages.byteCount - slotsStart) / IOREQ.byteCount
        self.pages = pages
    }

    private func slotStart(_ vcpu: VCPUID) -> Int { slotsStart + Int(vcpu.rawValue) * IOREQ.byteCount }

    /// The event-channel port that Xen has made for a vCPU; 0 before the server was first enabled.
    func port(of vcpu: VCPUID) -> EventPort {
        EventPort(pages.loadAcquiring32(at: slotStart(vcpu) + IOREQ.portOffset))
    }

    /// Takes a request if one is there: copies the slot, then marks it as being processed so that a port that fires
    /// without cause can't hand it out twice.
    @inline(__always)
    func take(_ vcpu: VCPUID) -> IOREQ? {
        let start = slotStart(vcpu)
        let bits = pages.loadAcquiring8(at: start + IOREQ.stateOffset)
        guard IOREQState(slotByte: bits) == .ready else { return nil }
        let words = pages.copyOut32(from: start)
        pages.storeReleasing8(IOREQState.inProcess.replacingState(in: bits), at: start + IOREQ.stateOffset)
        return IOREQ(words: words)
    }

    /// What is in a slot, whatever its state: a copy.
    func slot(_ vcpu: VCPUID) -> IOREQ {
        IOREQ(words: pages.copyOut32(from: slotStart(vcpu)))
    }

    /// Whether Xen waits for an answer in this slot.
    func isPending(_ vcpu: VCPUID) -> Bool {
        let bits = pages.loadAcquiring8(at: slotStart(vcpu) + IOREQ.stateOffset)
        let state = IOREQState(slotByte: bits)
        return state == .ready || state == .inProcess
    }

    /// Whether an answer is in this slot that the vCPU has not fetched yet: Xen empties the slot then.
    func isAnswered(_ vcpu: VCPUID) -> Bool {
        IOREQState(slotByte: pages.loadAcquiring8(at: slotStart(vcpu) + IOREQ.stateOffset)) == .responseReady
    }

    /// Answers: the data first (where the guest reads), then the state. The caller notifies.
    @inline(__always)
    func finish(_ vcpu: VCPUID, value: UInt64?) {
        let start = slotStart(vcpu)
        if let value { pages.storeReleasing64(value, at: start + IOREQ.dataOffset) }
        let bits = pages.loadAcquiring8(at: start + IOREQ.stateOffset)
        pages.storeReleasing8(IOREQState.responseReady.replacingState(in: bits), at: start + IOREQ.stateOffset)
    }

    // MARK: The buffered ring

    /// The ring's read and write pointer, read as one: Xen lowers both in one step (ATOMIC mode).
    func ringPointers() -> (read: UInt32, write: UInt32) {
        let both = pages.loadAcquiring64(at: BufferedPage.readPointerOffset)
        return (UInt32(truncatingIfNeeded: both), UInt32(truncatingIfNeeded: both >> 32))
    }

    /// Copies one entry of the ring out.
    func ringEntry(at pointer: UInt32) -> BufferedIOREQ {
        let index = Int(pointer % UInt32(BufferedPage.slotCount))
        let offset = BufferedPage.slotsOffset + index * BufferedPage.slotByteCount
        return BufferedIOREQ(word: pages.loadAcquiring64(at: offset))
    }

    /// Gives entries back to Xen. An addition, never a store: Xen may lower the pointer at any time.
    func advanceRing(by entries: UInt32) {
        pages.wrappingAdd32(entries, at: BufferedPage.readPointerOffset)
    }
}
