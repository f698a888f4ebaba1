// Steps that do one thing many times, or look at many things: ranges up to a limit, slots of a page, the domain's end.
// Not for: single operations (Steps+Operations).

internal import XenABI

extension Step {
    /// `count` claims of one number each: `first`, `first + stride` and so on. Answers the first refusal.
    public static func claims(
        _ id: Value, _ kind: RangeKind, count: Int, from first: UInt64, every stride: UInt64
    ) -> Step {
        let text = "\(count) claims(\(id), \(kind), \(Value.text(first)) and each \(Value.text(stride)) on)"
        return Step(text) { bench throws(HostError) in
            for index in 0..<UInt64(count) {
                let number = Value.number(first + index * stride)
                let answer = try Step.claim(id, kind, number, number).perform(bench)
                guard answer == .value(0) else { return answer }
            }
            return .value(0)
        }
    }

    /// `count` pinned ranges of one frame each, `stride` frames apart. Answers the first refusal.
    public static func pins(_ type: UInt64, count: Int, from first: UInt64, every stride: UInt64) -> Step {
        let text =
            "\(count) times op 18(start = end = \(Value.text(first)) and each \(Value.text(stride)) on, type \(type))"
        return Step(text) { bench throws(HostError) in
            for index in 0..<UInt64(count) {
                let answer = try bench.perform(.pin(first + index * stride, first + index * stride, type))
                guard answer == .value(0) else { return answer }
            }
            return .value(0)
        }
    }

    /// Op 18.
    public static func pin(_ start: UInt64, _ end: UInt64, _ type: UInt64) -> Step { operation(.pin(start, end, type)) }

    /// Op 12.
    public static func setType(_ first: UInt64, _ count: UInt64, _ type: UInt64) -> Step {
        operation(NamedOperation(12, ["nr": .number(count), "mem_type": .number(type), "first_pfn": .number(first)]))
    }

    /// Op 15 for memory type 4.
    public static func holdType(_ id: Value, _ flags: Value) -> Step {
        operation(NamedOperation(15, ["id": id, "type": 4, "flags": flags]))
    }

    /// Op 17.
    public static func move(_ count: UInt64, _ source: UInt64, to destination: UInt64) -> Step {
        operation(
            NamedOperation(
                17, ["size": .number(count), "src_gfn": .number(source), "dst_gfn": .number(destination)]))
    }

    /// Op 7.
    public static func dirty(_ first: Value, _ count: UInt64, data: Int) -> Step {
        var call = NamedOperation(7, ["nr": .number(count), "first_pfn": first])
        call.data = .bytes(data)
        return operation(call)
    }

    /// Op 14.
    public static func message(_ address: UInt64, _ data: UInt64) -> Step {
        operation(NamedOperation(14, ["data": .number(data), "addr": .number(address)]))
    }

    /// How many slots of a server's page, which `mapResource` has mapped, have a port. All 128 are looked at.
    public static func portCount(_ server: String) -> Step {
        Step("slots of \(server) with a port", .success) { bench throws(HostError) in
            let page = try bench.number(.named("\(server).page", plus: 0))
            let bytes = try bench.host.load(page, byteCount: IOREQ.byteCount * IOREQ.slotsPerPage)
            let slots = (0..<IOREQ.slotsPerPage).count {
                bytes.number(at: $0 * IOREQ.byteCount + IOREQ.portOffset, width: 4) != 0
            }
            return .value(UInt64(slots))
        }
    }

    /// The frame that an address is in; answers it.
    public static func frame(of address: Value) -> Step {
        Step("the frame of \(address)", .success) { bench throws(HostError) in
            .value(try bench.number(address) >> 12)
        }
    }

    /// All of buffer 0 is as it was sent.
    public func leavesAll() -> Step {
        also("all as before") { bench throws(HostError) in
            guard
                let index = bench.lastCall.sent.indices.first(where: {
                    bench.lastCall.sent[$0] != bench.lastCall.operation[$0]
                })
            else { return nil }
            return "byte \(index) is \(Value.text(UInt64(bench.lastCall.operation[index])))"
        }
    }

    /// Waits until nothing is left of a domain that was destroyed.
    public static let domainIsGone = Step.action("the domain is gone") { bench throws(HostError) in
        var patience = Patience(bench.host)
        while true {
            let condition = try bench.host.condition(of: bench.guest)
            if condition == .gone { return .value(0) }
            guard patience.wait(bench.host) else { return .other("the domain is \(condition)") }
        }
    }
}

extension NamedOperation {
    fileprivate static func pin(_ start: UInt64, _ end: UInt64, _ type: UInt64) -> NamedOperation {
        NamedOperation(18, ["start": .number(start), "end": .number(end), "type": .number(type)])
    }
}
