// Buffer 0 of a DM_OP: operation number and payload, in place.
// Not for: buffer 1, and sending (see DeviceModelCalls).

/// The payload of one device-model operation.
public protocol DMOPPayload: WireLayout {
    /// The operation that the payload belongs to.
    static var opcode: DMOpcode { get }
}

extension DMOPPayload {
    public static var byteCount: Int { opcode.payloadByteCount }
    public static var layoutName: StaticString { opcode.name }
}

/// The 20 payloads of the device-model operations, one structure each. Source: `hvm/dm_op.h`; dmop.md section 2.
///
/// A payload is made anew for each call: operations that Xen does in steps leave their progress in it (section 1.5).
public enum DMOP {}

/// `struct xen_dm_op`: what buffer 0 of a DM_OP holds. Always all 32 bytes, which every release accepts (section 1.3).
public struct DMOPFrame: Sendable {
    /// Bytes of the frame.
    @inlinable public static var byteCount: Int { 32 }
    /// Where the payload starts, in bytes.
    @inlinable public static var payloadOffset: Int { 8 }
    /// Bytes that a payload may have at most.
    @inlinable public static var payloadBytesMax: Int { 24 }

    /// The frame as it is in memory: hand out `bytes.mutableSpan` as buffer 0.
    public var bytes: InlineArray<32, UInt8>

    /// A frame of zeroes, to receive bytes in.
    @inlinable
    public init() { bytes = InlineArray(repeating: 0) }

    /// The frame that asks for the payload's operation. Bytes after the payload are 0.
    @inlinable
    public init<Payload: DMOPPayload>(_ payload: Payload) {
        // Through a copy, because no stable API of the standard library yields a part of a MutableSpan yet.
        var tail = InlineArray<24, UInt8>(repeating: 0)
        var target = tail.mutableSpan
        payload.encode(into: &target)
        self.init()
        var span = bytes.mutableSpan
        span.put(Payload.opcode.rawValue, at: 0)
        for index in tail.indices { span[Self.payloadOffset &+ index] = tail[index] }
    }

    /// The operation number.
    @inlinable public var opcode: DMOpcode { DMOpcode(bytes.span.u32(at: 0)) }

    /// The pad of the header. Anything but 0 is EINVAL.
    @inlinable public var headerPad: UInt32 { bytes.span.u32(at: 4) }

    /// The payload as the caller's type, whatever the operation number says: what Xen wrote back, or what it was sent.
    @inlinable
    public func payload<Payload: DMOPPayload>(_: Payload.Type) -> Payload {
        Payload(trusting: bytes.span.extracting(droppingFirst: Self.payloadOffset))
    }

    /// Whether the pads inside of the payload are 0. Most operations answer EINVAL otherwise.
    public func hasZeroPads<Payload: DMOPPayload>(_: Payload.Type) -> Bool {
        let canonical = DMOPFrame(payload(Payload.self))
        let end = Self.payloadOffset + Payload.byteCount
        for index in Self.payloadOffset..<end where bytes[index] != canonical.bytes[index] { return false }
        return true
    }
}

extension DMOPFrame: Equatable {
    public static func == (left: DMOPFrame, right: DMOPFrame) -> Bool {
        for index in left.bytes.indices where left.bytes[index] != right.bytes[index] { return false }
        return true
    }
}

/// What Xen and Linux allow, by default. Source: dmop.md section 1.6.
public enum DMOPLimits {
    /// Ioreq servers of a domain, ids 0 to 7.
    public static let serversPerDomain = 8
    /// Ranges of one type on one server; touching ranges count as one.
    public static let rangesPerServerAndType = 256
    /// Frames in the window of `track_dirty_vram`.
    public static let dirtyWindowFramesMax = 262_144
    /// Cache ranges that are pinned at a time.
    public static let pinnedCacheRanges = 64
    /// Buffers of a call that Xen accepts.
    public static let buffersMax = 2
    /// Buffers of a call that Linux' privcmd accepts (module parameter `dm_op_max_nr_bufs`).
    public static let linuxBuffersMax = 16
    /// Bytes in a buffer that Linux' privcmd accepts (module parameter `dm_op_buf_max_size`).
    public static let linuxBufferBytesMax = 4096
    /// Frames that one `track_dirty_vram` can report through Linux: one bit each.
    public static let dirtyFramesPerCall = 32_768
    /// Extents that one `modified_memory` can carry through Linux.
    public static let extentsPerCall = 256
}
