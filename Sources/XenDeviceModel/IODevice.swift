// What an ioreq server hands requests to.
// Not for: plain registers (see RegisterDevice, which builds on this).

public import XenABI

/// A device: takes each request that falls into a range claimed for it, and the two broadcasts of Xen.
public protocol IODevice: AnyObject {
    /// Takes a request. It must be answered, now or later; until then the guest's vCPU waits. Dropping it answers all
    /// ones; throwing drops it, and the error comes out of `process()` once the rest of the round has been served.
    func accept(_ request: consuming IORequest) throws(XenError)

    /// The guest has changed its memory map: foreign mappings that a device keeps are stale from here on.
    func guestMappingsChanged()

    /// The guest has set its real-time clock, which is now `seconds` away from the host's. Buffered servers only.
    func timeOffsetChanged(to seconds: Int64)

    /// What the device is called where people see it: on the statistics page. Read when a range is claimed.
    var deviceName: String { get }
}

extension IODevice {
    /// A device that keeps no mappings has nothing to do.
    public func guestMappingsChanged() {}
    /// A device without a clock has nothing to do.
    public func timeOffsetChanged(to seconds: Int64) {}
    /// The name of its type; "device" in Embedded Swift, which keeps no such names.
    public var deviceName: String {
        #if hasFeature(Embedded)
            "device"
        #else
            String(describing: type(of: self))
        #endif
    }
}
