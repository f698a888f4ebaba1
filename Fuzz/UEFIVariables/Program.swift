// A fuzz input read as a sequence of well-formed requests.

import UEFIVariables

/// Takes fields from the input until it ends.
struct Program {
    private let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The next byte; 0 behind the end.
    mutating func byte() -> UInt8 {
        if place >= bytes.count { return 0 }
        defer { place += 1 }
        return bytes[place]
    }

    /// A few of the next bytes.
    private mutating func some(_ countMax: Int) -> [UInt8] {
        let count = min(Int(byte()) % (countMax + 1), bytes.count - place)
        defer { place += count }
        return Array(bytes[place..<(place + count)])
    }

    private static let names: [(String, VendorGUID)] = [
        ("PK", .global), ("KEK", .global), ("db", .imageSecurity), ("dbx", .imageSecurity), ("dbt", .imageSecurity),
        ("SetupMode", .global), ("SecureBoot", .global), ("MemoryOverwriteRequestControl", .morControl),
        ("MemoryOverwriteRequestControlLock", .morLock), ("PPIBuffer", .ppi), ("Tcg2PhysicalPresenceFlags", .ppi),
        ("Tcg2PhysicalPresenceFlagsLock", .ppi), ("CorbelResumeState", .resumeState), ("A", .global), ("B", .global),
    ]

    private mutating func variable() -> (name: VariableName, guid: VendorGUID) {
        let number = Int(byte())
        if number % 17 == 16 { return (VariableName(bytes: some(9)), .global) }
        let (name, guid) = Self.names[number % Self.names.count]
        return (VariableName(name), guid)
    }

    private mutating func attributes() -> VariableAttributes {
        let usual: [UInt32] = [0x27, 0x67, 7, 0x47, 3, 6, 0x26, 0, 0x40]
        let number = byte()
        return VariableAttributes(number < 230 ? usual[Int(number) % usual.count] : UInt32(byte()))
    }

    /// A descriptor of a time of so many minutes.
    static func descriptor(_ minutes: UInt8, _ signedData: [UInt8]) -> [UInt8] {
        let length = 24 + signedData.count
        let head = EFITime(year: 2026, month: 1, day: 1, minute: minutes).bytes
        return head + [UInt8(length & 0xFF), UInt8(length >> 8), 0, 0, 0, 2, 0xF1, 0x0E] + VendorGUID.pkcs7.bytes
            + signedData
    }

    /// Lists that are right, or nearly.
    private mutating func lists() -> [UInt8] {
        var lists: [UInt8] = []
        for _ in 0..<Int(byte() % 4) {
            if byte() % 2 == 0 {
                let entries = some(6).map { (VendorGUID.global, [UInt8](repeating: $0, count: 32)) }
                lists += SignatureLists.list(of: .sha256, entries)
            } else {
                lists += SignatureLists.list(of: .x509, [(.global, some(20))])
            }
        }
        if byte() % 8 == 0 && !lists.isEmpty { lists[Int(byte()) % lists.count] = byte() }
        return lists
    }

    private mutating func data(_ attributes: VariableAttributes) -> [UInt8] {
        let large = byte() % 32 == 0 ? Int(byte()) * 225 : 0
        let plain = some(60) + [UInt8](repeating: 1, count: large)
        if !attributes.contains(.timeAuthenticated) { return plain }
        var signed = Self.descriptor(byte(), some(30))
        if byte() % 16 == 0 { signed[Int(byte()) % signed.count] = byte() }
        return signed + (byte() % 4 == 0 ? plain : lists())
    }

    /// The next request; nil when the input has ended.
    mutating func next() -> [UInt8]? {
        if place >= bytes.count { return nil }
        let command = byte()
        let atRuntime = command >= 250
        let (name, guid) = variable()
        switch command % 8 {
        case 0: return VariableRequest.encodeGet(name, guid, room: UInt64(byte()) << 8, atRuntime: atRuntime)
        case 1: return VariableRequest.encodeNext(after: name, guid, room: UInt64(byte()), atRuntime: atRuntime)
        case 2: return VariableRequest.encodeQuery(attributes())
        default:
            let attributes = attributes()
            return VariableRequest.encodeSet(name, guid, attributes, data(attributes), atRuntime: atRuntime)
        }
    }
}
