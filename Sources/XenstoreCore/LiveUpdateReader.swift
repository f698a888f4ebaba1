// The stream of a live update into records, whoever wrote it (xenstored.md 13.1, 13.4). Each length is checked before
// anything is made of it.
// Not for: what the records mean together (XenstoreCore).

internal import XenstoreWire

/// Why a stream of state is refused. Offsets are those of the record in the stream, in bytes.
public enum StateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It does not begin as a stream does.
    case magic
    /// A version that is not known.
    case version(UInt32)
    /// Its numbers are in the order of another machine.
    case byteOrder
    /// A record ends behind the end of the stream.
    case length(offset: Int)
    /// There is no END.
    case noEnd
    /// A record does not say what it should.
    case record(type: UInt32, offset: Int)
    /// A node's path is none.
    case path([UInt8])
    /// A node comes without, or before, the one above it.
    case orphan([UInt8])
    /// Two records for a path.
    case twice([UInt8])
    /// A record names a connection that is not there.
    case connection(UInt32)
    /// A connection can't be: its number, its domain or its descriptor is another one's too.
    case connectionTwice(UInt32)
    /// A transaction's requests come without the transaction, or twice.
    case transaction(UInt32)
    /// A connection has more unprocessed input than a record holds; of a domain.
    case inputTooLong(domain: UInt16)

    /// A sentence for the log.
    public var description: String {
        switch self {
        case .magic: "the state is no stream of a Xenstore server"
        case .version(let version): "the state has version \(version), known are 1 and 2"
        case .byteOrder: "the state is in another byte order than this machine's"
        case .length(let offset): "the record at byte \(offset) of the state ends behind the state's end"
        case .noEnd: "the state has no END"
        case .record(let type, let offset): "the record at byte \(offset) of the state, of type \(type), is wrong"
        case .path(let path): "a node of the state has the path \"\(Self.text(path))\", which is none"
        case .orphan(let path): "the node \(Self.text(path)) of the state has no parent before it"
        case .twice(let path): "the node \(Self.text(path)) is in the state twice"
        case .connection(let id): "a record of the state names connection \(id), which is not there"
        case .connectionTwice(let id): "connection \(id) of the state is there twice"
        case .transaction(let id): "the requests of transaction \(id) in the state belong to none"
        case .inputTooLong(let domain): "a connection of domain \(domain) has more than 65535 bytes of input"
        }
    }

    private static func text(_ path: [UInt8]) -> String {
        String(decoding: path.prefix(80).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
    }
}

/// Reads a stream of state, record by record.
public struct StateReader {
    private let bytes: [UInt8]
    /// What the header says.
    public let format: StateFormat
    /// Where the next record begins.
    public private(set) var offset = StateLayout.headerByteCount
    /// Where the record begins that came last.
    public private(set) var recordOffset = 0
    private var hasEnded = false

    /// Reads the header of a stream.
    public init(_ bytes: [UInt8]) throws(StateError) {
        self.bytes = bytes
        guard bytes.count >= StateLayout.headerByteCount, bytes.starts(with: StateLayout.magic) else { throw .magic }
        let header = StateBody(bytes, 0..<StateLayout.headerByteCount, isBigEndian: true)
        let version = header.word(8)
        guard StateLayout.versions.contains(version) else { throw .version(version) }
        format = StateFormat(version: version, isBigEndian: header.word(12) & 1 == 1)
    }

    /// The next record; nil behind END, and nothing behind that is looked at.
    public mutating func next() throws(StateError) -> StateRecord? {
        if hasEnded { return nil }
        recordOffset = offset
        if offset == bytes.count { throw .noEnd }
        guard bytes.count - offset >= 8 else { throw .length(offset: offset) }
        let head = StateBody(bytes, offset..<offset + 8, isBigEndian: format.isBigEndian)
        let type = head.word(0)
        let count = Int(head.word(4))
        let start = offset + 8
        guard count <= bytes.count - start else { throw .length(offset: offset) }
        let body = StateBody(bytes, start..<start + count, isBigEndian: format.isBigEndian)
        guard let record = record(type, body) else { throw .record(type: type, offset: offset) }
        // Padding that the last record leaves out is no error: it has an END behind it, or is one.
        offset = min(bytes.count, start + (count + 7) / 8 * 8)
        hasEnded = record == .end
        return record
    }

    private func record(_ type: UInt32, _ body: StateBody) -> StateRecord? {
        switch type {
        case StateRecordType.end: .end
        case StateRecordType.global:
            body.has(8)
                ? .global(listening: Int32(bitPattern: body.word(0)), events: Int32(bitPattern: body.word(4))) : nil
        case StateRecordType.connection: connection(body).map { .connection($0) }
        case StateRecordType.watch: watch(body, isExtended: false).map { .watch($0) } ?? .badWatch
        case StateRecordType.watchExtended where format.version > 1:
            watch(body, isExtended: true).map { .watch($0) } ?? .badWatch
        case StateRecordType.transaction:
            body.has(8) ? .transaction(connection: body.word(0), id: body.word(4)) : nil
        case StateRecordType.node: node(body).map { .node($0) }
        case StateRecordType.quotas: quotas(body)
        case StateRecordType.domain: domain(body).map { .domain($0) }
        case StateRecordType.log: log(body).map { .log($0) }
        default: .unknown(type)
        }
    }

    private func connection(_ body: StateBody) -> StateConnection? {
        guard body.has(24), body.word(0) != 0 else { return nil }
        let transport: StateTransport
        switch body.half(4) {
        case 0:
            let target = body.half(10)
            transport = .ring(
                domain: body.half(8), target: target == StateLayout.noTarget ? nil : target, port: body.word(12))
        case 1: transport = .socket(descriptor: Int32(bitPattern: body.word(8)))
        default: return nil
        }
        let inputCount = Int(body.half(16))
        let unfinished = Int(body.half(18))
        let outputCount = Int(body.word(20))
        let end = 24 + inputCount + outputCount
        guard body.has(end), unfinished <= outputCount else { return nil }
        var uniqueID: UInt64?
        if body.half(6) & 1 == 1 {
            let place = (end + 7) / 8 * 8
            guard body.has(place + 8) else { return nil }
            uniqueID = body.long(place)
        }
        return StateConnection(
            id: body.word(0), transport: transport, input: body.copy(24, inputCount),
            output: body.copy(24 + inputCount, outputCount), unfinishedByteCount: unfinished, uniqueID: uniqueID)
    }

    private func watch(_ body: StateBody, isExtended: Bool) -> StateWatch? {
        let start = isExtended ? 12 : 8
        guard body.has(start) else { return nil }
        let pathCount = Int(body.half(4))
        let tokenCount = Int(body.half(6))
        guard body.has(start + pathCount + tokenCount), let path = body.text(start, pathCount),
            let token = body.text(start + pathCount, tokenCount)
        else { return nil }
        let depth = isExtended ? body.half(8) : StateLayout.noDepth
        return StateWatch(
            connection: body.word(0), path: path, token: token, depth: depth == StateLayout.noDepth ? nil : depth)
    }

    private func node(_ body: StateBody) -> StateNode? {
        guard body.has(16) else { return nil }
        let pathCount = Int(body.half(8))
        let valueCount = Int(body.half(10))
        let entryCount = Int(body.half(14))
        let start = 16 + 4 * entryCount
        guard body.has(start + pathCount + valueCount), let path = body.text(start, pathCount) else { return nil }
        var entries: [StateEntry] = []
        entries.reserveCapacity(entryCount)
        for index in 0..<entryCount {
            let place = 16 + 4 * index
            guard let access = XenstoreAccess(rawValue: body.byte(place)) else { return nil }
            let isStale = body.byte(place + 1) & 1 == 1
            entries.append(StateEntry(access, domain: body.half(place + 2), isStale: isStale))
        }
        return StateNode(
            connection: body.word(0), transaction: body.word(4), path: path,
            value: body.copy(start + pathCount, valueCount), access: body.half(12), entries: entries)
    }

    private func quotas(_ body: StateBody) -> StateRecord? {
        guard body.has(4) else { return nil }
        let count = Int(body.half(0))
        guard let all = body.quotas(4, count + Int(body.half(2))) else { return nil }
        return .quotas(Array(all[..<count]), global: Array(all[count...]))
    }

    private func domain(_ body: StateBody) -> StateDomain? {
        guard body.has(8), let quotas = body.quotas(8, Int(body.half(2))) else { return nil }
        let features = format.version > 1 ? body.word(4) : 0
        return StateDomain(domain: body.half(0), features: features, quotas: quotas)
    }

    private func log(_ body: StateBody) -> StateLog? {
        guard body.has(16) else { return nil }
        let flags = body.word(8)
        var requests: [StateRequest] = []
        var place = 16
        for _ in 0..<Int(body.word(12)) {
            guard body.has(place + 8) else { return nil }
            let payloadCount = Int(body.half(place + 4))
            let replyCount = Int(body.half(place + 6))
            guard body.has(place + 8 + payloadCount + replyCount) else { return nil }
            requests.append(
                StateRequest(
                    operation: body.half(place), existed: body.byte(place + 2) != 0, error: body.byte(place + 3),
                    payload: body.copy(place + 8, payloadCount),
                    reply: body.copy(place + 8 + payloadCount, replyCount)))
            place += 8 + payloadCount + replyCount
        }
        return StateLog(
            connection: body.word(0), transaction: body.word(4), isDoomed: flags & 1 == 1, hasFailed: flags & 2 == 2,
            requests: requests)
    }
}

/// The body of a record. Who reads has asked `has` before.
struct StateBody {
    private let bytes: [UInt8]
    private let start: Int
    let count: Int
    private let isBigEndian: Bool

    init(_ bytes: [UInt8], _ range: Range<Int>, isBigEndian: Bool) {
        self.bytes = bytes
        start = range.lowerBound
        count = range.count
        self.isBigEndian = isBigEndian
    }

    func has(_ byteCount: Int) -> Bool { byteCount <= count }
    func byte(_ offset: Int) -> UInt8 { bytes[start + offset] }

    func half(_ offset: Int) -> UInt16 {
        let one = UInt16(byte(offset))
        let other = UInt16(byte(offset + 1))
        return isBigEndian ? one << 8 | other : other << 8 | one
    }

    func word(_ offset: Int) -> UInt32 {
        let one = UInt32(half(offset))
        let other = UInt32(half(offset + 2))
        return isBigEndian ? one << 16 | other : other << 16 | one
    }

    func long(_ offset: Int) -> UInt64 {
        let one = UInt64(word(offset))
        let other = UInt64(word(offset + 4))
        return isBigEndian ? one << 32 | other : other << 32 | one
    }

    func copy(_ offset: Int, _ byteCount: Int) -> [UInt8] {
        Array(bytes[start + offset..<start + offset + byteCount])
    }

    /// A text of so many bytes, the last of which, and no other, is NUL; nil otherwise.
    func text(_ offset: Int, _ byteCount: Int) -> [UInt8]? {
        guard byteCount > 0, byte(offset + byteCount - 1) == 0 else { return nil }
        let text = copy(offset, byteCount - 1)
        return text.contains(0) ? nil : text
    }

    /// So many values, and as many names behind them; nil when they are not there.
    func quotas(_ offset: Int, _ quotaCount: Int) -> [StateQuota]? {
        guard has(offset + 4 * quotaCount) else { return nil }
        var quotas: [StateQuota] = []
        var place = offset + 4 * quotaCount
        for index in 0..<quotaCount {
            let begin = place
            while place < count, byte(place) != 0 { place += 1 }
            guard place < count else { return nil }
            quotas.append(StateQuota(name: copy(begin, place - begin), value: word(offset + 4 * index)))
            place += 1
        }
        return quotas
    }
}
