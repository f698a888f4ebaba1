// The two pages that one server shares with Xen, and a copy of what they must hold.
// Not for: ports and calls (see LyingXen).

import XenABI

/// Whatever Xen or the guest writes goes to the pages and to the copy. So a difference was made by the library, which
/// may change slots' state and data, and the ring's read pointer. Source: dmop.md sections 5 and 7.
@safe
final class SharedPages {
    /// What the library owes a vCPU.
    struct Slot {
        /// A request is there and has not been answered.
        var isExpecting = false
        /// Somebody wrote to the slot while it was not his turn: then answers are only bounded.
        var isSpoiled = false
        /// How often the slot may have become READY.
        var offered = 0
        var answered = 0
    }

    static let byteCount = 8192

    let id: UInt16
    var slots = [Slot](repeating: Slot(), count: 128)
    var isDestroyed = false
    /// How far the read pointer may still move in the drain that is under way; 0 between drains.
    private var drainLeft: UInt32 = 0
    private let memory: UnsafeMutableRawPointer
    private let copy: UnsafeMutableRawPointer

    init(id: UInt16) {
        self.id = id
        unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 4096)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
        unsafe copy = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 4096)
        unsafe copy.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
    }

    deinit {
        unsafe memory.deallocate()
        unsafe copy.deallocate()
    }

    @unsafe func start(ofFrame frame: UInt32) -> UnsafeMutableRawPointer {
        unsafe memory.advanced(by: Int(frame) * 4096)
    }

    // MARK: Xen's and the guest's side

    func write(_ bytes: [UInt8], at offset: Int) {
        absorb()
        for (index, byte) in bytes.enumerated() where offset + index < Self.byteCount {
            unsafe memory.storeBytes(of: byte, toByteOffset: offset + index, as: UInt8.self)
            unsafe copy.storeBytes(of: byte, toByteOffset: offset + index, as: UInt8.self)
        }
    }

    func write32(_ value: UInt32, at offset: Int) {
        write((0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }, at: offset)
    }

    func byte(at offset: Int) -> UInt8 { unsafe memory.load(fromByteOffset: offset, as: UInt8.self) }

    func word(at offset: Int) -> UInt32 { unsafe memory.load(fromByteOffset: offset, as: UInt32.self) }

    static func slotStart(_ vcpu: Int) -> Int { 4096 + vcpu * IOREQ.byteCount }

    func port(of vcpu: Int) -> UInt32 { word(at: Self.slotStart(vcpu) + IOREQ.portOffset) }

    func state(of vcpu: Int) -> IOREQState {
        IOREQState(slotByte: byte(at: Self.slotStart(vcpu) + IOREQ.stateOffset))
    }

    /// Writes whatever to a place that may hold slots.
    func spoil(_ bytes: [UInt8], at offset: Int) {
        write(bytes, at: offset)
        for vcpu in slots.indices {
            let start = Self.slotStart(vcpu)
            guard offset < start + IOREQ.byteCount, start < offset + bytes.count else { continue }
            slots[vcpu].isSpoiled = true
            slots[vcpu].offered += 1
        }
    }

    /// A request as Xen makes it, into a slot that is free.
    func offer(_ request: IOREQ, to vcpu: Int) -> Bool {
        guard !isDestroyed, !slots[vcpu].isExpecting, state(of: vcpu) == .none else { return false }
        var request = request
        request.port = EventPort(port(of: vcpu))
        request.state = .ready
        write(request.encodedBytes, at: Self.slotStart(vcpu))
        slots[vcpu].isExpecting = true
        slots[vcpu].offered += 1
        return true
    }

    /// The library has notified: an answer must be there. Xen takes it.
    func collect(_ vcpu: Int) {
        let start = Self.slotStart(vcpu)
        hold(state(of: vcpu) == .responseReady, "who notifies has answered")
        hold(slots[vcpu].isExpecting || slots[vcpu].isSpoiled, "a request is answered once")
        slots[vcpu].isExpecting = false
        slots[vcpu].answered += 1
        hold(slots[vcpu].answered <= slots[vcpu].offered, "there are no more answers than requests")
        let before = unsafe copy.load(fromByteOffset: start + IOREQ.stateOffset, as: UInt8.self)
        let bits = byte(at: start + IOREQ.stateOffset)
        hold(bits & 0xF0 == before & 0xF0, "flags beside the state stay")
        // The answer is taken over, then the slot is free.
        for offset in start + IOREQ.dataOffset..<start + IOREQ.dataOffset + 8 {
            unsafe copy.storeBytes(of: byte(at: offset), toByteOffset: offset, as: UInt8.self)
        }
        unsafe copy.storeBytes(of: bits, toByteOffset: start + IOREQ.stateOffset, as: UInt8.self)
        write([bits & 0xF0], at: start + IOREQ.stateOffset)
    }

    // MARK: What the library did

    /// The ring's port is handed to the library, which reads both pointers next, before anything else runs, and goes by
    /// them until it unmasks the port: whatever the pointers are made to say meanwhile. The rule is one for each drain,
    /// not for what moved since we last looked: in one round the port may fire again, and a second drain follow.
    func beginDrain() {
        absorb()
        let used = word(at: BufferedPage.writePointerOffset) &- word(at: BufferedPage.readPointerOffset)
        drainLeft = used <= UInt32(BufferedPage.slotCount) ? used : 0
    }

    /// The library has unmasked the ring's port.
    func endDrain() {
        absorb()
        drainLeft = 0
    }

    /// Takes over what the library may do at any time: mark a request as in process, and advance the read pointer.
    private func absorb() {
        for vcpu in slots.indices {
            let offset = Self.slotStart(vcpu) + IOREQ.stateOffset
            let before = unsafe copy.load(fromByteOffset: offset, as: UInt8.self)
            let after = byte(at: offset)
            guard before != after else { continue }
            let marked = IOREQState(slotByte: before) == .ready && IOREQState(slotByte: after) == .inProcess
            hold(marked && before & 0xF0 == after & 0xF0, "an unanswered slot only becomes IN_PROCESS")
            unsafe copy.storeBytes(of: after, toByteOffset: offset, as: UInt8.self)
        }
        let read = word(at: BufferedPage.readPointerOffset)
        let advance = unsafe read &- copy.load(as: UInt32.self)
        hold(advance <= drainLeft, "the read pointer moves over what was in the ring when its port fired")
        drainLeft -= advance
        unsafe copy.storeBytes(of: read, as: UInt32.self)
    }

    /// Nothing else may have changed, vp_eport least of all.
    func check() {
        absorb()
        for offset in stride(from: 0, to: Self.byteCount, by: 8) {
            let now = unsafe memory.load(fromByteOffset: offset, as: UInt64.self)
            let before = unsafe copy.load(fromByteOffset: offset, as: UInt64.self)
            hold(now == before, "the library leaves byte \(offset) and the 7 after it alone")
        }
    }
}
