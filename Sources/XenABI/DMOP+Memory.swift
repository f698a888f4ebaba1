// The payloads of operations 7, 11, 12, 16, 17 and 18: guest memory, and shutting down.
// Not for: what the operations do with them (dmop.md section 3).

extension DMOP {
    /// Operation 7: which frames of a window the guest has written to; buffer 1 receives a bit for each.
    public struct TrackDirtyVRAM: DMOPPayload {
        public static var opcode: DMOpcode { .trackDirtyVRAM }

        /// Frames in the window; 0 stops tracking.
        public var count: UInt32
        /// The window's first frame.
        public var first: GuestFrame

        /// The payload with these fields.
        public init(count: UInt32, first: GuestFrame) {
            self.count = count
            self.first = first
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            count = bytes.u32(at: 0)
            first = GuestFrame(rawValue: bytes.u64(at: 8))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(count, at: 0)
            bytes.zero(4, at: 4)
            bytes.put(first.rawValue, at: 8)
        }
    }

    /// Operation 11: frames that the device model has written to; buffer 1 is an array of `Extent`.
    public struct ModifiedMemory: DMOPPayload {
        public static var opcode: DMOpcode { .modifiedMemory }

        /// Extents in buffer 1.
        public var extentCount: UInt32
        /// Xen's progress between steps; callers send 0.
        public var opaque: UInt32

        /// The payload with these fields.
        public init(extentCount: UInt32, opaque: UInt32 = 0) {
            self.extentCount = extentCount
            self.opaque = opaque
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            extentCount = bytes.u32(at: 0)
            opaque = bytes.u32(at: 4)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(extentCount, at: 0)
            bytes.put(opaque, at: 4)
        }
    }

    /// One run of frames in buffer 1 of operation 11.
    public struct Extent: WireLayout {
        public static var layoutName: StaticString { "xen_dm_op_modified_memory_extent" }
        public static var byteCount: Int { 16 }

        /// Frames.
        public var count: UInt32
        /// The first frame.
        public var first: GuestFrame

        /// `count` frames from `first` on.
        public init(count: UInt32, first: GuestFrame) {
            self.count = count
            self.first = first
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            count = bytes.u32(at: 0)
            first = GuestFrame(rawValue: bytes.u64(at: 8))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(count, at: 0)
            bytes.zero(4, at: 4)
            bytes.put(first.rawValue, at: 8)
        }
    }

    /// Operation 12: changes what accesses to frames do.
    public struct SetMemoryType: DMOPPayload {
        public static var opcode: DMOpcode { .setMemoryType }

        /// Frames.
        public var count: UInt32
        /// What they become.
        public var type: MemoryType
        /// The first frame.
        public var first: GuestFrame

        /// The payload with these fields.
        public init(count: UInt32, type: MemoryType, first: GuestFrame) {
            self.count = count
            self.type = type
            self.first = first
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            count = bytes.u32(at: 0)
            type = MemoryType(rawValue: bytes.u16(at: 4))
            first = GuestFrame(rawValue: bytes.u64(at: 8))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(count, at: 0)
            bytes.put(type.rawValue, at: 4)
            bytes.zero(2, at: 6)
            bytes.put(first.rawValue, at: 8)
        }
    }

    /// Operation 16: shuts the domain down. The first reason stays.
    public struct RemoteShutdown: DMOPPayload {
        public static var opcode: DMOpcode { .remoteShutdown }

        /// Why; the low 8 bits count.
        public var reason: ShutdownReason

        /// The payload with these fields.
        public init(reason: ShutdownReason) {
            self.reason = reason
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            reason = ShutdownReason(rawValue: bytes.u32(at: 0))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(reason.rawValue, at: 0)
        }
    }

    /// Operation 17: moves frames within the guest's memory map.
    public struct RelocateMemory: DMOPPayload {
        public static var opcode: DMOpcode { .relocateMemory }

        /// Frames.
        public var count: UInt32
        /// The first frame to move.
        public var source: GuestFrame
        /// Where it goes; what was there is freed.
        public var destination: GuestFrame

        /// The payload with these fields.
        public init(count: UInt32, source: GuestFrame, destination: GuestFrame) {
            self.count = count
            self.source = source
            self.destination = destination
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            count = bytes.u32(at: 0)
            source = GuestFrame(rawValue: bytes.u64(at: 8))
            destination = GuestFrame(rawValue: bytes.u64(at: 16))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(count, at: 0)
            bytes.zero(4, at: 4)
            bytes.put(source.rawValue, at: 8)
            bytes.put(destination.rawValue, at: 16)
        }
    }

    /// Operation 18: fixes how frames are cached, or forgets it.
    public struct PinMemoryCacheAttribute: DMOPPayload {
        public static var opcode: DMOpcode { .pinMemoryCacheAttribute }

        /// The first frame.
        public var start: GuestFrame
        /// The last frame, inclusive.
        public var end: GuestFrame
        /// How, or `delete`.
        public var type: CacheAttribute

        /// The payload with these fields.
        public init(start: GuestFrame, end: GuestFrame, type: CacheAttribute) {
            self.start = start
            self.end = end
            self.type = type
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            start = GuestFrame(rawValue: bytes.u64(at: 0))
            end = GuestFrame(rawValue: bytes.u64(at: 8))
            type = CacheAttribute(rawValue: bytes.u32(at: 16))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(start.rawValue, at: 0)
            bytes.put(end.rawValue, at: 8)
            bytes.put(type.rawValue, at: 16)
            bytes.zero(4, at: 20)
        }
    }
}
