// Mapping of guest frames and of resources as packets. dmop.md sections 9.4 and 9.5.

public import XenABI

/// Guest frames to be mapped, in that order.
public struct FrameMapping: WireBody {
    /// The domain.
    public var domain: DomainID
    /// Whether they are to be written, too.
    public var isWritable: Bool
    /// The frames.
    public var frames: [UInt64]

    /// A request.
    public init(_ domain: DomainID, isWritable: Bool, _ frames: [UInt64]) {
        self.domain = domain
        self.isWritable = isWritable
        self.frames = frames
    }

    public init(from reader: inout WireReader) throws(WireError) {
        domain = DomainID(try reader.u16())
        let start = reader.offset
        let flags = try reader.u16()
        if flags > 1 { throw WireError("unknown flags", at: start) }
        isWritable = flags == 1
        let count = try reader.count(of: 8, max: WireLimits.framesPerPacket)
        frames = []
        frames.reserveCapacity(count)
        for _ in 0..<count { frames.append(try reader.u64()) }
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(domain.rawValue)
        writer.put(UInt16(isWritable ? 1 : 0))
        writer.put(UInt32(frames.count))
        for frame in frames { writer.put(frame) }
    }
}

/// Frames of a resource, to be mapped or counted.
public struct ResourceMapping: WireBody {
    /// The domain.
    public var domain: DomainID
    /// What kind.
    public var type: ResourceType
    /// Which one.
    public var id: UInt32
    /// The first frame.
    public var firstFrame: UInt32
    /// Frames; 0 asks how many there are.
    public var count: UInt64

    /// A request.
    public init(_ domain: DomainID, _ type: ResourceType, id: UInt32, firstFrame: UInt32, count: UInt64) {
        self.domain = domain
        self.type = type
        self.id = id
        self.firstFrame = firstFrame
        self.count = count
    }

    public init(from reader: inout WireReader) throws(WireError) {
        domain = DomainID(try reader.u16())
        try reader.pad(2)
        type = ResourceType(rawValue: try reader.u32())
        id = try reader.u32()
        firstFrame = try reader.u32()
        count = try reader.u64()
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(domain.rawValue)
        writer.pad(2)
        writer.put(type.rawValue)
        writer.put(id)
        writer.put(firstFrame)
        writer.put(count)
    }
}

/// Where the frames asked for are: pieces of files, whose descriptors come with the answer. A frame that can't be
/// mapped has a piece without a file, with its errno.
public struct MappedPieces: WireBody {
    /// Frames that follow each other in one file, or that can't be mapped for one reason.
    public struct Piece: Equatable, Sendable {
        /// Which of the descriptors; `noFile`: none.
        public var file: UInt16
        /// Why there is none: an errno.
        public var code: UInt16
        /// Frames.
        public var count: UInt32
        /// The first page in the file.
        public var page: UInt64

        /// No descriptor.
        public static var noFile: UInt16 { 0xFFFF }

        /// A piece of a file.
        public init(file: UInt16, page: UInt64, count: UInt32) {
            self.file = file
            code = 0
            self.page = page
            self.count = count
        }

        /// Frames that can't be mapped.
        public init(refused code: XenErrorCode, count: UInt32) {
            file = Self.noFile
            self.code = UInt16(truncatingIfNeeded: code.rawValue)
            page = 0
            self.count = count
        }

        /// Whether the frames can't be mapped.
        public var isRefused: Bool { file == Self.noFile }
    }

    /// The mapping's number, for `WireKind.unmapped`.
    public var mapping: UInt32
    /// Files that the pieces refer to: descriptors with the packet.
    public var fileCount: UInt32
    /// The pieces, in the order of the frames.
    public var pieces: [Piece]

    /// An answer.
    public init(mapping: UInt32, fileCount: UInt32, _ pieces: [Piece]) {
        self.mapping = mapping
        self.fileCount = fileCount
        self.pieces = pieces
    }

    /// Frames in all pieces.
    public var frameCount: Int { pieces.reduce(0) { $0 + Int($1.count) } }

    public init(from reader: inout WireReader) throws(WireError) {
        mapping = try reader.u32()
        let start = reader.offset
        fileCount = try reader.u32()
        if fileCount > UInt32(WireLimits.filesPerPacket) { throw WireError("too many files", at: start) }
        let count = try reader.count(of: 16, max: WireLimits.framesPerPacket)
        pieces = []
        pieces.reserveCapacity(count)
        for _ in 0..<count { pieces.append(try Piece(from: &reader, fileCount: fileCount)) }
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(mapping)
        writer.put(fileCount)
        writer.put(UInt32(pieces.count))
        for piece in pieces {
            writer.put(piece.file)
            writer.put(piece.code)
            writer.put(piece.count)
            writer.put(piece.page)
        }
    }
}

extension MappedPieces.Piece {
    init(from reader: inout WireReader, fileCount: UInt32) throws(WireError) {
        let start = reader.offset
        file = try reader.u16()
        code = try reader.u16()
        count = try reader.u32()
        page = try reader.u64()
        let isNone = file == Self.noFile
        if !isNone && UInt32(file) >= fileCount { throw WireError("a file that is not there", at: start) }
        if isNone != (code != 0) || code > 4095 { throw WireError("no errno for it", at: start + 2) }
        if count == 0 || count > UInt32(WireLimits.framesPerPacket) {
            throw WireError("a piece of no frames or too many", at: start + 4)
        }
        if page > UInt64(1) << 40 { throw WireError("a page beyond any file", at: start + 8) }
    }
}
