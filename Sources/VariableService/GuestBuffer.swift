// The 64 KiB that a guest's firmware shares with us for a command: copied out once, answered. Source: varstored.md 2.
// Not for: what the bytes mean (UEFIVariables).

internal import UEFIVariables
internal import XenABI
internal import XenDeviceModel
internal import XenPlatform

/// The buffer of the guest's commands. A mapping is kept for the next command, as each costs two system calls: until
/// another frame is named, the guest changes its memory map, or 64 commands have used it.
final class GuestBuffer {
    private static let frameCount = VariableRequest.bufferByteCount / GuestFrame.byteCount

    private let domain: DeviceModelDomain
    private let usesMax: Int
    private var frame: UInt32 = 0
    private var uses = 0
    private var pages: MappedPages?
    /// Snapshots to be filled again; more than one only where commands have waited for each other.
    private var spares: [[UInt8]] = []
    private var reply = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)

    init(_ domain: DeviceModelDomain, usesMax: Int) {
        self.domain = domain
        self.usesMax = usesMax
        spares.reserveCapacity(1)
        spares.append(reply)
    }

    /// All of the buffer, copied once: nothing is read from it any more. nil if the guest has no memory there. The
    /// bytes are given back with `recycle`.
    func snapshot(_ frame: UInt32) -> [UInt8]? {
        guard map(frame, isCommand: true) else { return nil }
        var bytes = spares.popLast() ?? [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
        var span = bytes.mutableSpan
        pages?.copyOut(from: 0, into: &span)
        return bytes
    }

    /// Takes a snapshot back.
    func recycle(_ bytes: consuming [UInt8]) {
        if spares.isEmpty { spares.append(bytes) }
    }

    /// Writes a reply, and no byte more. Whether the guest has memory there.
    func answer(_ frame: UInt32, _ answer: VariableReply, of store: VariableStore) -> Bool {
        guard map(frame, isCommand: false) else { return false }
        var span = reply.mutableSpan
        let count = store.encode(answer, into: &span)
        pages?.copyIn(at: 0, from: reply.span.extracting(first: count))
        // A migration does not see what is written through a foreign mapping. Refused for the highest frame of a domain
        // in log-dirty mode, which Xen itself can't be told of (dmop.md section 3.11).
        let written = UInt32((count &+ GuestFrame.byteCount &- 1) / GuestFrame.byteCount)
        try? domain.reportModified([DMOP.Extent(count: written, first: GuestFrame(UInt64(frame)))])
        return true
    }

    /// Lets the mapping go.
    func forget() { pages = nil }

    private func map(_ frame: UInt32, isCommand: Bool) -> Bool {
        if isCommand { uses &+= 1 }
        if pages != nil, frame == self.frame, uses <= usesMax { return true }
        pages = nil
        // Source: varstored.md 2, rule 1.
        let last = UInt64(frame) &+ UInt64(Self.frameCount) &- 1
        if last > UInt64(UInt32.max) { return false }
        do throws(XenError) {
            pages = try domain.mapFrames(
                first: GuestFrame(UInt64(frame)), count: Self.frameCount, access: .readWrite)
        } catch {
            return false
        }
        self.frame = frame
        uses = 1
        return true
    }
}
