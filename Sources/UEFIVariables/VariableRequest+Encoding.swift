// Requests that we make ourselves: tools and first-boot keys go the way that a guest's requests go; tests too.
// Source: varstored.md 3.2.

extension VariableRequest {
    /// A GetVariable request.
    public static func encodeGet(
        _ name: VariableName, _ guid: VendorGUID, room: UInt64, atRuntime: Bool = false
    ) -> [UInt8] {
        var bytes = header(0, name.bytes.count &+ 41)
        bytes.putName(name)
        bytes.putGUID(guid)
        bytes.put(room)
        bytes.append(atRuntime ? 1 : 0)
        return bytes
    }

    /// A SetVariable request.
    public static func encodeSet(
        _ name: VariableName, _ guid: VendorGUID, _ attributes: VariableAttributes, _ data: [UInt8],
        atRuntime: Bool = false
    ) -> [UInt8] {
        var bytes = header(1, name.bytes.count &+ data.count &+ 45)
        bytes.putName(name)
        bytes.putGUID(guid)
        bytes.put(UInt64(data.count))
        bytes.append(contentsOf: data)
        bytes.put(attributes.rawValue)
        bytes.append(atRuntime ? 1 : 0)
        return bytes
    }

    /// A GetNextVariableName request.
    public static func encodeNext(
        after name: VariableName, _ guid: VendorGUID, room: UInt64, atRuntime: Bool = false
    ) -> [UInt8] {
        var bytes = header(2, name.bytes.count &+ 41)
        bytes.put(room)
        bytes.putName(name)
        bytes.putGUID(guid)
        bytes.append(atRuntime ? 1 : 0)
        return bytes
    }

    /// A QueryVariableInfo request.
    public static func encodeQuery(_ attributes: VariableAttributes) -> [UInt8] {
        var bytes = header(3, 12)
        bytes.put(attributes.rawValue)
        return bytes
    }

    /// A NotifySecureBootFailure request.
    public static func encodeNotify() -> [UInt8] { header(4, 8) }

    private static func header(_ command: UInt32, _ byteCount: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        bytes.put(version)
        bytes.put(command)
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func putName(_ name: VariableName) {
        put(UInt64(name.bytes.count))
        append(contentsOf: name.bytes)
    }

    fileprivate mutating func putGUID(_ guid: VendorGUID) {
        put(guid.low)
        put(guid.high)
    }
}
