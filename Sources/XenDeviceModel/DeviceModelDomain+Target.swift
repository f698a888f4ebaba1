// Operations that are about the domain as a whole: vCPUs, life, shutdown.

public import XenABI

extension DeviceModelDomain {
    /// How many vCPUs the domain was created with (`nr_vcpus`). Throws EOPNOTSUPP before Xen 4.15.
    public func vcpuCount() throws(XenError) -> Int {
        Int(try perform(DMOP.VCPUCount()).count)
    }

    /// The number of vCPUs; nil where Xen has no such call.
    func knownVCPUCount() throws(XenError) -> UInt32? {
        do throws(XenError) {
            return try perform(DMOP.VCPUCount()).count
        } catch {
            if error.code == .eopnotsupp { return nil }
            throw error
        }
    }

    /// Whether the domain is there and not being torn down. Changes nothing. Throws what Xen answers otherwise.
    ///
    /// A domain that is being torn down still answers most operations (dmop.md section 18.5, row Z2).
    /// `track_dirty_vram` asks whether the target is dying before it looks at the bitmap's size, so one that is a
    /// byte too small tells: ESRCH when dying or gone, EINVAL when alive (section 3.7).
    public func isAlive() throws(XenError) -> Bool {
        var bitmap = InlineArray<1, UInt8>(repeating: 0)
        var data = bitmap.mutableSpan
        do throws(XenError) {
            _ = try perform(DMOP.TrackDirtyVRAM(count: 16, first: GuestFrame(0)), data: &data)
        } catch {
            switch error.code {
            case .einval: return true
            case .esrch: return false
            // Arm has no such operation, and no way to ask.
            case .eopnotsupp: return try knownVCPUCount() != nil
            default: throw error
            }
        }
        // Before 4.15 a call on a domain that is neither HVM nor PVH does nothing and answers 0 (section 1.2).
        throw XenError(.einval, "track_dirty_vram", domain: id)
    }

    /// Shuts the domain down (`remote_shutdown`). The low 8 bits of the reason count; the first reason stays.
    public func shutDown(_ reason: ShutdownReason) throws(XenError) {
        _ = try perform(DMOP.RemoteShutdown(reason: reason))
    }
}
