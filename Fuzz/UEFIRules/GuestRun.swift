// A guest whose requests are well formed, beside the naive one: same statuses, same replies, same variables.

import UEFIVariables

struct GuestRun {
    private var program: Program
    private var services: VariableServices
    private var naive: NaiveGuest
    private let authenticator = FakeAuthenticator()
    private var hasNotified = false

    private static let names: [(VariableName, VendorGUID)] =
        [
            ("PK", .global), ("KEK", .global), ("db", .imageSecurity), ("dbx", .imageSecurity), ("dbt", .imageSecurity),
            ("SetupMode", .global), ("SecureBoot", .ppi), ("A", .global), ("B", .global), ("PK", .imageSecurity),
        ].map { (VariableName($0), $1) } + [
            (VariableName(bytes: [0x41]), .global), (VariableName(units: [0x41, 0, 0x42]), .global),
            (VariableName(bytes: []), .global), (VariableName(units: [0xD800]), .ppi),
        ]
    private static let attributes: [UInt32] = [
        0x27, 0x67, 0x07, 0x47, 0x03, 0x06, 0x02, 0x23, 0x26, 0x46, 0x00, 0x40, 0x01, 0x04, 0x0F, 0x17, 0x87, 0xA7,
        0x107,
        0x22, 0x66,
    ]

    init(_ program: Program, settings: UInt8) {
        self.program = program
        let policy = VariablePolicy(
            enforcing: settings & 1 == 0, secureBoot: settings & 2 == 0, persistent: settings & 4 == 0,
            strictNames: settings & 8 == 0)
        services = VariableServices.start(nil, policy: policy)
        naive = NaiveGuest(records: services.store.records, policy: policy)
    }

    mutating func run() {
        for _ in 0..<200 where !program.isOver {
            switch program.number(12) {
            case 0...6: set()
            case 7: get()
            case 8: next()
            case 9: query()
            case 10: notify()
            default: startAgain()
            }
            assume(services.store.records == naive.records)
            assume(services.isLatched == naive.latched)
            Soundness.check(services)
        }
    }

    // MARK: Requests

    /// The reply's bytes; `succeeds` is the backend's answer, should it be asked.
    private mutating func answer(_ request: [UInt8], succeeds: Bool = true) -> (VariablePlan, [UInt8]) {
        let plan = services.decide(request.span, authenticator)
        let blob = services.backendBlob(with: plan)
        let reply = services.complete(plan, succeeded: succeeds)
        if plan.effect == .persist, succeeds { Soundness.check(blob, services) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        var span = buffer.mutableSpan
        let count = services.store.encode(reply, into: &span)
        return (plan, Array(buffer[..<count]))
    }

    private func status(_ number: UInt64) -> [UInt8] { little(number == 0 ? 0 : number | 1 << 63) }

    private func little(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private mutating func set() {
        let (name, guid) = program.one(of: Self.names)
        var setting = Setting(
            name: name, guid: guid, attributes: program.one(of: Self.attributes), data: [],
            atRuntime: program.number(16) == 0)
        setting.data = setting.new & 0x20 != 0 ? signedData(setting) : plainData()
        let succeeds = program.number(8) != 0
        let request = VariableRequest.encodeSet(
            name, guid, VariableAttributes(rawValue: setting.attributes), setting.data, atRuntime: setting.atRuntime)
        let (plan, reply) = answer(request, succeeds: succeeds)
        // A request whose lengths are wrong says nothing about the runtime: it is over before that.
        if setting.atRuntime, !name.bytes.isEmpty, setting.data.count <= 57344 { naive.latched = true }
        do {
            let (records, persists) = try naive.setting(setting)
            assume((plan.effect == .persist) == persists, "\(setting)")
            assume(reply == status(persists && !succeeds ? 0x07 : 0), "\(setting) \(reply)")
            if !persists || succeeds { naive.records = records }
        } catch {
            assume(reply == status(error.number), "\(setting) \(reply) \(error)")
            assume(plan.effect == .none && !plan.changesStore)
        }
    }

    private mutating func plainData() -> [UInt8] {
        switch program.number(8) {
        case 0: []
        case 1: [UInt8](repeating: 1, count: 57344 + program.number(3) - 1)
        case 2: [UInt8](repeating: 2, count: program.number(256) * 128)
        case 3: lists()
        default: program.bytes(program.number(20))
        }
    }

    /// Lists with few different entries, so that they meet again; some aren't valid.
    private mutating func lists() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<program.number(4) {
            let owner = program.one(of: [VendorGUID.global, .ppi])
            let count = 1 + program.number(3)
            if program.bool() {
                let entries = (0..<count).map { _ in
                    (owner: owner, data: FakeAuthenticator.certificate(UInt8(program.number(4))))
                }
                bytes += SignatureLists.list(of: .x509, entries)
            } else {
                let entries = (0..<count).map { _ in
                    (owner: owner, data: [UInt8](repeating: UInt8(program.number(6)), count: 32))
                }
                bytes += SignatureLists.list(of: .sha256, entries)
            }
        }
        if program.number(8) == 0, !bytes.isEmpty { bytes[program.number(min(256, bytes.count))] ^= program.byte() }
        if program.number(16) == 0 { bytes.append(0) }
        return bytes
    }

    /// A descriptor and its payload: signed well by somebody, or spoilt.
    private mutating func signedData(_ setting: Setting) -> [UInt8] {
        let payload = program.number(3) == 0 ? plainData() : lists()
        let time = EFITime(year: 2000 + UInt16(program.number(8)), month: 1, day: 1)
        let bits = (0..<4).map { UInt8(truncatingIfNeeded: setting.attributes >> UInt32(8 * $0)) }
        let content = [setting.name.bytes, setting.guid.bytes, bits, time.bytes, payload]
        var signature = FakeAuthenticator.signature(UInt8(program.number(4)), content)
        let spoilt = program.number(10)
        if spoilt == 0 { signature = [] }
        if spoilt == 1 { signature[program.number(9)] ^= 1 }
        var bytes = time.bytes + [UInt8(24 + signature.count), 0, 0, 0, 0, 2, 0xF1, 0x0E] + VendorGUID.pkcs7.bytes
        if spoilt == 2 { bytes[program.number(40)] ^= program.byte() }
        bytes += signature + payload
        if spoilt == 3 { bytes = Array(bytes.prefix(program.number(64))) }
        return bytes
    }

    private mutating func get() {
        let (name, guid) = program.one(of: Self.names)
        let atRuntime = program.number(16) == 0
        let room = program.number(64)
        let (_, reply) = answer(VariableRequest.encodeGet(name, guid, room: UInt64(room), atRuntime: atRuntime))
        if atRuntime, !name.bytes.isEmpty { naive.latched = true }
        guard let index = naive.index(name, guid),
            !naive.latched || naive.records[index].attributes.contains(.runtime)
        else { return assume(reply == status(0x0E)) }
        let record = naive.records[index]
        let count = little(UInt64(record.data.count))
        if record.data.count > room { return assume(reply == status(0x05) + count) }
        let bits = little(UInt64(record.attributes.rawValue)).prefix(4)
        assume(reply == status(0) + bits + count + record.data)
    }

    private mutating func next() {
        let (name, guid) = program.one(of: Self.names)
        let atRuntime = program.number(16) == 0
        let room = program.number(80)
        let (_, reply) = answer(
            VariableRequest.encodeNext(after: name, guid, room: UInt64(room), atRuntime: atRuntime))
        naive.latched = naive.latched || atRuntime
        var start = 0
        if !name.bytes.isEmpty {
            guard let index = naive.index(name, guid),
                !naive.latched || naive.records[index].attributes.contains(.runtime)
            else { return assume(reply == status(0x02)) }
            start = index + 1
        }
        let latched = naive.latched
        guard let record = naive.records[start...].first(where: { !latched || $0.attributes.contains(.runtime) })
        else { return assume(reply == status(0x0E)) }
        let needed = record.name.bytes.count + 2
        if needed > room { return assume(reply == status(0x05) + little(UInt64(needed))) }
        assume(reply == status(0) + little(UInt64(needed - 2)) + record.name.bytes + record.guid.bytes)
    }

    private mutating func query() {
        let bits = UInt32(program.byte())
        let (_, reply) = answer(VariableRequest.encodeQuery(VariableAttributes(rawValue: bits)))
        if bits & 8 != 0 { return assume(reply == status(0x03)) }
        let sum = naive.records.reduce(0) { $0 + $1.charge }
        assume(reply == status(0) + little(131072) + little(UInt64(max(0, 131072 - sum))) + little(57344))
    }

    private mutating func notify() {
        let succeeds = program.bool()
        let (plan, reply) = answer(VariableRequest.encodeNotify(), succeeds: succeeds)
        assume((plan.effect == .notify) == !hasNotified)
        assume(reply == status(hasNotified ? 0x0F : succeeds ? 0 : 0x07))
        hasNotified = true
    }

    // MARK: Starts

    /// Saved and resumed nothing changes; after a start the backend's variables are there, in their order.
    private mutating func startAgain() {
        let isResume = program.bool()
        let bytes = isResume ? services.saveBlob().encoded() : services.backendBlob()
        guard let reading = try? VariableBlob.read(bytes) else { return assume(false) }
        assume(reading.findings.isEmpty)
        let policy = naive.policy
        hasNotified = false
        guard !isResume else {
            services = VariableServices.resume(reading.blob, policy: policy)
            return
        }
        services = VariableServices.start(reading.blob, policy: policy)
        let created = Set(
            [
                "SignatureSupport", "SetupMode", "AuditMode", "DeployedMode", "SecureBoot",
                "MemoryOverwriteRequestControl",
                "MemoryOverwriteRequestControlLock", "Tcg2PhysicalPresenceFlagsLock",
            ].map { VariableName($0) })
        func isCreated(_ record: VariableRecord) -> Bool {
            created.contains(record.name) && [.global, .morControl, .morLock, .ppi].contains(record.guid)
                && !(record.name == VariableName("SecureBoot") && record.guid == .ppi)
        }
        let kept = naive.records.filter { $0.attributes.contains(.nonVolatile) && !isCreated($0) }
        assume(services.store.records.filter { !isCreated($0) } == kept)
        naive.records = services.store.records
        naive.latched = false
    }
}
