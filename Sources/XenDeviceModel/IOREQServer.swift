// An ioreq server as its user sees it: states that make the wrong order impossible.
// Not for: how it works (see ServerCore).

public import XenABI
import XenPlatform

/// Whether a server also takes posted writes through a ring, and clock broadcasts.
public enum Buffering: Sendable {
    /// Every access waits for its answer.
    case off
    /// Writes that Xen may post come by the ring (`HVM_IOREQSRV_BUFIOREQ_ATOMIC`). x86 only.
    case atomic
}

/// The states of an `IOREQServer`. Source: dmop.md section 16, whose Enabled and Serving are one here: a server that is
/// enabled has its ports bound, so that no request can come that nobody hears of.
public enum ServerState {
    /// Made; no pages yet.
    public enum Created {}
    /// Pages are mapped: ranges can be claimed.
    public enum Mapped {}
    /// Enabled, ports bound: requests come in.
    public enum Serving {}
    /// Disabled: what is pending can still be answered.
    public enum Quiet {}
}

/// Closes a server when the last state of it goes away.
struct ServerLifetime: ~Copyable {
    let core: ServerCore

    init(_ core: ServerCore) { self.core = core }

    deinit { _ = core.close() }
}

/// An ioreq server: Xen hands it the guest's accesses to the ranges it claims. Closing it, or letting it go, gives
/// back the memory type if it holds it, disables it, answers what is pending, unbinds, destroys and unmaps, in that
/// order, also after an error half-way.
public struct IOREQServer<State>: ~Copyable {
    let lifetime: ServerLifetime

    init(_ lifetime: consuming ServerLifetime) { self.lifetime = lifetime }

    /// The server's id within the domain, 0 to 7.
    public var id: IOREQServerID { lifetime.core.id }

    /// The domain that it serves.
    public var domain: DeviceModelDomain { lifetime.core.domain }

    /// The server as its devices may keep it.
    public var handle: ServerHandle { ServerHandle(core: lifetime.core) }

    /// What it has done so far.
    public var statistics: ServerStatistics { lifetime.core.statistics }

    /// Takes the server down and tells the first thing that went wrong doing so, after doing all of it.
    public consuming func close() throws(XenError) {
        if let failure = lifetime.core.close() { throw failure }
    }
}

extension IOREQServer where State == ServerState.Created {
    /// Maps the pages that Xen shares with the server.
    public consuming func mapPages() throws(XenError) -> IOREQServer<ServerState.Mapped> {
        try lifetime.core.mapPages()
        return IOREQServer<ServerState.Mapped>(lifetime)
    }
}

extension IOREQServer where State == ServerState.Mapped {
    /// Claims a range for a device. Throws EEXIST when it overlaps another range of this server, ENOMEM beyond 256
    /// ranges.
    public consuming func claim(
        _ range: IORange, for device: any IODevice
    ) throws(XenError) -> IOREQServer<ServerState.Mapped> {
        try lifetime.core.claim(range, for: device)
        return IOREQServer(lifetime)
    }

    /// Gives a range back, or a part of one. Throws ENOENT when it does not lie wholly in what was claimed.
    public consuming func release(_ range: IORange) throws(XenError) -> IOREQServer<ServerState.Mapped> {
        try lifetime.core.release(range)
        return IOREQServer(lifetime)
    }

    /// Enables the server and binds its ports: from here on the guest's accesses wait for answers. Throws ENODEV when
    /// Xen has made no port for a vCPU, E2BIG when there are more vCPUs than one page has slots for (128).
    public consuming func enable() throws(XenError) -> IOREQServer<ServerState.Serving> {
        try lifetime.core.enable()
        return IOREQServer<ServerState.Serving>(lifetime)
    }
}

extension IOREQServer where State == ServerState.Serving {
    /// Claims a further range for a device.
    public func claim(_ range: IORange, for device: any IODevice) throws(XenError) {
        try lifetime.core.claim(range, for: device)
    }

    /// Gives a range back, or a part of one. Throws ENOENT when it does not lie wholly in what was claimed.
    public func release(_ range: IORange) throws(XenError) {
        try lifetime.core.release(range)
    }

    /// Takes the writes to all frames of the type `ioreqServer` (`map_mem_type_to_ioreq_server`): write-tracked
    /// pages. Throws EBUSY when a server holds the type, EOPNOTSUPP without hardware-assisted paging.
    public func claimMemoryType() throws(XenError) {
        try lifetime.core.holdMemoryType(true)
    }

    /// Gives the memory type back: its frames are ordinary RAM again. Throws EINVAL when this server does not hold it.
    public func releaseMemoryType() throws(XenError) {
        try lifetime.core.holdMemoryType(false)
    }

    /// Serves one round of what has come in, on every server of the platform, and returns without waiting.
    public func process() throws(XenError) {
        try domain.process()
    }

    /// A file descriptor that is readable while `process()` has something to do. Drain `process()` before polling.
    public var descriptor: Int32 { domain.platform.events.descriptor }

    /// Disables the server: new accesses are unclaimed from here on.
    public consuming func disable() throws(XenError) -> IOREQServer<ServerState.Quiet> {
        try lifetime.core.disable()
        return IOREQServer<ServerState.Quiet>(lifetime)
    }
}

extension IOREQServer where State == ServerState.Quiet {
    /// Serves requests that were delivered before the server was disabled.
    public func process() throws(XenError) {
        try domain.process()
    }

    /// Enables it again, with the ports it had.
    public consuming func enable() throws(XenError) -> IOREQServer<ServerState.Serving> {
        try lifetime.core.enable()
        return IOREQServer<ServerState.Serving>(lifetime)
    }
}
