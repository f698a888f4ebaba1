// Records into the stream of a live update (xenstored.md 13.1).
// Not for: which records (XenstoreCore).

internal import XenstoreWire

/// Writes a stream of state. A length counts the padding of its record.
public struct StateWriter {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []
    private let format: StateFormat
    /// Where the body of the record under way begins.
    private var body = 0

    /// Begins a stream with its header.
    public init(_ format: StateFormat) {
        self.format = format
        bytes = StateLayout.magic
        putBig(format.version)
        putBig(format.isBigEndian ? 1 : 0)
    }

    /// Writes a record. Strings longer than their length fields can say are cut; what the core holds never is.
    public mutating func put(_ record: StateRecord) {
        switch record {
        case .end: write(StateRecordType.end) { _ in }
        case .global(let listening, let events):
            write(StateRecordType.global) {
                $0.put(UInt32(bitPattern: listening))
                $0.put(UInt32(bitPattern: events))
            }
        case .connection(let connection): put(connection)
        case .watch(let watch): put(watch)
        case .transaction(let connection, let id):
            write(StateRecordType.transaction) {
                $0.put(connection)
                $0.put(id)
            }
        case .node(let node): put(node)
        case .quotas(let quotas, let global):
            write(StateRecordType.quotas) {
                $0.put(UInt16(clamping: quotas.count))
                $0.put(UInt16(clamping: global.count))
                $0.put(quotas + global)
            }
        case .domain(let domain): put(domain)
        case .log(let log): put(log)
        case .badWatch, .unknown: break
        }
    }

    private mutating func put(_ connection: StateConnection) {
        let input = connection.input.prefix(StateLayout.inputByteCountMax)
        write(StateRecordType.connection) {
            $0.put(connection.id)
            switch connection.transport {
            case .ring(let domain, let target, let port):
                $0.put(UInt16(0))
                $0.put(UInt16(connection.uniqueID == nil ? 0 : 1))
                $0.put(domain)
                $0.put(target ?? StateLayout.noTarget)
                $0.put(port)
            case .socket(let descriptor):
                $0.put(UInt16(1))
                $0.put(UInt16(connection.uniqueID == nil ? 0 : 1))
                $0.put(UInt32(bitPattern: descriptor))
                $0.put(UInt32(0))
            }
            $0.put(UInt16(clamping: input.count))
            $0.put(UInt16(clamping: connection.unfinishedByteCount))
            $0.put(UInt32(clamping: connection.output.count))
            $0.bytes.append(contentsOf: input)
            $0.bytes.append(contentsOf: connection.output)
            if let uniqueID = connection.uniqueID {
                $0.pad()
                $0.put(uniqueID)
            }
        }
    }

    /// A depth needs the extended record, which version 1 does not have.
    private mutating func put(_ watch: StateWatch) {
        let depth = format.version > 1 ? watch.depth : nil
        write(depth == nil ? StateRecordType.watch : StateRecordType.watchExtended) {
            $0.put(watch.connection)
            $0.put(UInt16(clamping: watch.path.count + 1))
            $0.put(UInt16(clamping: watch.token.count + 1))
            if let depth {
                $0.put(depth)
                $0.put(UInt16(0))
            }
            $0.put(text: watch.path)
            $0.put(text: watch.token)
        }
    }

    private mutating func put(_ node: StateNode) {
        begin(StateRecordType.node)
        put(node.connection)
        put(node.transaction)
        put(UInt16(clamping: node.path.count + 1))
        put(UInt16(clamping: node.value.count))
        put(node.access)
        put(UInt16(clamping: node.entries.count))
        for entry in node.entries {
            bytes.append(entry.access.rawValue)
            bytes.append(entry.isStale ? 1 : 0)
            put(entry.domain)
        }
        put(text: node.path)
        bytes.append(contentsOf: node.value.prefix(0xFFFF))
        end()
    }

    private mutating func put(_ domain: StateDomain) {
        write(StateRecordType.domain) {
            $0.put(domain.domain)
            $0.put(UInt16(clamping: domain.quotas.count))
            $0.put($0.format.version > 1 ? domain.features : 0)
            $0.put(domain.quotas)
        }
    }

    private mutating func put(_ log: StateLog) {
        write(StateRecordType.log) {
            $0.put(log.connection)
            $0.put(log.transaction)
            $0.put(UInt32((log.isDoomed ? 1 : 0) | (log.hasFailed ? 2 : 0)))
            $0.put(UInt32(clamping: log.requests.count))
            for request in log.requests {
                $0.put(request.operation)
                $0.bytes.append(request.existed ? 1 : 0)
                $0.bytes.append(request.error)
                $0.put(UInt16(clamping: request.payload.count))
                $0.put(UInt16(clamping: request.reply.count))
                $0.bytes.append(contentsOf: request.payload.prefix(0xFFFF))
                $0.bytes.append(contentsOf: request.reply.prefix(0xFFFF))
            }
        }
    }

    private mutating func put(_ quotas: [StateQuota]) {
        for quota in quotas { put(quota.value) }
        for quota in quotas { put(text: quota.name) }
    }

    private mutating func write(_ type: UInt32, _ body: (inout StateWriter) -> Void) {
        begin(type)
        body(&self)
        end()
    }

    private mutating func begin(_ type: UInt32) {
        put(type)
        put(UInt32(0))
        body = bytes.count
    }

    /// Pads the record, and writes how long it has become.
    private mutating func end() {
        pad()
        let count = UInt32(clamping: bytes.count - body)
        for index in 0..<4 {
            let shift = UInt32(format.isBigEndian ? 24 - 8 * index : 8 * index)
            bytes[body - 4 + index] = UInt8(truncatingIfNeeded: count >> shift)
        }
    }

    private mutating func pad() { while (bytes.count - body) % 8 != 0 { bytes.append(0) } }

    private mutating func put(text: [UInt8]) {
        bytes.append(contentsOf: text.prefix(0xFFFE))
        bytes.append(0)
    }

    private mutating func put(_ number: UInt16) { put(UInt64(number), byteCount: 2) }
    private mutating func put(_ number: UInt32) { put(UInt64(number), byteCount: 4) }
    private mutating func put(_ number: UInt64) { put(number, byteCount: 8) }

    private mutating func putBig(_ number: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private mutating func put(_ number: UInt64, byteCount: Int) {
        for index in 0..<byteCount {
            let shift = UInt64(8 * (format.isBigEndian ? byteCount - 1 - index : index))
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
