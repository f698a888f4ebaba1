// The slots of a server as Xen uses them: one of 32 bytes for each vCPU. dmop.md sections 4.1 and 5.
// What is in them is shared with a device model, which may write there at any time: each look is one copy.

internal import XenABI
internal import XenPlatform

/// The slot of one vCPU in the pages of one server.
struct RequestSlot {
    private let run: PageRun
    private let start: Int

    /// nil: the page has no such slot.
    @inline(__always)
    init?(_ run: PageRun, _ page: Int, _ vcpu: VCPUID) {
        guard vcpu.rawValue < UInt32(IOREQ.slotsPerPage), page >= 0, page < run.count else { return nil }
        self.run = run
        start = page * GuestFrame.byteCount + Int(vcpu.rawValue) * IOREQ.byteCount
    }

    /// What is there now.
    var copy: IOREQ { IOREQ(words: run.pages.copyOut32(from: start)) }

    var state: IOREQState { IOREQState(slotByte: run.pages.loadAcquiring8(at: start + IOREQ.stateOffset)) }

    /// Whether a request may be put there. dmop.md section 5, step 1.
    @inline(__always)
    func isFree(for port: EventPort) -> Bool {
        let now = copy
        return now.state == .none && now.port == port
    }

    /// Puts a request there: all of it with state NONE, then the state.
    @inline(__always)
    func publish(_ request: IOREQ) {
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        request.encode(into: &span)
        run.pages.copyIn(at: start, from: bytes.span)
        setState(.ready)
    }

    /// Changes the state and keeps the other bits of its byte.
    func setState(_ state: IOREQState) {
        let byte = run.pages.loadAcquiring8(at: start + IOREQ.stateOffset)
        run.pages.storeReleasing8(state.replacingState(in: byte), at: start + IOREQ.stateOffset)
    }
}

extension IOREQServerRecord {
    /// A vCPU's slot; nil while the server has no pages.
    @inline(__always)
    func slot(of vcpu: VCPUID, in domain: Domain) -> RequestSlot? {
        guard let (run, page) = synchronousPage(in: domain) else { return nil }
        return RequestSlot(run, page, vcpu)
    }
}
