// Accesses whose vCPUs wait: kept until they are answered, once. Source: varstored.md 12.4.
// Not for: what they are answered with.

internal import XenDeviceModel

/// An access that waits. Letting it go answers it too, as dropping the access does.
final class HeldRequest {
    private var request: IORequest?

    init(_ request: consuming IORequest) { self.request = consume request }

    /// The access, for who serves it; nil if it was taken before.
    func take() -> IORequest? { request.take() }
}

/// A command that may change something: it waits for its turn, then for the backend.
final class OrderedCommand {
    private let request: HeldRequest
    /// The first frame of the guest's buffer.
    let frame: UInt32
    /// The guest's buffer as it was when the command came; empty once it was decided on.
    private(set) var bytes: [UInt8]

    init(_ request: consuming IORequest, frame: UInt32, bytes: consuming [UInt8]) {
        self.request = HeldRequest(request)
        self.frame = frame
        self.bytes = bytes
    }

    /// Gives the bytes away.
    func takeBytes() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// Lets the vCPU go on.
    func answer() { request.take()?.answer() }
}
