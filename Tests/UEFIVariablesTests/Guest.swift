// A guest and its daemon in one: requests go through decide, persist, complete and encode as a daemon's do.

import Testing
import UEFIVariables

/// Sends requests, and keeps what the backend got.
struct Guest {
    var services: VariableServices
    let authenticator = FakeAuthenticator()
    /// How many blobs the backend got, failed writes too.
    var writes = 0
    /// Whether the backend fails.
    var backendFails = false
    var notifications = 0
    private var buffer = [UInt8](repeating: 0xEE, count: VariableRequest.bufferByteCount)
    private var untouched = [UInt8](repeating: 0xEE, count: VariableRequest.bufferByteCount)

    /// S0: first boot, no keys. Source: varstored.md 4.
    init(_ policy: VariablePolicy = VariablePolicy(), blob: VariableBlob? = nil) {
        services = .start(blob, policy: policy)
    }

    init(_ services: VariableServices) { self.services = services }

    /// A request's reply, byte by byte.
    mutating func send(_ request: [UInt8]) -> [UInt8] {
        let plan = services.decide(request.span, authenticator)
        var promised: [UInt8]?
        switch plan.effect {
        case .none: break
        case .persist:
            writes += 1
            // Large blobs are slow to compare without optimisation.
            let isCompared = services.store.chargeSum < 8192 || writes % 64 == 0
            if !backendFails && isCompared { promised = services.backendBlob(with: plan) }
        case .notify: notifications += 1
        }
        let before = backendFails ? services.store.records : []
        let reply = services.complete(plan, succeeded: !backendFails)
        if let promised { #expect(promised == services.backendBlob(), "the backend has what is published") }
        if backendFails && plan.effect != .none { #expect(before == services.store.records, "nothing is published") }
        #expect(services.store.chargeSum == services.store.records.reduce(0) { $0 + $1.charge })
        return encode(reply)
    }

    private mutating func encode(_ reply: VariableReply) -> [UInt8] {
        let store = services.store
        var span = buffer.mutableSpan
        let count = store.encode(reply, into: &span)
        #expect(
            buffer[count...].prefix(16).elementsEqual(untouched[count...].prefix(16)), "the rest of the buffer stays")
        untouched.replaceSubrange(..<count, with: buffer[..<count])
        return Array(buffer[..<count])
    }

    /// A request's status, without the top bit.
    mutating func status(_ request: [UInt8]) -> UInt64 { Self.status(of: send(request)) }

    static func status(of reply: [UInt8]) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(reply[$1]) << (8 * $1) } & ~(1 << 63)
    }

    mutating func set(
        _ name: String = "T", _ guid: VendorGUID = .t, _ attributes: UInt32 = 7, _ data: [UInt8],
        atRuntime: Bool = false
    ) -> UInt64 {
        status(
            VariableRequest.encodeSet(
                VariableName(name), guid, VariableAttributes(attributes), data, atRuntime: atRuntime))
    }

    /// SetVariable of T with text.
    mutating func set(_ text: String, _ attributes: UInt32 = 7, atRuntime: Bool = false) -> UInt64 {
        set("T", .t, attributes, Array(text.utf8), atRuntime: atRuntime)
    }

    /// GetVariable: the status, attributes and data if there are any.
    mutating func get(
        _ name: String = "T", _ guid: VendorGUID = .t, room: UInt64 = 65536, atRuntime: Bool = false
    ) -> Got {
        let request = VariableRequest.encodeGet(VariableName(name), guid, room: room, atRuntime: atRuntime)
        return Got(send(request))
    }

    /// T's data as text; nil if there is no T.
    var text: String? { data("T", .t).map { String(decoding: $0, as: UTF8.self) } }

    func data(_ name: String, _ guid: VendorGUID) -> [UInt8]? {
        services.store.record(VariableName(name), guid)?.data
    }

    /// The value of one of the modes.
    func mode(_ name: String) -> UInt8? { data(name, .global)?.first }

    /// SetupMode, DeployedMode, SecureBoot.
    var modes: [UInt8?] { [mode("SetupMode"), mode("DeployedMode"), mode("SecureBoot")] }

    /// The names that GetNextVariableName gives, from the start to the end.
    mutating func names(atRuntime: Bool = false) -> [String] {
        var names: [String] = []
        var cursor: (name: VariableName, guid: VendorGUID) = (VariableName(""), .t)
        while names.count < 2000 {
            let reply = send(
                VariableRequest.encodeNext(after: cursor.name, cursor.guid, room: 4098, atRuntime: atRuntime))
            if reply.count == 8 {
                #expect(Self.status(of: reply) == 0x0E)
                return names
            }
            cursor = (
                VariableName(bytes: Array(reply[16..<(reply.count - 16)])),
                VendorGUID(bytes: Array(reply.suffix(16))) ?? .t
            )
            names.append(cursor.name.description)
        }
        return names
    }

    /// Remaining bytes as QueryVariableInfo tells.
    mutating func remaining() -> Int {
        let reply = send(VariableRequest.encodeQuery(.ordinary))
        #expect(reply.count == 32)
        return (0..<8).reduce(0) { $0 | Int(reply[16 + $1]) << (8 * $1) }
    }
}

/// What GetVariable gave.
struct Got: Equatable {
    var status: UInt64
    var attributes: UInt32?
    var data: [UInt8]?
    /// Bytes of the reply.
    var byteCount: Int
    /// What BUFFER_TOO_SMALL says is needed.
    var needed: Int?

    init(_ reply: [UInt8]) {
        status = Guest.status(of: reply)
        byteCount = reply.count
        if status == 0 {
            attributes = (0..<4).reduce(0) { $0 | UInt32(reply[8 + $1]) << (8 * $1) }
            data = Array(reply[20...])
        } else if reply.count == 16 {
            needed = (0..<8).reduce(0) { $0 | Int(reply[8 + $1]) << (8 * $1) }
        }
    }

    var text: String? { data.map { String(decoding: $0, as: UTF8.self) } }
}
