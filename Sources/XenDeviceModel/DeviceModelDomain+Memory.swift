// Guest memory: dirty tracking, types, moving, caching.

public import XenABI

extension DeviceModelDomain {
    /// Which of `count` frames from `first` on were written since the last call with the same window
    /// (`track_dirty_vram`); the first call starts the tracking and reports all. Bit n of `bitmap` is frame `first` +
    /// n, lowest bit first; `bitmap` has at least (count + 7) / 8 bytes.
    ///
    /// A window of more than 32768 frames takes several calls, and as Xen tracks one window per domain every part
    /// then reports all its frames: too many, never too few (dmop.md section 15.5). `XenError.completed` tells the
    /// frames done before a failure.
    public func trackDirtyVRAM(
        first: GuestFrame, count: Int, into bitmap: inout MutableSpan<UInt8>
    ) throws(XenError) {
        let wanted = (count + 7) / 8
        guard count > 0, count <= DMOPLimits.dirtyWindowFramesMax, bitmap.count >= wanted else {
            throw XenError(.einval, "track_dirty_vram", domain: id, value: UInt64(max(count, 0)))
        }
        var done = 0
        while done < count {
            let part = min(count - done, DMOPLimits.dirtyFramesPerCall)
            var rest = bitmap._mutatingExtracting(droppingFirst: done / 8)
            var data = rest._mutatingExtracting(first: (part + 7) / 8)
            do throws(XenError) {
                _ = try perform(
                    DMOP.TrackDirtyVRAM(count: UInt32(part), first: GuestFrame(first.rawValue &+ UInt64(done))),
                    data: &data)
            } catch {
                throw error.after(done)
            }
            done += part
        }
    }

    /// Ends the tracking of dirty frames.
    public func stopTrackingDirtyVRAM() throws(XenError) {
        var bitmap = InlineArray<1, UInt8>(repeating: 0)
        var data = bitmap.mutableSpan
        _ = try perform(DMOP.TrackDirtyVRAM(count: 0, first: GuestFrame(0)), data: &data)
    }

    /// Tells Xen which frames the device model has written, for migration (`modified_memory`). More than 256 extents
    /// take several calls; `XenError.completed` tells how many extents were reported before a failure.
    public func reportModified(_ extents: [DMOP.Extent]) throws(XenError) {
        var buffer = [UInt8](repeating: 0, count: min(extents.count, DMOPLimits.extentsPerCall) * DMOP.Extent.byteCount)
        var done = 0
        while done < extents.count {
            let part = min(extents.count - done, DMOPLimits.extentsPerCall)
            var all = buffer.mutableSpan
            var data = all._mutatingExtracting(first: part * DMOP.Extent.byteCount)
            for index in 0..<part {
                var place = data._mutatingExtracting(droppingFirst: index * DMOP.Extent.byteCount)
                extents[done + index].encode(into: &place)
            }
            do throws(XenError) {
                _ = try perform(DMOP.ModifiedMemory(extentCount: UInt32(part)), data: &data)
            } catch {
                throw error.after(done)
            }
            done += part
        }
    }

    /// Changes the type of guest frames (`set_mem_type`). RAM that becomes `mmioDM` is gone. Throws EINVAL for a
    /// transition that is not allowed; frames before the offending one stay changed.
    public func setMemoryType(_ type: MemoryType, first: GuestFrame, count: UInt32) throws(XenError) {
        do throws(XenError) {
            _ = try perform(DMOP.SetMemoryType(count: count, type: type, first: first))
        } catch {
            throw error.about(first.rawValue)
        }
    }

    /// Moves guest frames elsewhere in the guest's memory map (`relocate_memory`). Before Xen 4.22 source and
    /// destination must not overlap. Memory at the destination is freed.
    public func relocateMemory(count: UInt32, from source: GuestFrame, to destination: GuestFrame) throws(XenError) {
        _ = try perform(DMOP.RelocateMemory(count: count, source: source, destination: destination))
    }

    /// Fixes the cache attribute of guest frames, both ends included (`pin_memory_cacheattr`). Throws EBUSY for an
    /// overlap with another range, ENOSPC beyond 64 ranges, EPERM for the uncached kinds without an IOMMU from Xen
    /// 4.21 on.
    public func pinCacheAttribute(_ attribute: CacheAttribute, _ frames: ClosedRange<GuestFrame>) throws(XenError) {
        _ = try perform(
            DMOP.PinMemoryCacheAttribute(
                start: frames.lowerBound, end: frames.upperBound, type: attribute))
    }

    /// Takes back `pinCacheAttribute` for exactly these frames. Throws ENOENT when they are not a pinned range.
    public func unpinCacheAttribute(_ frames: ClosedRange<GuestFrame>) throws(XenError) {
        try pinCacheAttribute(.delete, frames)
    }
}

extension XenError {
    /// The same error, telling how much of a split call was done before it.
    func after(_ completed: Int) -> XenError {
        var error = self
        error.completed = completed
        return error
    }
}
