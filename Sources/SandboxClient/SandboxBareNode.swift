// A connection to a sandbox as the conformance suite uses it: calls as they are in packets, with buffers that may be
// bad, and answers that may be errors. Not for: device models; they go by SandboxClient's platform.

package import SandboxWire
internal import SystemCalls
package import XenABI
package import XenPlatform

/// One caller of a sandbox, with nodes of its own: a restriction binds it alone.
package final class SandboxBareNode {
    private let connection: SandboxConnection
    private let memory: SandboxMemory
    /// Its event channels.
    package let events: any EventChannels

    /// What a call has answered, and what it has written into the caller's memory.
    package struct Answer {
        /// nil: it succeeded.
        package var refusal: XenErrorCode?
        /// What a hypercall returned.
        package var value: UInt64 = 0
        /// By buffer.
        package var written: [DeviceModelAnswer.Written] = []
    }

    /// Connects. `caller`: who calls, with which rights.
    package init(path: String, caller: Hello = Hello()) throws(SandboxError) {
        connection = try SandboxConnection.open(path: path)
        events = try connection.attach(caller, spinMicroseconds: 0)
        memory = SandboxMemory(connection)
    }

    /// DM_OP. Throws when the sandbox has gone.
    package func dmOp(_ call: DeviceModelCall) throws(XenError) -> Answer {
        let answer = try connection.askPatiently(.dmOp, call)
        let written: DeviceModelAnswer = try connection.read(answer.body)
        return Answer(refusal: Self.refusal(answer), written: written.written)
    }

    /// HYPERCALL. Throws when the sandbox has gone.
    package func hypercall(_ call: HypercallRequest) throws(XenError) -> Answer {
        let answer = try connection.askPatiently(.hypercall, call)
        if let refusal = Self.refusal(answer) { return Answer(refusal: refusal) }
        let found: HypercallAnswer = try connection.read(answer.body)
        return Answer(value: found.value, written: found.written.written)
    }

    /// RESTRICT of privcmd. Throws what it answers.
    package func restrict(to domain: DomainID) throws(XenError) {
        let call: StaticString = "IOCTL_PRIVCMD_RESTRICT"
        _ = try connection.ask(.restrict, DomainArgument(domain), NoBody.self, call, domain: domain)
    }

    /// RESTRICT_DOMID of evtchn, as often as it is asked. Throws what it answers.
    package func restrictEvents(to domain: DomainID) throws(XenError) {
        let call: StaticString = "IOCTL_EVTCHN_RESTRICT_DOMID"
        _ = try connection.ask(.restrictEvents, DomainArgument(domain), NoBody.self, call, domain: domain)
    }

    /// Maps one guest frame. Throws why it can't be.
    package func mapFrame(_ domain: DomainID, _ frame: GuestFrame) throws(XenError) -> MappedPages {
        try memory.mapFrames(domain, [frame], access: .readWrite)
    }

    /// Maps frames of a resource. Throws what MMAP_RESOURCE answers.
    package func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        try memory.mapResource(domain, type, id: id, frame: frame, count: count)
    }

    /// The frames that a resource has. Throws what MMAP_RESOURCE answers.
    package func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 {
        try memory.resourceSize(domain, type, id: id)
    }

    private static func refusal(_ answer: SandboxConnection.Answer) -> XenErrorCode? {
        answer.result.isSuccess ? nil : answer.result.code
    }
}
