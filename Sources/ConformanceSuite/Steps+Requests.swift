// Steps of a running guest and the servers that it asks: accesses, requests, answers, misuse. dmop.md sections 4 to 6.
// Not for: making servers and claiming ranges (Steps+Operations).

public import HypervisorModel
internal import XenABI

/// What a server finds in a slot. A value of nil is not looked at.
public struct Request: Hashable, Sendable {
    /// The kind of a request.
    public enum Kind: UInt8, Sendable {
        /// As in the ioreq structure. dmop.md 4.1.
        case pio = 0, copy = 1, pciConfig = 2, timeOffset = 7, invalidate = 8
    }

    var kind: Kind
    var address: Value
    var size: AccessSize
    var isRead: Bool
    var count: UInt32
    var isPointer: Bool
    var isDescending: Bool
    var data: Value?

    /// A request that has no elements in guest memory.
    public static func read(_ kind: Kind, _ address: Value, _ size: AccessSize) -> Request {
        Request(
            kind: kind, address: address, size: size, isRead: true, count: 1, isPointer: false, isDescending: false)
    }

    /// A request that has no elements in guest memory; `data` nil is not looked at.
    public static func write(_ kind: Kind, _ address: Value, _ size: AccessSize, _ data: Value? = nil) -> Request {
        Request(
            kind: kind, address: address, size: size, isRead: false, count: 1, isPointer: false, isDescending: false,
            data: data)
    }

    /// The same with `count` elements in guest memory (data_is_ptr) from `pointer` on.
    public func elements(_ count: UInt32, at pointer: Value? = nil, down: Bool = false) -> Request {
        var request = self
        request.count = count
        request.isPointer = true
        request.isDescending = down
        request.data = pointer
        return request
    }

    /// What is not as it should be; nil: all is.
    func difference(from slot: IOREQ, _ bench: Bench) -> String? {
        let fits =
            slot.type.rawValue == kind.rawValue && slot.address == bench.find(address) && slot.size == size.rawValue
            && slot.isRead == isRead && slot.count == count && slot.dataIsPointer == isPointer
            && slot.descending == isDescending && (data == nil || data.flatMap(bench.find) == slot.data)
        return fits ? nil : slot.text
    }
}

extension Request: CustomStringConvertible {
    /// `PIO read of 4 at 0x200`, `COPY write of 4 at 0xf0000000, count 4 at buffer`.
    public var description: String {
        let name = "\(kind)".uppercased()
        let direction = isRead ? "read" : "write"
        let elements = isPointer ? ", count \(count) in memory\(data.map { " at \($0)" } ?? "")" : ""
        let value = !isPointer ? data.map { " = \($0)" } ?? "" : ""
        return
            "\(name) \(direction) of \(size.rawValue) at \(address)\(value)\(elements)\(isDescending ? ", down" : "")"
    }
}

extension IOREQ {
    /// For the reader of a failure.
    var text: String {
        "type \(type.rawValue) \(isRead ? "read" : "write") of \(size) at \(Value.text(address)), data "
            + "\(Value.text(data)), count \(count)\(dataIsPointer ? ", data_is_ptr" : "")\(descending ? ", df" : "")"
    }
}

extension Step {
    /// Makes a server ready to be asked: res of its page, enable, the port of each vCPU bound. Steps name it by `name`,
    /// which is what `create` has named it.
    public static func serve(_ name: String) -> Step {
        Step.action("serve \(name): res, enable, bind") { bench throws(HostError) in
            let map = Step.mapResource(.named(name, plus: 0), IOREQServerFrame.synchronous, 1)
            let enable = Step.enable(.named(name, plus: 0))
            for step in [map, enable] {
                let answer = try step.perform(bench)
                guard answer == .value(0) else { return .other("\(step.text): \(answer)") }
            }
            return try adopt(name, bench)
        }
    }

    /// The same for a server whose page is mapped and which is enabled already.
    public static func bindPorts(of name: String) -> Step {
        Step.action("bind the ports of \(name)") { bench throws(HostError) in try adopt(name, bench) }
    }

    private static func adopt(_ name: String, _ bench: Bench) throws(HostError) -> Answer {
        try bench.servers[name]?.unbind(bench)
        let page = try bench.number(.named("\(name).page", plus: 0))
        bench.servers[name] = try RawServer(name, page: page, on: bench)
        return .value(0)
    }

    // MARK: The guest

    /// A vCPU begins something; nobody waits for its end.
    public static func begins(_ command: GuestCommand, vcpu: Int = 0) -> Step {
        Step.action("guest begins \(command)\(on(vcpu))") { bench throws(HostError) in
            try bench.host.begin(command, vcpu: vcpu)
            return .value(0)
        }
    }

    /// A vCPU does something, and no server is asked; answers what was read.
    public static func does(_ command: GuestCommand, vcpu: Int = 0) -> Step {
        Step("guest does \(command)\(on(vcpu))", .success) { bench throws(HostError) in
            try bench.host.begin(command, vcpu: vcpu)
            return try bench.finish(vcpu)
        }
    }

    /// A vCPU's access becomes one request, which its server answers; answers what the guest has read.
    public static func access(
        _ command: GuestCommand, asks server: String, _ request: Request, answered value: UInt64 = 0, vcpu: Int = 0
    ) -> Step {
        Step("guest does \(command)\(on(vcpu)), \(server) sees \(request), answers \(Value.text(value))", .success) {
            bench throws(HostError) in
            try bench.host.begin(command, vcpu: vcpu)
            let asked = try bench.awaitRequest(to: server, request, vcpu)
            guard asked == .value(0) else { return asked }
            try bench.answer(server, value, vcpu)
            return try bench.finish(vcpu)
        }
    }

    /// A server is asked this by what the guest has begun, and nobody else is. It stays unanswered.
    public static func sees(_ server: String, _ request: Request, vcpu: Int = 0) -> Step {
        Step.action("\(server) sees \(request)\(on(vcpu))") { bench throws(HostError) in
            try bench.awaitRequest(to: server, request, vcpu)
        }
    }

    /// A server answers: data, RESP_READY, NOTIFY.
    public static func answers(_ server: String, _ value: UInt64 = 0, vcpu: Int = 0) -> Step {
        Step.action("\(server) answers \(Value.text(value))\(on(vcpu))") { bench throws(HostError) in
            try bench.answer(server, value, vcpu)
            return .value(0)
        }
    }

    /// What the guest has begun ends, and nobody is asked any more; answers what was read.
    public static func finishes(vcpu: Int = 0) -> Step {
        Step("guest has it\(on(vcpu))", .success) { bench throws(HostError) in try bench.finish(vcpu) }
    }

    /// What the guest has begun has not ended after a while.
    public static func waits(vcpu: Int = 0) -> Step {
        Step.action("guest still waits\(on(vcpu))") { bench throws(HostError) in
            bench.host.wait(milliseconds: 300)
            let progress = try bench.host.progress(vcpu: vcpu)
            return progress == .waiting ? .value(0) : .other("\(progress)")
        }
    }

    /// What the guest has begun never ends: its domain has crashed, or shut down.
    public static func endsWithoutResult(vcpu: Int = 0) -> Step {
        Step.action("guest never has it\(on(vcpu))") { bench throws(HostError) in
            var patience = Patience(bench.host, seconds: 5)
            while true {
                switch try bench.host.progress(vcpu: vcpu) {
                case .done(let value): return .other("done, \(Value.text(value))")
                case .ended: return .value(0)
                case .waiting: guard patience.wait(bench.host) else { return .value(0) }
                }
            }
        }
    }

    // MARK: Slots by hand

    /// Stores a slot's state: 0 NONE, 1 READY, 2 INPROCESS, 3 RESP_READY, or what is none.
    public static func setState(_ server: String, _ state: UInt8, vcpu: Int = 0) -> Step {
        Step.action("\(server) stores state \(state)\(on(vcpu))") { bench throws(HostError) in
            try bench.server(server).setState(vcpu, IOREQState(state))
            return .value(0)
        }
    }

    /// A slot's state; answers it.
    public static func state(_ server: String, vcpu: Int = 0) -> Step {
        Step("\(server)'s state\(on(vcpu))", .success) { bench throws(HostError) in
            .value(UInt64(try bench.server(server).slot(vcpu).state.rawValue))
        }
    }

    /// Stores bytes of a slot, by offset. dmop.md 4.1.
    public static func setSlot(
        _ server: String, at offset: Int, width: Int, _ value: UInt64, vcpu: Int = 0
    ) -> Step {
        Step.action("\(server) stores \(Value.text(value)) in \(width) bytes at \(offset)\(on(vcpu))") {
            bench throws(HostError) in
            try bench.server(server).store(vcpu, at: offset, value, width: width)
            return .value(0)
        }
    }

    /// A server notifies its port of a vCPU.
    public static func notifies(_ server: String, vcpu: Int = 0) -> Step {
        Step.action("\(server) notifies\(on(vcpu))") { bench throws(HostError) in
            try bench.server(server).notify(vcpu, bench)
            return .value(0)
        }
    }

    private static func on(_ vcpu: Int) -> String { vcpu == 0 ? "" : " on vCPU \(vcpu)" }
}

extension Bench {
    func server(_ name: String) throws(HostError) -> RawServer {
        guard let server = servers[name] else { throw .broken("\(name) is not served") }
        return server
    }

    /// Waits until a server's slot is READY, or the access ends without.
    fileprivate func awaitRequest(to name: String, _ request: Request, _ vcpu: Int) throws(HostError) -> Answer {
        var patience = Patience(host)
        while true {
            for (other, server) in servers {
                let slot = try server.slot(vcpu)
                guard slot.state == .ready else { continue }
                if other != name { return .other("\(other) is asked: \(slot.text)") }
                return request.difference(from: slot, self).map { .other("\(name) is asked: \($0)") } ?? .value(0)
            }
            switch try host.progress(vcpu: vcpu) {
            case .done(let value): return .other("nobody is asked, and the guest has \(Value.text(value))")
            case .ended: return .other("nobody is asked, and the domain has stopped")
            case .waiting: break
            }
            guard patience.wait(host) else { return .other("nobody is asked, and the guest waits") }
        }
    }

    fileprivate func answer(_ name: String, _ value: UInt64, _ vcpu: Int) throws(HostError) {
        let server = try server(name)
        let slot = try server.slot(vcpu)
        if slot.isRead, !slot.dataIsPointer { try server.store(vcpu, at: IOREQ.dataOffset, value, width: 8) }
        try server.setState(vcpu, .responseReady)
        try server.notify(vcpu, self)
    }

    /// Waits for the end of what a vCPU does. A request that comes meanwhile is not for the row.
    fileprivate func finish(_ vcpu: Int) throws(HostError) -> Answer {
        var patience = Patience(host)
        while true {
            switch try host.progress(vcpu: vcpu) {
            case .done(let value): return .value(value)
            case .ended: return .other("the domain has stopped")
            case .waiting: break
            }
            for (name, server) in servers {
                let slot = try server.slot(vcpu)
                if slot.state == .ready { return .other("\(name) is asked: \(slot.text)") }
            }
            guard patience.wait(host) else { return .other("the guest still waits") }
        }
    }
}
