// The payloads of operations 1 to 6, 15 and 20: ioreq servers, what they claim, and how many vCPUs they serve.
// Not for: what the operations do with them (dmop.md section 3).

extension DMOP {
    /// Operation 1: makes an ioreq server, disabled and without ranges.
    public struct CreateIOREQServer: DMOPPayload {
        public static var opcode: DMOpcode { .createIOREQServer }

        /// Whether there is a buffered ring, and how its pointers move.
        public var handling: BufferedHandling
        /// Out: the lowest id that was free.
        public var id: IOREQServerID

        /// The payload with these fields.
        public init(handling: BufferedHandling, id: IOREQServerID = IOREQServerID(0)) {
            self.handling = handling
            self.id = id
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            handling = BufferedHandling(rawValue: bytes.u8(at: 0))
            id = IOREQServerID(rawValue: bytes.u16(at: 4))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(handling.rawValue, at: 0)
            bytes.zero(3, at: 1)
            bytes.put(id.rawValue, at: 4)
        }
    }

    /// Operation 2: where a server's pages and its buffered port are.
    ///
    /// Xen leaves outputs alone that do not apply, so clear them before the call (they default to 0).
    public struct GetIOREQServerInfo: DMOPPayload {
        public static var opcode: DMOpcode { .getIOREQServerInfo }

        /// The ioreq server.
        public var id: IOREQServerID
        /// What is not asked for.
        public var flags: ServerInfoFlags
        /// Out: the port of the buffered ring, unless buffering is off.
        public var bufferedPort: EventPort
        /// Out: the legacy frame of the synchronous slots, without `noGFNs`.
        public var ioreqFrame: GuestFrame
        /// Out: the legacy frame of the buffered ring, without `noGFNs`.
        public var bufferedFrame: GuestFrame

        /// The payload with these fields.
        public init(
            id: IOREQServerID, flags: ServerInfoFlags, bufferedPort: EventPort = EventPort(0),
            ioreqFrame: GuestFrame = GuestFrame(0), bufferedFrame: GuestFrame = GuestFrame(0)
        ) {
            self.id = id
            self.flags = flags
            self.bufferedPort = bufferedPort
            self.ioreqFrame = ioreqFrame
            self.bufferedFrame = bufferedFrame
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            id = IOREQServerID(rawValue: bytes.u16(at: 0))
            flags = ServerInfoFlags(rawValue: bytes.u16(at: 2))
            bufferedPort = EventPort(rawValue: bytes.u32(at: 4))
            ioreqFrame = GuestFrame(rawValue: bytes.u64(at: 8))
            bufferedFrame = GuestFrame(rawValue: bytes.u64(at: 16))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(id.rawValue, at: 0)
            bytes.put(flags.rawValue, at: 2)
            bytes.put(bufferedPort.rawValue, at: 4)
            bytes.put(ioreqFrame.rawValue, at: 8)
            bytes.put(bufferedFrame.rawValue, at: 16)
        }
    }

    /// Operation 3: accesses that fall wholly into the range go to the server.
    public struct MapIORange: DMOPPayload {
        public static var opcode: DMOpcode { .mapIORange }

        /// The ioreq server.
        public var id: IOREQServerID
        /// Ports, memory or PCI functions.
        public var type: IORangeType
        /// First port, byte address or PCI function.
        public var start: UInt64
        /// Last one, inclusive.
        public var end: UInt64

        /// The payload with these fields.
        public init(id: IOREQServerID, type: IORangeType, start: UInt64, end: UInt64) {
            self.id = id
            self.type = type
            self.start = start
            self.end = end
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            id = IOREQServerID(rawValue: bytes.u16(at: 0))
            type = IORangeType(rawValue: bytes.u32(at: 4))
            start = bytes.u64(at: 8)
            end = bytes.u64(at: 16)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(id.rawValue, at: 0)
            bytes.zero(2, at: 2)
            bytes.put(type.rawValue, at: 4)
            bytes.put(start, at: 8)
            bytes.put(end, at: 16)
        }
    }

    /// Operation 4: takes a range, or a part of one, away from the server.
    public struct UnmapIORange: DMOPPayload {
        public static var opcode: DMOpcode { .unmapIORange }

        /// The ioreq server.
        public var id: IOREQServerID
        /// Ports, memory or PCI functions.
        public var type: IORangeType
        /// First port, byte address or PCI function.
        public var start: UInt64
        /// Last one, inclusive.
        public var end: UInt64

        /// The payload with these fields.
        public init(id: IOREQServerID, type: IORangeType, start: UInt64, end: UInt64) {
            self.id = id
            self.type = type
            self.start = start
            self.end = end
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            id = IOREQServerID(rawValue: bytes.u16(at: 0))
            type = IORangeType(rawValue: bytes.u32(at: 4))
            start = bytes.u64(at: 8)
            end = bytes.u64(at: 16)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(id.rawValue, at: 0)
            bytes.zero(2, at: 2)
            bytes.put(type.rawValue, at: 4)
            bytes.put(start, at: 8)
            bytes.put(end, at: 16)
        }
    }

    /// Operation 5: starts or stops the server's being asked.
    public struct SetIOREQServerState: DMOPPayload {
        public static var opcode: DMOpcode { .setIOREQServerState }

        /// The ioreq server.
        public var id: IOREQServerID
        /// 0 disables, anything else enables.
        public var enabledRawValue: UInt8

        /// Whether the server is to be enabled.
        public var enabled: Bool {
            get { enabledRawValue != 0 }
            set { enabledRawValue = newValue ? 1 : 0 }
        }

        /// The payload with these fields.
        public init(id: IOREQServerID, enabled: Bool) { self.init(id: id, enabledRawValue: enabled ? 1 : 0) }

        /// With a number of the caller's, for those who ask what Xen does with it.
        public init(id: IOREQServerID, enabledRawValue: UInt8) {
            self.id = id
            self.enabledRawValue = enabledRawValue
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            id = IOREQServerID(rawValue: bytes.u16(at: 0))
            enabledRawValue = bytes.u8(at: 2)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(id.rawValue, at: 0)
            bytes.put(enabledRawValue, at: 2)
            bytes.zero(1, at: 3)
        }
    }

    /// Operation 6: removes the server, its ports, ranges and pages.
    public struct DestroyIOREQServer: DMOPPayload {
        public static var opcode: DMOpcode { .destroyIOREQServer }

        /// The ioreq server.
        public var id: IOREQServerID

        /// The payload with these fields.
        public init(id: IOREQServerID) {
            self.id = id
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            id = IOREQServerID(rawValue: bytes.u16(at: 0))
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(id.rawValue, at: 0)
            bytes.zero(2, at: 2)
        }
    }

    /// Operation 15: writes to frames of a memory type go to the server, or no longer do.
    public struct MapMemoryType: DMOPPayload {
        public static var opcode: DMOpcode { .mapMemoryType }

        /// The ioreq server.
        public var id: IOREQServerID
        /// Only `ioreqServer` can be claimed.
        public var type: MemoryType
        /// `write` takes the type, none gives it back.
        public var flags: MemoryAccessFlags
        /// Xen's progress between steps; callers send 0.
        public var opaque: UInt64

        /// The payload with these fields.
        public init(id: IOREQServerID, type: MemoryType, flags: MemoryAccessFlags, opaque: UInt64 = 0) {
            self.id = id
            self.type = type
            self.flags = flags
            self.opaque = opaque
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            id = IOREQServerID(rawValue: bytes.u16(at: 0))
            type = MemoryType(rawValue: bytes.u16(at: 2))
            flags = MemoryAccessFlags(rawValue: bytes.u32(at: 4))
            opaque = bytes.u64(at: 8)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(id.rawValue, at: 0)
            bytes.put(type.rawValue, at: 2)
            bytes.put(flags.rawValue, at: 4)
            bytes.put(opaque, at: 8)
        }
    }

    /// Operation 20 (Xen 4.15 and later): the vCPUs that the domain was created with.
    public struct VCPUCount: DMOPPayload {
        public static var opcode: DMOpcode { .vcpuCount }

        /// Out: the number of vCPUs.
        public var count: UInt32

        /// The payload with these fields.
        public init(count: UInt32 = 0) {
            self.count = count
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            count = bytes.u32(at: 0)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(count, at: 0)
        }
    }
}
