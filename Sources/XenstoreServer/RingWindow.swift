// The arithmetic of one direction of a ring, as a value: what may be read or written, or that the indices are wrong
// (xenstored.md 8.3).
// Not for: loading or storing indices.

/// Bytes of a ring that lie in at most two pieces: from somewhere on, and on from its beginning.
public struct RingPieces: Equatable, Sendable {
    /// Offsets in the ring, 0 to 1024.
    public let first: Range<Int>
    /// The rest, from 0 on; empty when the first piece is all.
    public let second: Range<Int>

    /// `count` bytes, 1024 at most, from the byte with this index on.
    init(from index: UInt32, count: Int) {
        let size = RingLayout.ringByteCount
        let start = Int(index % UInt32(size))
        let whole = min(max(0, count), size)
        let here = min(whole, size - start)
        first = start..<start + here
        second = 0..<whole - here
    }

    /// Bytes in both pieces.
    public var byteCount: Int { first.count + second.count }
}

/// The two indices of a direction, each as it was read once. They run freely modulo 2^32.
public struct RingWindow: Equatable, Sendable {
    /// Bytes that were written.
    public let producer: UInt32
    /// Bytes that were taken.
    public let consumer: UInt32

    /// Of two indices, whatever they are.
    public init(producer: UInt32, consumer: UInt32) {
        self.producer = producer
        self.consumer = consumer
    }

    /// Bytes that lie in the ring, 0 to 1024. Throws `indices` when there would be more.
    public func used() throws(RingError) -> Int {
        let used = producer &- consumer
        if used > UInt32(RingLayout.ringByteCount) { throw .indices }
        return Int(used)
    }

    /// Where the bytes lie that the consumer may read. Throws `indices`.
    public func readable() throws(RingError) -> RingPieces {
        RingPieces(from: consumer, count: try used())
    }

    /// Where the producer may write. Throws `indices`.
    public func writable() throws(RingError) -> RingPieces {
        RingPieces(from: producer, count: RingLayout.ringByteCount - (try used()))
    }
}

/// All four indices of a page, each as it was read once.
public struct RingIndices: Equatable, Sendable {
    /// From the guest to the server.
    public let requests: RingWindow
    /// From the server to the guest.
    public let responses: RingWindow

    /// Of the two directions.
    public init(requests: RingWindow, responses: RingWindow) {
        self.requests = requests
        self.responses = responses
    }

    /// What the server may read and where it may write. Throws `indices` when either direction is wrong.
    public func plan() throws(RingError) -> (read: RingPieces, write: RingPieces) {
        (try requests.readable(), try responses.writable())
    }
}
