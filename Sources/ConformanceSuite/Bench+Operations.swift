// Device-model operations as rows name them: by number and fields, with buffers that may be wrong.
// Not for: which steps there are (Steps+Operations).

internal import HypervisorModel
internal import XenABI

/// Buffer 1 of an operation.
public enum DataBuffer: Hashable, Sendable {
    /// There is none.
    case none
    /// So many bytes, all of this value.
    case bytes(Int, of: UInt8 = 0)
    /// These bytes.
    case these([UInt8])
    /// So many bytes at an address, whatever is there.
    case at(Value, bytes: Int)
    /// Extents of op 11.
    case extents([Extent])

    /// An extent of op 11.
    public struct Extent: Hashable, Sendable {
        /// Its first frame.
        public var first: Value
        /// Frames.
        public var count: UInt32
        /// Must be 0.
        public var pad: UInt32

        /// An extent.
        public init(_ first: Value, _ count: UInt32, pad: UInt32 = 0) {
            self.first = first
            self.count = count
            self.pad = pad
        }
    }
}

/// An operation as a row names it.
public struct NamedOperation: Hashable, Sendable {
    /// Its number.
    public var number: UInt32
    /// Fields by name (`OperationFields`); the others are 0.
    public var fields: [Field]
    /// Bytes of buffer 0; nil: exactly 8 and the payload.
    public var byteCount: Int?
    /// The header's pad.
    public var headerPad: UInt32 = 0
    /// What payload bytes without a field are.
    public var filler: UInt8 = 0
    /// Buffer 1.
    public var data = DataBuffer.none
    /// On which domain.
    public var domain: Value = "G"
    /// By which node.
    public var node = "privcmd"

    /// A field and its value.
    public struct Field: Hashable, Sendable {
        /// As in dmop.md section 2.
        public var name: String
        /// Cut to the field's width.
        public var value: Value
    }

    /// An operation with exact-size buffers.
    public init(_ number: UInt32, _ fields: KeyValuePairs<String, Value> = [:]) {
        self.number = number
        self.fields = fields.map { Field(name: $0.key, value: $0.value) }
    }
}

/// The buffers of an operation, before and after.
struct CallBuffers {
    var number: UInt32 = 0
    var sent: [UInt8] = []
    var operation: [UInt8] = []
    var data: [UInt8] = []
}

extension Bench {
    /// Does an operation. What it leaves in its buffers is kept in `lastCall`.
    func perform(_ call: NamedOperation) throws(HostError) -> Answer {
        let bytes = try buffer(of: call)
        try host.store(scratch + Scratch.operation, bytes)
        lastCall = CallBuffers(number: call.number, sent: bytes, operation: bytes)
        var descriptors = [PrivcmdBuffer(address: scratch + Scratch.operation, byteLength: UInt64(bytes.count))]
        if let second = try place(call.data) { descriptors.append(second) }
        let answer = try dmOp(call.node, try domain(call.domain), descriptors)
        lastCall.operation = try host.load(scratch + Scratch.operation, byteCount: bytes.count)
        if descriptors.count == 2, descriptors[1].address == scratch + Scratch.data {
            lastCall.data = try host.load(descriptors[1].address, byteCount: Int(descriptors[1].byteLength))
        }
        return answer
    }

    /// Buffer 0 as it is sent.
    private func buffer(of call: NamedOperation) throws(HostError) -> [UInt8] {
        // 4.9.0 wants 32 bytes for every operation; rows that are about lengths give one. dmop.md 1.3.
        let isOld = host.release.version < .v4_11
        let exact = isOld ? 32 : 8 + OperationFields.payloadByteCount(of: call.number)
        var bytes = [UInt8](repeating: call.filler, count: max(call.byteCount ?? exact, 32))
        bytes.put(UInt64(call.number), at: 0, width: 4)
        bytes.put(UInt64(call.headerPad), at: 4, width: 4)
        for field in call.fields {
            guard let place = OperationFields.find(field.name, of: call.number) else {
                throw .broken("op \(call.number) has no field \(field.name)")
            }
            bytes.put(try number(field.value), at: 8 + place.offset, width: place.width)
        }
        return Array(bytes.prefix(call.byteCount ?? exact))
    }

    /// Buffer 1 in its place; nil: there is none.
    private func place(_ data: DataBuffer) throws(HostError) -> PrivcmdBuffer? {
        var bytes: [UInt8] = []
        switch data {
        case .none: return nil
        case .at(let address, let count):
            return PrivcmdBuffer(address: try number(address), byteLength: UInt64(count))
        case .bytes(let count, let value): bytes = [UInt8](repeating: value, count: count)
        case .these(let these): bytes = these
        case .extents(let extents):
            for extent in extents {
                var one = [UInt8](repeating: 0, count: 16)
                one.put(UInt64(extent.count), at: 0, width: 4)
                one.put(UInt64(extent.pad), at: 4, width: 4)
                one.put(try number(extent.first), at: 8, width: 8)
                bytes += one
            }
        }
        try host.store(scratch + Scratch.data, bytes)
        return PrivcmdBuffer(address: scratch + Scratch.data, byteLength: UInt64(bytes.count))
    }

    /// DM_OP with these descriptors.
    func dmOp(
        _ node: String, _ domain: DomainID, _ descriptors: [PrivcmdBuffer], count: UInt16? = nil,
        at address: UInt64? = nil
    ) throws(HostError) -> Answer {
        guard descriptors.allSatisfy({ $0.byteLength > 0 }) else { throw .broken("a row sends no empty buffer") }
        let place = scratch + Scratch.descriptors
        try host.store(place, descriptors.flatMap(\.encodedBytes))
        let argument = PrivcmdDMOP(
            domain: domain, count: count ?? UInt16(descriptors.count), buffers: address ?? place)
        return try control(node, PrivcmdCall.dmOp, argument)
    }

    /// An ioctl with a structure.
    func control(_ node: String, _ request: UInt32, _ argument: some WireLayout) throws(HostError) -> Answer {
        try host.store(scratch + Scratch.argument, argument.encodedBytes)
        return try host.control(try self.node(node), request, scratch + Scratch.argument)
    }

    /// A field of the last operation's payload, as the call has left it.
    func field(_ name: String) throws(HostError) -> UInt64 {
        guard let place = OperationFields.find(name, of: lastCall.number) else {
            throw .broken("op \(lastCall.number) has no field \(name)")
        }
        guard 8 + place.offset + place.width <= lastCall.operation.count else { throw .broken("no room for \(name)") }
        return lastCall.operation.number(at: 8 + place.offset, width: place.width)
    }
}

extension [UInt8] {
    /// Stores a number's low bytes, little end first.
    mutating func put(_ value: UInt64, at offset: Int, width: Int) {
        for index in 0..<width { self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    /// A number of up to 8 bytes, little end first.
    func number(at offset: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
        return value
    }
}
