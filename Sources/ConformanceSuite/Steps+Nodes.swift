// Steps on bare nodes: ioctls with any argument, restriction, raw descriptors, hypercalls. dmop.md section 9.
// Not for: well-formed operations (Steps+Operations), mapping (Steps+Pages), event channels (Steps+Events).

internal import XenABI

/// A buffer of a raw DM_OP. Where the row gives no address it lies in ordinary memory and begins with op 1.
public struct RawBuffer: Hashable, Sendable, CustomStringConvertible {
    var address: Value?
    var byteCount: Int

    /// An ordinary buffer of 32 bytes.
    public static let good = RawBuffer(address: nil, byteCount: 32)

    /// So many bytes of ordinary memory.
    public static func bytes(_ count: Int) -> RawBuffer { RawBuffer(address: nil, byteCount: count) }

    /// So many bytes at an address, whatever is there.
    public static func at(_ address: Value, _ count: Int = 32) -> RawBuffer {
        RawBuffer(address: address, byteCount: count)
    }

    /// `32 bytes`, `32 bytes at kernel`.
    public var description: String { "\(byteCount) bytes" + (address.map { " at \($0)" } ?? "") }
}

extension Step {
    /// Opens a node under a name.
    public static func open(_ kind: NodeKind, as name: String, by caller: NodeCaller = .dom0) -> Step {
        Step.action("open \(kind.rawValue) as \(name)" + (caller == .dom0 ? "" : " in \(caller.rawValue)")) {
            bench throws(HostError) in
            try bench.open(kind, as: name, by: caller)
            return .value(0)
        }
    }

    /// Closes a node.
    public static func close(_ name: String) -> Step {
        Step.action("close \(name)") { bench throws(HostError) in
            try bench.close(node: name)
            return .value(0)
        }
    }

    /// An ioctl of any number, with a number or an address.
    public static func ioctl(_ request: UInt32, _ argument: Value = 0, by node: String = "privcmd") -> Step {
        Step("ioctl 0x\(String(request, radix: 16))(\(argument)) by \(node)") { bench throws(HostError) in
            try bench.host.control(try bench.node(node), request, try bench.number(argument))
        }
    }

    /// DM_OP whose number of buffers and descriptors' address are as they are given.
    public static func dmOp(on domain: Value, num: UInt16, ubufs: Value, by node: String = "privcmd") -> Step {
        Step("DM_OP on \(domain.asDomain), num \(num), ubufs \(ubufs)" + byOther(node)) { bench throws(HostError) in
            try bench.dmOp(node, try bench.domain(domain), [], count: num, at: try bench.number(ubufs))
        }
    }

    /// DM_OP with these buffers.
    public static func dmOp(on domain: Value, _ buffers: [RawBuffer], by node: String = "privcmd") -> Step {
        let list = buffers.count > 3 ? "\(buffers.count) buffers" : buffers.map(\.description).joined(separator: ", ")
        return Step("DM_OP on \(domain.asDomain), num \(buffers.count): \(list)" + byOther(node)) {
            bench throws(HostError) in
            try bench.host.store(bench.scratch + Scratch.operation, DMOP.CreateIOREQServer(handling: .off).framed)
            var descriptors: [PrivcmdBuffer] = []
            for buffer in buffers {
                let address = try buffer.address.map { value throws(HostError) in try bench.number(value) }
                descriptors.append(
                    PrivcmdBuffer(
                        address: address ?? bench.scratch + Scratch.operation, byteLength: UInt64(buffer.byteCount)))
            }
            return try bench.dmOp(node, try bench.domain(domain), descriptors)
        }
    }

    /// RESTRICT of privcmd.
    public static func restrict(to domain: Value, by node: String) -> Step {
        Step("RESTRICT \(domain) by \(node)") { bench throws(HostError) in
            try bench.control(node, PrivcmdCall.restrict, PrivcmdRestrict(domain: try bench.domain(domain)))
        }
    }

    /// HYPERCALL with these arguments; answers what the hypercall returns.
    public static func hypercall(_ number: UInt64, _ arguments: [Value] = [], by node: String = "privcmd") -> Step {
        let list = arguments.map { ", \($0)" }.joined()
        return Step("HYPERCALL \(number)\(list)" + byOther(node)) { bench throws(HostError) in
            var numbers: [UInt64] = []
            for argument in arguments { numbers.append(try bench.number(argument)) }
            numbers += [UInt64](repeating: 0, count: max(0, 5 - numbers.count))
            let call = PrivcmdHypercall(
                number: number, argument0: numbers[0], argument1: numbers[1], argument2: numbers[2],
                argument3: numbers[3], argument4: numbers[4])
            return try bench.control(node, PrivcmdCall.hypercall, call)
        }
    }

    /// Changes memory of the caller's.
    public static func write(_ byteCount: Int, at address: Value, _ value: Value) -> Step {
        Step.action("write \(byteCount) bytes at \(address) = \(value)") { bench throws(HostError) in
            var bytes = [UInt8](repeating: 0, count: byteCount)
            bytes.put(try bench.number(value), at: 0, width: min(8, byteCount))
            try bench.host.store(try bench.number(address), bytes)
            return .value(0)
        }
    }

    /// A number of 1 to 8 bytes in memory of the caller's, or in a mapping; answers it.
    public static func read(_ byteCount: Int, at address: Value) -> Step {
        Step("read \(byteCount) bytes at \(address)", .success) { bench throws(HostError) in
            let bytes = try bench.host.load(try bench.number(address), byteCount: byteCount)
            return .value(bytes.number(at: 0, width: byteCount))
        }
    }

    static func byOther(_ node: String) -> String { node == "privcmd" || node == "evtchn" ? "" : " by \(node)" }
}

extension DMOP.CreateIOREQServer {
    /// As buffer 0 of 32 bytes.
    fileprivate var framed: [UInt8] {
        let frame = DMOPFrame(self)
        return (0..<DMOPFrame.byteCount).map { frame.bytes[$0] }
    }
}
