// Steps that are device-model operations: by number and fields, and the short forms of dmop.md section 18.
// Not for: bad descriptors and bare ioctls (Steps+Nodes), pages (Steps+Pages).

/// The kind of a range. dmop.md 3.3.
public enum RangeKind: UInt64, Sendable {
    /// I/O ports.
    case port = 0
    /// Guest-physical memory.
    case memory = 1
    /// PCI functions.
    case pci = 2
    /// No such kind.
    case unknown = 3
    /// No such kind.
    case seven = 7
}

extension Step {
    /// An operation by number and fields, with exact-size buffers and all else 0, as dmop.md section 18 writes it.
    /// `bytes`: another length of buffer 0. `data`: buffer 1.
    public static func op(
        _ number: UInt32, _ fields: KeyValuePairs<String, Value> = [:], bytes: Int? = nil, headerPad: UInt32 = 0,
        filler: UInt8 = 0, data: DataBuffer = .none, on domain: Value = "G", by node: String = "privcmd"
    ) -> Step {
        var call = NamedOperation(number, fields)
        call.byteCount = bytes
        call.headerPad = headerPad
        call.filler = filler
        call.data = data
        call.domain = domain
        call.node = node
        return operation(call)
    }

    static func operation(_ call: NamedOperation, text: String? = nil) -> Step {
        Step(text ?? call.description) { bench throws(HostError) in try bench.perform(call) }
    }

    /// Op 1; answers the id. `c(h)`.
    public static func create(_ handling: UInt8 = 0, as name: String? = nil, by node: String = "privcmd") -> Step {
        var call = NamedOperation(1, ["handle_bufioreq": .number(UInt64(handling))])
        call.node = node
        let made = call
        let step = Step("create(\(handling))\(byNode(node))", .success) { bench throws(HostError) in
            let answer = try bench.perform(made)
            guard answer == .value(0) else { return answer }
            return .value(try bench.field("id"))
        }
        return name.map { step.named($0) } ?? step
    }

    /// Op 6. `d(id)`.
    public static func destroy(_ id: Value, by node: String = "privcmd") -> Step {
        var call = NamedOperation(6, ["id": id])
        call.node = node
        let ended = call
        return Step("destroy(\(id))\(byNode(node))") { bench throws(HostError) in
            let answer = try bench.perform(ended)
            // Nobody looks at its slots any more.
            if answer == .value(0), case .named(let name, 0) = id { bench.servers[name] = nil }
            return answer
        }
    }

    /// Op 5. `en(id)`.
    public static func enable(_ id: Value, by node: String = "privcmd") -> Step {
        var call = NamedOperation(5, ["id": id, "enabled": 1])
        call.node = node
        return operation(call, text: "enable(\(id))\(byNode(node))")
    }

    /// Op 5. `dis(id)`.
    public static func disable(_ id: Value) -> Step {
        operation(NamedOperation(5, ["id": id, "enabled": 0]), text: "disable(\(id))")
    }

    /// Op 3. `m(id, type, s, e)`; the end is inclusive.
    public static func claim(_ id: Value, _ kind: RangeKind, _ start: Value, _ end: Value) -> Step {
        let fields: KeyValuePairs<String, Value> = [
            "id": id, "type": .number(kind.rawValue), "start": start, "end": end,
        ]
        return operation(NamedOperation(3, fields), text: "claim(\(id), \(kind), \(start), \(end))")
    }

    /// Op 4. `u(id, type, s, e)`; the end is inclusive.
    public static func giveUp(_ id: Value, _ kind: RangeKind, _ start: Value, _ end: Value) -> Step {
        let fields: KeyValuePairs<String, Value> = [
            "id": id, "type": .number(kind.rawValue), "start": start, "end": end,
        ]
        return operation(NamedOperation(4, fields), text: "give up(\(id), \(kind), \(start), \(end))")
    }

    private static func byNode(_ node: String) -> String { node == "privcmd" ? "" : " by \(node)" }

    // MARK: What an operation has left

    /// Fields of the payload have these values after the call.
    public func leaves(_ fields: KeyValuePairs<String, Value>) -> Step {
        let wanted = fields.map { NamedOperation.Field(name: $0.key, value: $0.value) }
        let text = wanted.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        return also("then \(text)") { bench throws(HostError) in
            for field in wanted {
                let got = try bench.field(field.name)
                guard got != bench.find(field.value) else { continue }
                return "\(field.name) is \(Value.text(got))"
            }
            return nil
        }
    }

    /// The number that comes of the step is the value of a field of the payload, where the call has succeeded.
    public func answering(_ field: String) -> Step {
        let inner = perform
        var step = Step(text, .success) { bench throws(HostError) in
            let answer = try inner(bench)
            guard answer == .value(0) else { return answer }
            return .value(try bench.field(field))
        }
        step.text = "\(text), \(field)"
        return step
    }

    /// Bytes of buffer 0 besides some fields are as they were sent.
    public func leavesAllBut(_ names: String...) -> Step {
        also("all but \(names.joined(separator: ", ")) as before") { bench throws(HostError) in
            var sent = bench.lastCall.sent
            for name in names {
                guard let place = OperationFields.find(name, of: bench.lastCall.number) else { continue }
                sent.put(try bench.field(name), at: 8 + place.offset, width: place.width)
            }
            guard let index = sent.indices.first(where: { sent[$0] != bench.lastCall.operation[$0] }) else {
                return nil
            }
            return "byte \(index) is \(Value.text(UInt64(bench.lastCall.operation[index])))"
        }
    }

    /// Buffer 1 begins with these bytes after the call.
    public func leavesData(_ bytes: [UInt8]) -> Step {
        let text = bytes.map { Self.hex($0) }.joined(separator: " ")
        return also("then data \(text)") { bench throws(HostError) in
            let got = Array(bench.lastCall.data.prefix(bytes.count))
            return got == bytes ? nil : "data is " + got.map { Self.hex($0) }.joined(separator: " ")
        }
    }

    static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

extension NamedOperation: CustomStringConvertible {
    /// `op 3(id A, pad 1, start 5, end 4)`, and what is unusual about it.
    public var description: String {
        var words = ["op \(number)(" + fields.map { "\($0.name) \($0.value)" }.joined(separator: ", ") + ")"]
        if domain != "G" { words.append("on \(domain.asDomain)") }
        if headerPad != 0 { words.append("with header pad \(headerPad)") }
        if let byteCount { words.append("in \(byteCount) bytes") }
        if filler != 0 { words.append("filled with 0x" + Step.hex(filler)) }
        if data != .none { words.append("with \(data)") }
        if node != "privcmd" { words.append("by \(node)") }
        return words.joined(separator: " ")
    }
}

extension DataBuffer: CustomStringConvertible {
    /// `16 bytes`, `2 extents {0x100, 1}, {5, 1}`.
    public var description: String {
        switch self {
        case .none: "no data"
        case .bytes(let count, of: 0): "\(count) bytes of data"
        case .bytes(let count, let value): "\(count) bytes of data, each 0x" + Step.hex(value)
        case .these(let bytes): "data " + bytes.map { Step.hex($0) }.joined(separator: " ")
        case .at(let address, let count): "\(count) bytes of data at \(address)"
        case .extents(let extents):
            "extents " + extents.map(\.description).joined(separator: ", ")
        }
    }
}

extension DataBuffer.Extent: CustomStringConvertible {
    /// `{0x100, 1}`.
    public var description: String { "{\(first), \(count)\(pad == 0 ? "" : ", pad \(pad)")}" }
}
