// What an observer of the platform is told about requests: nothing else depends on it, and without one it costs a look
// at a flag. Not for: statistics (see ServerStatistics).

import XenABI
import XenPlatform

extension ServerCore {
    /// A valid request goes to its device.
    @inline(never)
    func observeArrival(_ slot: ValidSlot, of vcpu: VCPUID?) {
        guard let observer = domain.platform.observer else { return }
        var request = ObservedRequest(
            vcpu: vcpu, type: slot.kind, address: slot.address, byteCount: slot.width.byteCount, isRead: slot.isRead,
            count: slot.count, isDescending: slot.isDescending, guestBuffer: slot.guestBuffer)
        if !slot.isRead {
            request.values = slot.guestBuffer == nil ? [slot.data & slot.width.allOnes] : elements(of: slot)
        }
        observer.requestArrived(request)
    }

    /// The answer to what a vCPU has asked is on its way: `value` in the slot, or the elements of `string` in the
    /// guest's memory.
    @inline(never)
    func observeAnswer(to vcpu: VCPUID, value: UInt64?, string: ValidSlot?) {
        guard let observer = domain.platform.observer else { return }
        observer.requestAnswered(vcpu, values: string.map { elements(of: $0) } ?? (value.map { [$0] } ?? []))
    }

    /// What lies in a string's buffer; nothing where the guest has no memory.
    private func elements(of slot: ValidSlot) -> [UInt64] {
        guard let start = slot.guestBuffer,
            let bytes = ValidSlot.bytes(at: start, slot.width, count: slot.count, descending: slot.isDescending),
            let pages = mapGuestBytes(bytes, access: .read)
        else { return [] }
        let buffer = ElementBuffer(pages, bytes, start: start, slot.width, descending: slot.isDescending)
        var values: [UInt64] = []
        values.reserveCapacity(slot.count)
        for index in 0..<slot.count { values.append(buffer.load(index)) }
        return values
    }
}
