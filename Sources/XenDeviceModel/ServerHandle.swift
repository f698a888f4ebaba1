// A server as a device sees it: to change what it claims. Holding one keeps nothing open.
// Not for: the server's life (IOREQServer owns that).

public import XenABI

/// Lets a device change its server's claims: a PCI function whose BARs move, say. Owns nothing: when the server is
/// closed, every call throws ENOENT.
public struct ServerHandle {
    let core: ServerCore

    /// The server's id within the domain, 0 to 7.
    public var id: IOREQServerID { core.id }

    /// The domain that it serves.
    public var domain: DeviceModelDomain { core.domain }

    /// Claims a further range for a device. Throws EEXIST when it overlaps another range of this server, ENOMEM beyond
    /// 256 ranges, ENOENT when the server was closed.
    public func claim(_ range: IORange, for device: any IODevice) throws(XenError) {
        try core.claim(range, for: device)
    }

    /// Gives a range back, or a part of one. Throws ENOENT when it does not lie wholly in what was claimed, and when
    /// the server was closed.
    public func release(_ range: IORange) throws(XenError) {
        try core.release(range)
    }
}
