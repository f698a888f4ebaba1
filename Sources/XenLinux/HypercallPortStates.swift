// What Xen says of ports, by EVTCHNOP_status: a guest call that every Xen has.
// Not for: other commands of event_channel_op; the evtchn driver makes those.

internal import SystemCalls
public import XenABI
public import XenPlatform

/// Port states by hypercall 32, command 5. On a restricted handle EPERM. Source: xenstored.md 9.6.
public final class HypercallPortStates: PortStates {
    private static let name: StaticString = "EVTCHNOP_status"

    private let commands: PrivilegedCommands
    private let page: HypercallPage

    init(_ commands: PrivilegedCommands, memory page: HypercallPage) {
        self.commands = commands
        self.page = page
    }

    public func state(of port: EventPort) throws(XenError) -> PortState {
        let answer = try ask(.caller, port)
        switch answer.kind {
        case .closed: return .closed
        case .unbound: return .unbound
        case .interdomain: return .interdomain(answer.peer)
        default: return .other
        }
    }

    public func exists(_ domain: DomainID) -> Bool {
        // The reserved ids mean the caller, or no domain that could be asked.
        guard domain < .caller else { return false }
        do throws(XenError) {
            _ = try ask(domain, EventPort(1))
            return true
        } catch {
            return error.code != .esrch
        }
    }

    private func ask(_ domain: DomainID, _ port: EventPort) throws(XenError) -> EventChannelStatus {
        var bytes: [24 of UInt8] = .init(repeating: 0)
        var span = bytes.mutableSpan
        EventChannelStatus(domain: domain, port: port).encode(into: &span)
        page.memory.copyIn(at: 0, from: span.span)
        do throws(SystemError) {
            _ = try commands.hypercall(
                PrivcmdHypercall(
                    number: Hypercall.eventChannelOp, argument0: Hypercall.eventChannelStatus,
                    argument1: UInt64(page.memory.address)))
        } catch {
            throw XenError(error, Self.name, domain: domain, value: UInt64(port.rawValue))
        }
        page.memory.copyOut(from: 0, into: &span)
        return EventChannelStatus(trusting: span.span)
    }
}
