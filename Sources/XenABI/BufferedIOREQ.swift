// The buffered ring: slots of 8 bytes, two pointers before them.
// Not for: following the pointers, which is the library's (dmop.md section 7).

/// Where things are in the page of the buffered ring (`struct buffered_iopage`). Bytes. dmop.md section 4.4.
public enum BufferedPage {
    /// The read pointer, 32 bits, advanced by the device model. Both pointers can be read as one 64-bit word.
    @inlinable public static var readPointerOffset: Int { 0 }
    /// The write pointer, 32 bits, advanced by Xen.
    @inlinable public static var writePointerOffset: Int { 4 }
    /// The first slot.
    @inlinable public static var slotsOffset: Int { 8 }
    /// Slots; a pointer modulo this is a slot's index.
    @inlinable public static var slotCount: Int { 511 }
    /// Bytes of a slot.
    @inlinable public static var slotByteCount: Int { 8 }
}

/// `struct buf_ioreq`: one posted write. Source: `hvm/ioreq.h`; dmop.md section 4.3.
///
/// A write of 8 bytes takes two slots, the second with the upper half of the data.
public struct BufferedIOREQ: WireLayout {
    @inlinable public static var layoutName: StaticString { "buf_ioreq" }
    @inlinable public static var byteCount: Int { 8 }

    /// What is asked for.
    public var type: IOREQType
    /// The guest reads (`dir` 1); in practice it always writes.
    public var isRead: Bool
    /// 0 to 3 for 1, 2, 4 and 8 bytes; two bits are sent.
    public var sizeCode: UInt8
    /// The address; 20 bits are sent.
    public var address: UInt32
    /// The value, or half of it.
    public var data: UInt32

    /// An entry of these fields.
    public init(type: IOREQType, isRead: Bool = false, sizeCode: UInt8, address: UInt32, data: UInt32) {
        self.type = type
        self.isRead = isRead
        self.sizeCode = sizeCode
        self.address = address
        self.data = data
    }

    /// Bytes of the write: 1, 2, 4 or 8.
    @inlinable public var size: UInt32 { 1 &<< UInt32(sizeCode & 3) }

    /// Slots that the write takes: 2 for 8 bytes, else 1.
    @inlinable public var slotsUsed: Int { sizeCode & 3 == 3 ? 2 : 1 }

    @inlinable
    public init(trusting bytes: Span<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        self.init(word: UInt64(bytes.u32(at: 0)) | UInt64(bytes.u32(at: 4)) << 32)
    }

    /// An entry from its slot, read as one little-endian number.
    @inlinable
    public init(word: UInt64) {
        let first = UInt32(truncatingIfNeeded: word)
        type = IOREQType(rawValue: UInt8(truncatingIfNeeded: first))
        isRead = first & 1 << 9 != 0
        sizeCode = UInt8(truncatingIfNeeded: first >> 10) & 3
        address = first >> 12
        data = UInt32(truncatingIfNeeded: word >> 32)
    }

    @inlinable
    public func encode(into bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count >= Self.byteCount)
        let low = UInt32(type.rawValue) | (isRead ? 1 << 9 : 0) | UInt32(sizeCode & 3) << 10
        bytes.put(low | address << 12, at: 0)
        bytes.put(data, at: 4)
    }
}
