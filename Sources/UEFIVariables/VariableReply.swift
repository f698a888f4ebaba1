// What a request is answered with, and its bytes. Source: varstored.md 3.2.
// Not for: when they are written to the guest's buffer; only as many bytes as a reply has are.

/// An answer. Variables are named by their slot in the store, so that nothing is copied before it is written.
public struct VariableReply: Equatable, Sendable {
    enum Body: Equatable, Sendable {
        case status(VariableStatus)
        case variable(slot: Int32)
        case name(slot: Int32)
        case needed(Int)
        case storage(remaining: Int)
    }

    let body: Body

    init(_ body: Body) { self.body = body }

    /// A status alone: 8 bytes.
    public static func status(_ status: VariableStatus) -> VariableReply { VariableReply(.status(status)) }

    /// The status that the reply begins with.
    public var status: VariableStatus {
        switch body {
        case .status(let status): status
        case .variable, .name, .storage: .success
        case .needed: .bufferTooSmall
        }
    }
}

extension VariableStore {
    /// Writes a reply at the start of `buffer`, which has 65536 bytes, and answers how many bytes it has. The other
    /// bytes of the buffer stay as they are. Source: varstored.md 3.2.
    public func encode(_ reply: VariableReply, into buffer: inout MutableSpan<UInt8>) -> Int {
        var writer = ReplyWriter()
        writer.put(reply.status.rawValue, &buffer)
        switch reply.body {
        case .status: break
        case .needed(let count): writer.put(UInt64(count), &buffer)
        case .storage(let remaining):
            writer.put(UInt64(Self.chargeMax), &buffer)
            writer.put(UInt64(remaining), &buffer)
            writer.put(UInt64(VariableRecord.dataByteCountMax), &buffer)
        case .variable(let slot):
            writer.put(slots[Int(slot)].record.attributes.rawValue, &buffer)
            writer.put(slots[Int(slot)].record.data, &buffer)
        case .name(let slot):
            writer.put(slots[Int(slot)].record.name.bytes, &buffer)
            writer.put(slots[Int(slot)].record.guid.low, &buffer)
            writer.put(slots[Int(slot)].record.guid.high, &buffer)
        }
        return writer.offset
    }
}

/// Writes the fields of a reply one after the other.
private struct ReplyWriter {
    var offset = 0

    mutating func put(_ value: UInt64, _ buffer: inout MutableSpan<UInt8>) {
        buffer.put(value, at: offset)
        offset &+= 8
    }

    mutating func put(_ value: UInt32, _ buffer: inout MutableSpan<UInt8>) {
        buffer.put(value, at: offset)
        offset &+= 4
    }

    /// A u64 length and that many bytes.
    mutating func put(_ bytes: [UInt8], _ buffer: inout MutableSpan<UInt8>) {
        put(UInt64(bytes.count), &buffer)
        buffer.copy(bytes.span, at: offset)
        offset &+= bytes.count
    }
}
