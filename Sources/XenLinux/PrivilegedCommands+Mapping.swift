// Mapping of guest frames and of resources by privcmd.
// Not for: using them (see MappedPages).

internal import SystemCalls
public import XenABI
public import XenPlatform

extension PrivilegedCommands: GuestMemory {
    /// Frames that one mapping may have (256 MiB): each costs 12 bytes of arrays during the call, and who needs more
    /// maps parts.
    public static var framesPerMappingMax: Int { 65_536 }

    /// How often frames that are paged out are asked for again, 1 ms apart, in one mapping: a guest's access may wait
    /// for a pager that long, and so does everything else that the program serves.
    static var pagedOutRetriesMax: Int { 100 }

    /// Maps guest frames. ENOENT: still paged out after a tenth of a second. EINVAL: no frames. E2BIG: more than
    /// `framesPerMappingMax`. Otherwise what Xen answers for the first frame that it refuses, with that frame as the
    /// value; then nothing stays mapped. Source: dmop.md sections 9.4 and 15.13.
    public func mapFrames(
        _ domain: DomainID, _ frames: [GuestFrame], access: PageAccess
    ) throws(XenError) -> MappedPages {
        let call: StaticString = "IOCTL_PRIVCMD_MMAPBATCH_V2"
        try Self.checkCount(frames.count, call, domain)
        let memory: MappedMemory
        do throws(SystemError) {
            memory = try MappedMemory(
                sharing: descriptor, byteCount: frames.count * GuestFrame.byteCount,
                access: access == .read ? .read : .readWrite)
        } catch {
            throw XenError(error, "mmap /dev/xen/privcmd", domain: domain)
        }
        if frames.count <= Self.framesWithoutAllocation {
            var results: [64 of Int32] = .init(repeating: 0)
            var span = results.mutableSpan
            try fillAll(memory.address, domain, frames.span, &span)
        } else {
            var results = [Int32](repeating: 0, count: frames.count)
            var span = results.mutableSpan
            try fillAll(memory.address, domain, frames.span, &span)
        }
        return MappedPages(memory, owner: mappings)
    }

    /// Mappings of up to that many frames, strings of the guest's say, allocate nothing.
    private static var framesWithoutAllocation: Int { 64 }

    /// Fills a whole mapping; there is room in `results` for one of each frame.
    private func fillAll(
        _ address: UInt, _ domain: DomainID, _ frames: Span<GuestFrame>, _ results: inout MutableSpan<Int32>
    ) throws(XenError) {
        let call: StaticString = "IOCTL_PRIVCMD_MMAPBATCH_V2"
        do throws(SystemError) {
            try fill(address, domain, frames, &results)
        } catch {
            throw XenError(error, call, domain: domain)
        }
        var retries = Self.pagedOutRetriesMax
        for index in frames.indices where results[index] != 0 {
            var result = results[index]
            if result == -XenErrorCode.enoent.rawValue {
                result = try fillPagedOut(address, domain, frames[index], at: index, &retries)
            }
            if result != 0 {
                throw XenError(XenErrorCode(-result), call, domain: domain, value: frames[index].rawValue)
            }
        }
    }

    /// Maps frames of a resource. EINVAL: no frames. E2BIG: more than `framesPerMappingMax`. Source: dmop.md section
    /// 9.5.
    public func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        let call: StaticString = "IOCTL_PRIVCMD_MMAP_RESOURCE"
        try Self.checkCount(count, call, domain)
        do throws(SystemError) {
            let memory = try MappedMemory(
                sharing: descriptor, byteCount: count * GuestFrame.byteCount, access: .readWrite)
            let argument = PrivcmdMMAPResource(
                domain: domain, type: type, id: id, firstFrame: frame, count: UInt64(count),
                address: UInt64(memory.address))
            _ = try descriptor.send(PrivcmdCall.mmapResource, argument)
            return MappedPages(memory, owner: mappings)
        } catch {
            throw XenError(error, call, domain: domain, value: UInt64(id))
        }
    }

    /// The number of frames of a resource. Older kernels answer EINVAL. Source: dmop.md sections 8.1 and 9.5.
    public func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 {
        var argument = PrivcmdMMAPResource(domain: domain, type: type, id: id, firstFrame: 0, count: 0, address: 0)
        do throws(SystemError) {
            _ = try descriptor.exchange(PrivcmdCall.mmapResource, &argument)
        } catch {
            throw XenError(error, "IOCTL_PRIVCMD_MMAP_RESOURCE", domain: domain, value: UInt64(id))
        }
        return argument.count
    }

    private static func checkCount(_ count: Int, _ call: StaticString, _ domain: DomainID) throws(XenError) {
        if count <= 0 { throw XenError(.einval, call, domain: domain, value: 0) }
        if count > framesPerMappingMax { throw XenError(.e2big, call, domain: domain, value: UInt64(count)) }
    }

    /// One MMAPBATCH_V2. Each frame's own result, 0 or a negative errno, is in `results` afterwards.
    private func fill(
        _ address: UInt, _ domain: DomainID, _ frames: Span<GuestFrame>, _ results: inout MutableSpan<Int32>
    ) throws(SystemError) {
        precondition(results.count >= frames.count, "a frame without room for its result")
        var argument: [32 of UInt8] = .init(repeating: 0)
        var span = argument.mutableSpan
        PrivcmdMMAPBatchV2(
            count: UInt32(frames.count), domain: domain, address: UInt64(address), frames: 0, errors: 0
        ).encode(into: &span)
        do throws(SystemError) {
            _ = try descriptor.control(
                PrivcmdCall.mmapBatchV2, &span, addressAt: PrivcmdOffset.framesOfMMAPBatch, of: frames,
                addressAt: PrivcmdOffset.errorsOfMMAPBatch, of: &results)
        } catch {
            // ENOENT: some frame is paged out, and its result says so.
            if error.code != XenErrorCode.enoent.rawValue { throw error }
        }
    }

    /// Asks for one frame that is paged out until it is in, or refused, or the retries are over. Answers its result.
    private func fillPagedOut(
        _ address: UInt, _ domain: DomainID, _ frame: GuestFrame, at index: Int, _ retries: inout Int
    ) throws(XenError) -> Int32 {
        let frames: [1 of GuestFrame] = [frame]
        var results: [1 of Int32] = [-XenErrorCode.enoent.rawValue]
        while retries > 0 {
            retries -= 1
            MonotonicTime.now.advanced(byMilliseconds: 1).sleep()
            do throws(SystemError) {
                var span = results.mutableSpan
                try fill(address + UInt(index * GuestFrame.byteCount), domain, frames.span, &span)
            } catch {
                throw XenError(error, "IOCTL_PRIVCMD_MMAPBATCH_V2", domain: domain, value: frame.rawValue)
            }
            if results[0] != -XenErrorCode.enoent.rawValue { break }
        }
        return results[0]
    }
}
