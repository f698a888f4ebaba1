// The guest's memory, as a device that does DMA sees it.
// Not for: the data of string accesses (IORequest brings it).

public import XenABI
public import XenPlatform

extension DeviceModelDomain {
    /// Bytes that one `readMemory` or `writeMemory` moves at most: each call maps the frames that it touches.
    public static var transferBytesMax: Int { 16 << 20 }

    /// Frames that one mapping may have, 256 MiB: the count may come from the guest.
    public static var mappedFramesMax: Int { 65_536 }

    /// Maps `count` neighbouring frames of the guest, from `first` on, until the value goes away. Throws EINVAL for
    /// no frames and for frames beyond the address space, E2BIG for more than `mappedFramesMax`, else what Xen
    /// answers: EINVAL where the guest has no memory, mostly. Nothing tells Xen what is written through the mapping:
    /// see `reportModified`.
    public func mapFrames(
        first: GuestFrame, count: Int, access: PageAccess
    ) throws(XenError) -> MappedPages {
        guard count <= Self.mappedFramesMax else {
            throw XenError(.e2big, "map guest frames", domain: id, value: UInt64(count))
        }
        let last = first.rawValue.addingReportingOverflow(UInt64(max(count, 1) - 1))
        guard count > 0, !last.overflow, last.partialValue <= UInt64.max / UInt64(GuestFrame.byteCount) else {
            throw XenError(.einval, "map guest frames", domain: id, value: first.rawValue)
        }
        return try platform.memory.mapFrames(
            id, (first.rawValue...last.partialValue).map { GuestFrame($0) }, access: access)
    }

    /// Copies out of guest memory: `bytes.count` bytes from the guest-physical `address` on, of any alignment. Throws
    /// EINVAL when they leave the address space, E2BIG for more than `transferBytesMax`, and what `mapFrames` throws.
    public func readMemory(at address: UInt64, into bytes: inout MutableSpan<UInt8>) throws(XenError) {
        guard let pages = try mapBytes(at: address, count: bytes.count, access: .read) else { return }
        pages.copyOut(from: Int(address % UInt64(GuestFrame.byteCount)), into: &bytes)
    }

    /// As `readMemory(at:into:)`: `byteCount` bytes as an array.
    public func readMemory(at address: UInt64, byteCount: Int) throws(XenError) -> [UInt8] {
        guard 0...Self.transferBytesMax ~= byteCount else {
            throw XenError(.e2big, "map guest frames", domain: id, value: UInt64(clamping: byteCount))
        }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var span = bytes.mutableSpan
        try readMemory(at: address, into: &span)
        return bytes
    }

    /// Copies into guest memory, at the guest-physical `address`, of any alignment, and tells Xen, for migration.
    /// Throws as `readMemory` does; nothing is written then.
    public func writeMemory(at address: UInt64, from bytes: Span<UInt8>) throws(XenError) {
        guard let pages = try mapBytes(at: address, count: bytes.count, access: .readWrite) else { return }
        pages.copyIn(at: Int(address % UInt64(GuestFrame.byteCount)), from: bytes)
        let frames = pages.byteCount / GuestFrame.byteCount
        // Refused for the highest frame of a domain in log-dirty mode, which Xen itself can't be told of (dmop.md
        // section 3.11).
        try? reportModified([DMOP.Extent(count: UInt32(frames), first: GuestFrame(containing: address))])
    }

    /// The frames that hold the bytes; nil when there are none to hold.
    private func mapBytes(at address: UInt64, count: Int, access: PageAccess) throws(XenError) -> MappedPages? {
        guard count > 0 else { return nil }
        guard count <= Self.transferBytesMax else {
            throw XenError(.e2big, "map guest frames", domain: id, value: UInt64(count))
        }
        let last = address.addingReportingOverflow(UInt64(count - 1))
        guard !last.overflow else { throw XenError(.einval, "map guest frames", domain: id, value: address) }
        let first = GuestFrame(containing: address)
        let frames = GuestFrame(containing: last.partialValue).rawValue - first.rawValue + 1
        return try mapFrames(first: first, count: Int(frames), access: access)
    }
}
