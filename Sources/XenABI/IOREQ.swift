// The synchronous request slot: 32 bytes for each vCPU.
// Not for: whether a request makes sense (XenDeviceModel validates), nor shared memory (copy the slot out first).

/// What an ioreq asks for (`IOREQ_TYPE_*`). Source: `hvm/ioreq.h`; dmop.md section 4.1.
public struct IOREQType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The type of this number.
    @inlinable public init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// I/O port.
    public static let portIO = IOREQType(0)
    /// Memory-mapped I/O.
    public static let copy = IOREQType(1)
    /// PCI configuration space.
    public static let pciConfig = IOREQType(2)
    /// The guest has set its clock; a broadcast.
    public static let timeOffset = IOREQType(7)
    /// Forget cached mappings of guest memory; a broadcast.
    public static let invalidate = IOREQType(8)
}

/// Where a request is in its life (`STATE_*`), 4 bits. Source: `hvm/ioreq.h`; dmop.md section 5.
public struct IOREQState: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The state of this number.
    @inlinable public init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// The state in a slot's byte at `IOREQ.stateOffset`.
    @inlinable public init(slotByte: UInt8) { rawValue = slotByte & 0x0f }

    /// The slot's byte with this state instead of its own, the other bits kept.
    @inlinable public func replacingState(in slotByte: UInt8) -> UInt8 { slotByte & 0xf0 | rawValue & 0x0f }

    /// Nothing is asked.
    public static let none = IOREQState(0)
    /// Xen has asked (`STATE_IOREQ_READY`).
    public static let ready = IOREQState(1)
    /// The device model is at it (`STATE_IOREQ_INPROCESS`).
    public static let inProcess = IOREQState(2)
    /// The device model has answered (`STATE_IORESP_READY`).
    public static let responseReady = IOREQState(3)
}

/// `struct ioreq`: one access of a vCPU. Bit 7 of byte 30 is unused and dropped.
/// Source: `hvm/ioreq.h`; dmop.md section 4.1.
public struct IOREQ: WireLayout {
    @inlinable public static var layoutName: StaticString { "ioreq" }
    @inlinable public static var byteCount: Int { 32 }

    /// Byte offset of `data` in a slot.
    @inlinable public static var dataOffset: Int { 8 }
    /// Byte offset of the event-channel port (`vp_eport`) in a slot.
    @inlinable public static var portOffset: Int { 24 }
    /// Byte offset of the byte that holds state and flags.
    @inlinable public static var stateOffset: Int { 30 }
    /// Slots in a page; the index is the vCPU's number.
    @inlinable public static var slotsPerPage: Int { 128 }

    /// Port, guest-physical address, or `PCIRegister.ioreqAddress`.
    public var address: UInt64
    /// The value, or with `dataIsPointer` the guest-physical address of the values.
    public var data: UInt64
    /// Elements.
    public var count: UInt32
    /// Bytes of an element: 1, 2, 4 or 8.
    public var size: UInt32
    /// The vCPU's event-channel port (`vp_eport`); only Xen writes it.
    public var port: EventPort
    /// Not used by Xen; kept.
    public var pad: UInt16
    /// Where the request is in its life.
    public var state: IOREQState
    /// The values are in guest memory, for the device model to read or write.
    public var dataIsPointer: Bool
    /// The guest reads (`dir` 1); otherwise it writes.
    public var isRead: Bool
    /// Addresses go down from element to element (`df`).
    public var descending: Bool
    /// What is asked for.
    public var type: IOREQType

    /// A slot of these fields.
    public init(
        address: UInt64, data: UInt64 = 0, count: UInt32 = 1, size: UInt32, port: EventPort = EventPort(0),
        pad: UInt16 = 0, state: IOREQState = .none, dataIsPointer: Bool = false, isRead: Bool,
        descending: Bool = false, type: IOREQType
    ) {
        self.address = address
        self.data = data
        self.count = count
        self.size = size
        self.port = port
        self.pad = pad
        self.state = state
        self.dataIsPointer = dataIsPointer
        self.isRead = isRead
        self.descending = descending
        self.type = type
    }

    @inlinable
    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        address = bytes.u64(at: 0)
        data = bytes.u64(at: 8)
        count = bytes.u32(at: 16)
        size = bytes.u32(at: 20)
        port = EventPort(rawValue: bytes.u32(at: 24))
        pad = bytes.u16(at: 28)
        let bits = bytes.u8(at: 30)
        state = IOREQState(slotByte: bits)
        dataIsPointer = bits & 0x10 != 0
        isRead = bits & 0x20 != 0
        descending = bits & 0x40 != 0
        type = IOREQType(rawValue: bytes.u8(at: 31))
    }

    @inlinable
    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        bytes.put(address, at: 0)
        bytes.put(data, at: 8)
        bytes.put(count, at: 16)
        bytes.put(size, at: 20)
        bytes.put(port.rawValue, at: 24)
        bytes.put(pad, at: 28)
        let flags: UInt8 = (dataIsPointer ? 0x10 : 0) | (isRead ? 0x20 : 0) | (descending ? 0x40 : 0)
        bytes.put(state.replacingState(in: flags), at: 30)
        bytes.put(type.rawValue, at: 31)
    }
}
