// /dev/xen/gntdev: pages that other domains grant.
// Not for: granting pages of ours.

internal import SystemCalls
public import XenABI
public import XenPlatform

/// Grant mapping by the gntdev driver. Source: dmop.md section 11. It can't be restricted.
public final class GrantDevice: GrantMemory {
    private let descriptor: OwnedDescriptor
    /// How often a granted page that is paged out is asked for again, 1 ms apart.
    private let pagedOutRetriesMax: Int

    init(owning descriptor: consuming OwnedDescriptor, pagedOutRetriesMax: Int = 1000) {
        self.descriptor = descriptor
        self.pagedOutRetriesMax = pagedOutRetriesMax
    }

    /// Asks for room for so many mapped grants. Current kernels need no such call and answer ENOTTY, which is well.
    func allow(_ count: UInt32) throws(XenError) {
        do throws(SystemError) {
            _ = try descriptor.send(GrantDeviceCall.setMaxGrants, SetMaxGrants(count: count))
        } catch {
            if error.code != XenErrorCode.enotty.rawValue { throw XenError(error, "IOCTL_GNTDEV_SET_MAX_GRANTS") }
        }
    }

    /// Maps one granted page. EINVAL: Xen refuses the grant. EAGAIN: still paged out after a second of asking; for a
    /// Xenstore server at once.
    public func mapGrant(_ domain: DomainID, _ reference: GrantReference) throws(XenError) -> MappedPages {
        for _ in 0..<pagedOutRetriesMax {
            do throws(XenError) {
                return try mapOnce(domain, reference)
            } catch {
                if error.code != .eagain { throw error }
            }
            MonotonicTime.now.advanced(byMilliseconds: 1).sleep()
        }
        return try mapOnce(domain, reference)
    }

    private func mapOnce(_ domain: DomainID, _ reference: GrantReference) throws(XenError) -> MappedPages {
        var argument = MapGrantReference(count: 1, domain: UInt32(domain.rawValue), reference: reference)
        do throws(SystemError) {
            _ = try descriptor.exchange(GrantDeviceCall.mapGrantReference, &argument)
        } catch {
            throw XenError(
                error, "IOCTL_GNTDEV_MAP_GRANT_REF", domain: domain, value: UInt64(reference.rawValue))
        }
        do throws(SystemError) {
            let memory = try MappedMemory(
                sharing: descriptor, byteCount: GuestFrame.byteCount, offset: argument.index, access: .readWrite)
            return MappedPages(memory, owner: GrantMapping(self, index: argument.index))
        } catch {
            forget(argument.index)
            throw XenError(error, "mmap /dev/xen/gntdev", domain: domain, value: UInt64(reference.rawValue))
        }
    }

    /// Gives an index of one page back to the driver.
    fileprivate func forget(_ index: UInt64) {
        do throws(SystemError) {
            _ = try descriptor.send(
                GrantDeviceCall.unmapGrantReference, UnmapGrantReference(index: index, count: 1))
        } catch {
            preconditionFailure("a grant mapping of ours was not there")
        }
    }
}

/// One mapped grant: unmapped first, then forgotten by the driver.
private final class GrantMapping: MappingOwner {
    private let device: GrantDevice
    private let index: UInt64

    init(_ device: GrantDevice, index: UInt64) {
        self.device = device
        self.index = index
    }

    func unmap(address: UInt, byteCount: Int) {
        undoMapping(address: address, byteCount: byteCount)
        device.forget(index)
    }
}
