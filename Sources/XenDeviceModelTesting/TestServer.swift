// Servers that a bench keeps, so that a test need not hold their states.
// Not for: tests of the states themselves; those make a server of `SandboxBench.domain`.

internal import HypervisorModel
public import XenABI
public import XenDeviceModel

/// An ioreq server of a device under test, enabled. Its bench keeps it until it is closed or the bench goes away.
public final class TestServer {
    private var server: IOREQServer<ServerState.Serving>?
    /// The server as its devices may keep it.
    public let handle: ServerHandle

    init(_ server: consuming IOREQServer<ServerState.Serving>) {
        handle = server.handle
        self.server = consume server
    }

    /// What it has done so far; all zero after `close()`.
    public var statistics: ServerStatistics { server?.statistics ?? ServerStatistics() }

    /// Takes the writes to all frames of the type `ioreqServer`: `IOREQServer.claimMemoryType()`.
    public func claimMemoryType() throws(XenError) { try server?.claimMemoryType() }

    /// Takes the server down, as a program that ends; does nothing the second time.
    public func close() throws(XenError) { try server.take()?.close() }
}

extension SandboxBench {
    /// Serves a device: makes an ioreq server, claims the range for it, and enables it.
    @discardableResult
    public func serve(
        _ range: IORange, by device: any IODevice, buffered: Buffering = .off
    ) throws(XenError) -> TestServer {
        try keep(domain.makeIOREQServer(buffered: buffered).mapPages().claim(range, for: device).enable())
    }

    /// Serves a device that needs its server's handle, as one that claims ranges while it is served does: `make` gets
    /// the handle and makes the device.
    @discardableResult
    public func serve<Device: IODevice>(
        _ range: IORange, by make: (ServerHandle) throws(XenError) -> Device
    ) throws(XenError) -> (server: TestServer, device: Device) {
        let mapped = try domain.makeIOREQServer().mapPages()
        let device = try make(mapped.handle)
        return (keep(try mapped.claim(range, for: device).enable()), device)
    }

    private func keep(_ server: consuming IOREQServer<ServerState.Serving>) -> TestServer {
        let kept = TestServer(server)
        servers.append(kept)
        return kept
    }

    /// What device models have claimed of the guest, as the hypervisor has it: server by server, and of each the ports,
    /// the memory and the PCI functions in their order. Ranges that touch are one.
    public var claims: [IORange] {
        (0..<8).compactMap { target.server(IOREQServerID($0)) }.flatMap { server in
            server.claimedRanges(.port).map { .ports(UInt16($0.lowerBound)...UInt16($0.upperBound)) }
                + server.claimedRanges(.memory).map { .memory($0) }
                + server.claimedRanges(.pci).flatMap { functions in
                    functions.map { .pci(PCIAddress(rawValue: UInt32($0))) }
                }
        }
    }
}
