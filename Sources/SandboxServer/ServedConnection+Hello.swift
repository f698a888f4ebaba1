// The first packet of a connection: who calls. And which packet is led where.

internal import HypervisorModel
internal import SandboxWire
internal import SystemCalls
internal import XenABI

extension ServedConnection {
    /// Leads a packet to what it asks for. Throws when it is malformed.
    func act(on header: WireHeader, _ body: WireReader) throws(WireError) {
        if !isGreeted {
            if header.kind != .hello { throw WireError("not the packet to begin with", at: 4) }
            return greet(header, try Hello(whole: body))
        }
        switch header.kind.rawValue {
        case 16..<32: try call(header, body)
        case 32..<64: try eventCall(header, body)
        case 64...: try control(header, body)
        default: throw WireError("a packet of no known kind", at: 4)
        }
    }

    private func greet(_ header: WireHeader, _ hello: Hello) {
        do throws(Greeting) {
            let nodes = hello.opensNodes ? try openNodes(hello) : nil
            if let nodes { try service.watch(nodes.rings, of: self) }
            self.nodes = nodes
            isGreeted = true
            service.log("\(name) has opened \(nodes == nil ? "the control" : "the nodes")")
            let welcome = Welcome(
                eventByteCount: nodes == nil ? 0 : UInt32(EventLayout.byteCount),
                processID: UInt32(bitPattern: SystemCalls.processID),
                release: service.hypervisor.release.description)
            answer(header, .success, welcome, descriptors: nodes?.rings.descriptors ?? [])
        } catch {
            answer(header, WireResult(error.code, .sandbox), TextAnswer(error.reason))
            service.close(self, because: error.reason)
        }
    }

    private func openNodes(_ hello: Hello) throws(Greeting) -> Nodes {
        let caller = try Self.caller(hello)
        let kernel = try service.kernel(of: caller)
        do throws(SystemError) {
            return Nodes(
                kernel: kernel, privcmd: kernel.openPrivcmd(), rings: try ServedRings(kernel.openEvtchn()))
        } catch {
            throw Greeting(XenErrorCode(error.code), "no room for its nodes: \(error.description)")
        }
    }

    private static func caller(_ hello: Hello) throws(Greeting) -> Caller {
        switch hello.privilege {
        case .control: return Caller(hello.caller, .control)
        case .deviceModel where hello.caller.rawValue != 0: return Caller(hello.caller, .deviceModel(of: hello.target))
        case .none where hello.caller.rawValue != 0: return Caller(hello.caller, .none)
        default: throw Greeting(.einval, "dom0 is a control domain")
        }
    }

    /// Why a connection is refused.
    struct Greeting: Error {
        var code: XenErrorCode
        var reason: String

        init(_ code: XenErrorCode, _ reason: String) {
            self.code = code
            self.reason = reason
        }
    }
}

extension WireResult {
    /// How a call on privcmd was refused: rules of section 9 are the kernel's, the others Xen's.
    init(_ refusal: Refusal) {
        let rule = refusal.rule.description.utf8
        self.init(refusal.code, rule.starts(with: "9.".utf8) || rule.starts(with: "15.7".utf8) ? .kernel : .xen)
    }

    /// How a call on evtchn was refused.
    init(events refusal: Refusal) {
        let isKernel = refusal.code == .eacces || refusal.code == .enotconn
        self.init(refusal.code, isKernel ? .kernel : .xen)
    }
}
