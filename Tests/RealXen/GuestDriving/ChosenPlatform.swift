// The platform that a test runs on: one program for real Xen and for the sandbox, by CORBEL_HYPERVISOR.

public import XenABI
internal import XenLinux
public import XenPlatform

/// Opens the platform that CORBEL_HYPERVISOR names; without it the Xen that we run on.
public func openChosenPlatform() throws(XenError) -> Platform {
    do throws(HypervisorError) {
        return try HypervisorChoice.choose(option: nil).open()
    } catch {
        if case .xen(let reason) = error { throw reason }
        throw XenError(.enodev, "CORBEL_HYPERVISOR")
    }
}
