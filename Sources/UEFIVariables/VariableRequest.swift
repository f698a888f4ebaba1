// A request as a guest's firmware writes it: decoded without a copy, from private memory. Source: varstored.md 3. Not
// for: what is done about it (VariableServices.swift); requests that we make ourselves
// (VariableRequest+Encoding.swift).

/// A decoded request. Names and data are places within the request's bytes, inside of them. Source: varstored.md 3.2.
public enum VariableRequest: Equatable, Sendable {
    /// GetVariable: the name, the room for data in bytes.
    case get(name: Range<Int>, guid: VendorGUID, room: UInt64, atRuntime: Bool)
    /// SetVariable.
    case set(name: Range<Int>, guid: VendorGUID, data: Range<Int>, attributes: VariableAttributes, atRuntime: Bool)
    /// GetNextVariableName: the room for the name in bytes, its NUL with it; the last name, empty at the start.
    case next(room: UInt64, name: Range<Int>, guid: VendorGUID, atRuntime: Bool)
    /// QueryVariableInfo.
    case query(attributes: VariableAttributes)
    /// NotifySecureBootFailure.
    case notify

    /// The version of the protocol.
    public static var version: UInt32 { 1 }
    /// Bytes of the buffer that requests and replies share. Source: varstored.md 2.
    public static var bufferByteCount: Int { 65536 }

    /// What the guest says about ExitBootServices; nil for requests that say nothing. Source: varstored.md 3.8.
    public var atRuntime: Bool? {
        switch self {
        case .get(_, _, _, let atRuntime): atRuntime
        case .set(_, _, _, _, let atRuntime): atRuntime
        case .next(_, _, _, let atRuntime): atRuntime
        case .query, .notify: nil
        }
    }

    /// Decodes a request. The first field that is wrong decides the status. Source: varstored.md 3.3.
    public static func decode(_ bytes: Span<UInt8>) throws(VariableStatus) -> VariableRequest {
        var fields = RequestFields()
        if try fields.number32(bytes) != version { throw .incompatibleVersion }
        switch try fields.number32(bytes) {
        case 0: return try get(bytes, &fields)
        case 1: return try set(bytes, &fields)
        case 2: return try next(bytes, &fields)
        case 3: return .query(attributes: VariableAttributes(try fields.number32(bytes)))
        case 4: return .notify
        default: throw .unsupported
        }
    }

    private static func get(
        _ bytes: Span<UInt8>, _ fields: inout RequestFields
    ) throws(VariableStatus) -> VariableRequest {
        let name = try fields.name(bytes)
        if name.isEmpty { throw .notFound }
        let guid = try fields.guid(bytes)
        let room = try fields.number64(bytes)
        return .get(name: name, guid: guid, room: room, atRuntime: try fields.bool(bytes))
    }

    private static func set(
        _ bytes: Span<UInt8>, _ fields: inout RequestFields
    ) throws(VariableStatus) -> VariableRequest {
        let name = try fields.name(bytes)
        if name.isEmpty { throw .invalidParameter }
        let guid = try fields.guid(bytes)
        let data = try fields.data(bytes, VariableRecord.dataByteCountMax, .outOfResources)
        let attributes = VariableAttributes(try fields.number32(bytes))
        return .set(
            name: name, guid: guid, data: data, attributes: attributes, atRuntime: try fields.bool(bytes))
    }

    private static func next(
        _ bytes: Span<UInt8>, _ fields: inout RequestFields
    ) throws(VariableStatus) -> VariableRequest {
        let room = try fields.number64(bytes)
        let name = try fields.name(bytes)
        let guid = try fields.guid(bytes)
        return .next(room: room, name: name, guid: guid, atRuntime: try fields.bool(bytes))
    }
}

/// Reads the fields of a request one after the other. What would lie beyond the end is DEVICE_ERROR.
/// Source: varstored.md 3.1, 3.3.
private struct RequestFields {
    private var offset = 0

    /// The place of the next `count` bytes.
    @inline(__always)
    private mutating func place(_ bytes: Span<UInt8>, _ count: Int) throws(VariableStatus) -> Int {
        if count > bytes.count &- offset { throw .deviceError }
        defer { offset &+= count }
        return offset
    }

    mutating func number32(_ bytes: Span<UInt8>) throws(VariableStatus) -> UInt32 {
        bytes.half(at: try place(bytes, 4))
    }

    mutating func number64(_ bytes: Span<UInt8>) throws(VariableStatus) -> UInt64 {
        bytes.word(at: try place(bytes, 8))
    }

    mutating func bool(_ bytes: Span<UInt8>) throws(VariableStatus) -> Bool {
        bytes[try place(bytes, 1)] != 0
    }

    mutating func guid(_ bytes: Span<UInt8>) throws(VariableStatus) -> VendorGUID {
        let place = try place(bytes, VendorGUID.byteCount)
        return VendorGUID(low: bytes.word(at: place), high: bytes.word(at: place &+ 8))
    }

    mutating func name(_ bytes: Span<UInt8>) throws(VariableStatus) -> Range<Int> {
        try data(bytes, VariableName.byteCountMax, .deviceError)
    }

    /// A u64 length and that many bytes. A length above `max` is `excess`.
    mutating func data(
        _ bytes: Span<UInt8>, _ max: Int, _ excess: VariableStatus
    ) throws(VariableStatus) -> Range<Int> {
        let length = try number64(bytes)
        if length > UInt64(max) { throw excess }
        let start = try place(bytes, Int(length))
        return start..<offset
    }
}
