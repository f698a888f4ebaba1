// How an access is cut into requests. dmop.md section 4.2. Pure arithmetic: nothing here touches memory or servers.

internal import XenABI

/// A part of an access that is looked up by itself.
struct AccessPiece: Hashable {
    /// The port, or the guest-physical address of the first element.
    var address: UInt64
    /// Bytes of an element.
    var size: AccessSize
    var count: UInt32
    /// Where the elements are in RAM: then the request has data_is_ptr.
    var memoryAddress: UInt64?
    /// What is written, when the value is in the request.
    var value: UInt64
    var isDescending: Bool

    /// The only element of an ordinary access, or a part of it.
    init(_ address: UInt64, _ size: AccessSize, value: UInt64) {
        self.address = address
        self.size = size
        self.value = value
        count = 1
        memoryAddress = nil
        isDescending = false
    }
}

/// Goes through an access piece by piece.
struct AccessCursor: Hashable {
    let access: GuestAccess
    /// Elements that are done.
    private(set) var elementsDone: UInt32 = 0
    /// Bytes that are done of an element that is cut.
    private(set) var bytesDone: UInt32 = 0
    /// Of the element under way: what is written, or what has been read so far.
    var value: UInt64
    /// The element under way goes by itself, though more are left.
    var goesAlone = false

    init(_ access: GuestAccess) {
        self.access = access
        value = access.isRead ? 0 : access.value
    }

    var elementsLeft: UInt32 { access.count &- elementsDone }

    /// Whether the next piece is an element with its value in the request, though the access is a string: its value
    /// comes from RAM and goes there.
    var hasElementInRequest: Bool { access.memoryAddress != nil && (elementsLeft == 1 || goesAlone) }

    /// Where the element under way goes, when that is memory and more elements follow it; nil: it is not so.
    var writtenByString: UInt64? {
        let isString = access.memoryAddress != nil && access.space == .memory && !access.isRead
        return isString && elementsLeft > 1 && bytesDone == 0 ? moved(access.address) : nil
    }

    /// Where the element under way is in RAM.
    var memoryAddress: UInt64 { moved(access.memoryAddress ?? 0) }

    /// The next piece; nil when the access is done.
    @inline(__always)
    func next() -> AccessPiece? {
        let left = elementsLeft
        if left == 0 { return nil }
        if left > 1, !goesAlone, let memory = access.memoryAddress { return run(left, moved(memory)) }
        return access.space == .port ? AccessPiece(access.address, access.size, value: value) : part()
    }

    /// A piece is done. `read` is what it has read, when the value is in the request.
    @inline(__always)
    mutating func finish(_ piece: AccessPiece, read: UInt64) {
        guard piece.memoryAddress == nil else { return elementsDone &+= piece.count }
        if access.isRead { value |= (read & piece.size.allOnes) &<< UInt64(8 &* bytesDone) }
        bytesDone &+= piece.size.rawValue
        if bytesDone >= access.size.rawValue {
            bytesDone = 0
            elementsDone &+= 1
        }
    }

    // MARK: Cutting

    /// One element, or the next part of it: parts lie within a page, and each is a power of two.
    private func part() -> AccessPiece {
        let address = moved(access.address) &+ UInt64(bytesDone)
        let left = access.size.rawValue &- bytesDone
        let room = Self.pageByteCount &- Self.offset(address)
        let size: AccessSize =
            switch min(left, room) {
            case 8...: .eight
            case 4...: .four
            case 2...: .two
            default: .one
            }
        return AccessPiece(address, size, value: (value &>> UInt64(8 &* bytesDone)) & size.allOnes)
    }

    /// As many elements as lie within a page on both sides; one that lies over the end of a page goes alone.
    private func run(_ left: UInt32, _ memory: UInt64) -> AccessPiece {
        var piece = AccessPiece(
            access.space == .port ? access.address : moved(access.address), access.size, value: 0)
        var count = min(left, fitting(memory))
        if access.space == .memory { count = min(count, fitting(piece.address)) }
        piece.count = max(count, 1)
        piece.memoryAddress = memory
        piece.isDescending = access.isDescending
        return piece
    }

    /// Elements from this one on that lie within its page; 0 when this one does not.
    private func fitting(_ address: UInt64) -> UInt32 {
        let size = access.size.rawValue
        let offset = Self.offset(address)
        if !access.isDescending { return (Self.pageByteCount &- offset) / size }
        if offset &+ size > Self.pageByteCount { return 0 }
        // Going down, port strings leave an element at the very first byte of a page to itself.
        return access.space == .port ? (offset &+ size &- 1) / size : offset / size &+ 1
    }

    /// The address of the element under way, of the first one's.
    private func moved(_ address: UInt64) -> UInt64 {
        let distance = UInt64(elementsDone) &* UInt64(access.size.rawValue)
        return access.isDescending ? address &- distance : address &+ distance
    }

    private static var pageByteCount: UInt32 { UInt32(GuestFrame.byteCount) }

    private static func offset(_ address: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: address) & (pageByteCount - 1)
    }
}

extension AccessCursor {
    /// Of an access without elements.
    static let nothing: AccessCursor = {
        var access = GuestAccess.input(0, .one)
        access.count = 0
        return AccessCursor(access)
    }()
}
