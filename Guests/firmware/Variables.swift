// The commands as calls: arguments in, what came back out (varstored.md 3.2).
import Machine

/// A variable by name and vendor, and what can be asked about it.
struct Variable {
    let name: Name
    let guid: VendorGUID

    init(_ name: Name, _ guid: VendorGUID) { (self.name, self.guid) = (name, guid) }
    init(_ name: StaticString, _ guid: VendorGUID) { (self.name, self.guid) = (.text(name), guid) }

    static var pk: Variable { Variable("PK", .global) }
    static var kek: Variable { Variable("KEK", .global) }
    static var db: Variable { Variable("db", .image) }
    static var dbx: Variable { Variable("dbx", .image) }
    static var dbt: Variable { Variable("dbt", .image) }
    static var setupMode: Variable { Variable("SetupMode", .global) }
    static var auditMode: Variable { Variable("AuditMode", .global) }
    static var deployedMode: Variable { Variable("DeployedMode", .global) }
    static var secureBoot: Variable { Variable("SecureBoot", .global) }
    static var signatureSupport: Variable { Variable("SignatureSupport", .global) }
    static var morControl: Variable { Variable("MemoryOverwriteRequestControl", .morControl) }
    static var morLock: Variable { Variable("MemoryOverwriteRequestControlLock", .morLock) }
    static var ppiBuffer: Variable { Variable("PPIBuffer", .physicalPresence) }
    static var ppiFlags: Variable { Variable("Tcg2PhysicalPresenceFlags", .physicalPresence) }
    static var ppiLock: Variable { Variable("Tcg2PhysicalPresenceFlagsLock", .physicalPresence) }
    /// A variable of the tests: a letter or a word under GUID T.
    static func test(_ name: StaticString) -> Variable { Variable(name, .test) }

    func get(room: UInt64 = 0x1_0000, atRuntime: Bool = false) -> Found {
        let status = Request(Command.get).name(name).guid(guid).u64(room).flag(atRuntime).call()
        return Found(status)
    }

    func set(_ bytes: Bytes, _ attributes: UInt32 = Attributes.ordinary, atRuntime: Bool = false) -> VariableStatus {
        Request(Command.set).name(name).guid(guid).data(bytes).u32(attributes).flag(atRuntime).call()
    }

    /// Sets an authenticated variable by one of the prepared updates.
    func set(_ update: Fixture, _ attributes: UInt32 = Attributes.authenticated) -> VariableStatus {
        set(update.bytes, attributes)
    }

    /// Sets it by an update without a signature: a descriptor that is empty but for its time, then the payload.
    func setUnsigned(_ payload: Bytes, _ attributes: UInt32 = Attributes.authenticated, year: UInt64 = 2026)
        -> VariableStatus
    {
        Request(Command.set).name(name).guid(guid).u64(40 + payload.count).descriptor(year: year).raw(payload)
            .u32(attributes).flag(false).call()
    }

    func delete(_ attributes: UInt32 = Attributes.ordinary) -> VariableStatus { set(.none, attributes) }

    /// A one-byte variable's value; 0xff if there is none.
    var byte: UInt64 {
        let found = get()
        return found.status == .success && found.count == 1 ? load8(found.place) : 0xff
    }

    /// Whether it is there with this value and these attributes.
    func holds(_ bytes: Bytes, _ attributes: UInt32) -> Bool {
        let found = get()
        return found.status == .success && found.attributes == attributes && found.count == bytes.count
            && bytes.match(found.place)
    }
}

/// What GetVariable answered.
struct Found {
    let status: VariableStatus
    let attributes: UInt32
    /// Bytes of the value, or needed for it.
    let count: UInt64
    /// Where the value is: in the buffer, until the next command.
    let place = VariableService.buffer + 20

    init(_ status: VariableStatus) {
        self.status = status
        let buffer = VariableService.buffer
        attributes = status == .success ? UInt32(truncatingIfNeeded: load32(buffer + 8)) : 0
        count = status == .success ? load64(buffer + 12) : status == .bufferTooSmall ? load64(buffer + 8) : 0
    }
}

/// Attribute bits (varstored.md 5).
enum Attributes {
    static let nonVolatile: UInt32 = 0x01
    static let boot: UInt32 = 0x02
    static let runtime: UInt32 = 0x04
    static let signed: UInt32 = 0x20
    static let append: UInt32 = 0x40
    static let ordinary: UInt32 = 0x07
    static let volatile: UInt32 = 0x06
    static let authenticated: UInt32 = 0x27
    static let authenticatedAppend: UInt32 = 0x67
}

/// Where an enumeration is (GetNextVariableName).
struct Enumeration {
    private(set) var count: UInt64 = 0
    private(set) var guid = VendorGUID(0, 0)

    /// The variable at which it is.
    var variable: Variable { Variable(.memory(Scratch.cursor, count: count), guid) }

    mutating func next(room: UInt64 = 0x1_0000, atRuntime: Bool = false) -> VariableStatus {
        let status = Request(Command.next).u64(room).name(variable.name).guid(guid).flag(atRuntime).call()
        if status == .success {
            let buffer = VariableService.buffer
            count = min(load64(buffer + 8), 4096)
            Bytewise.copy(count, from: buffer + 16, to: Scratch.cursor)
            guid = VendorGUID(at: buffer + 16 + count)
        }
        return status
    }

    /// Whether it is at this variable.
    func isAt(_ variable: Variable) -> Bool {
        guid == variable.guid && variable.name.match(Scratch.cursor, count: count)
    }
}

/// QueryVariableInfo.
struct Storage {
    let status: VariableStatus
    let total: UInt64
    let remaining: UInt64
    let largest: UInt64

    init(_ attributes: UInt32) {
        status = Request(Command.query).u32(attributes).call()
        let buffer = VariableService.buffer
        (total, remaining, largest) = (load64(buffer + 8), load64(buffer + 16), load64(buffer + 24))
    }
}

extension Request {
    /// A descriptor without a signature: the first of January of a year, dwLength 24 (varstored.md 7).
    func descriptor(year: UInt64) -> Request {
        u32(UInt32(truncatingIfNeeded: year | 1 << 16 | 1 << 24)).u32(0).u64(0).u32(24).u32(0x0ef1_0200).guid(.pkcs7)
    }
}

/// NotifySecureBootFailure.
func notifySecureBootFailure() -> VariableStatus { Request(Command.notify).call() }
