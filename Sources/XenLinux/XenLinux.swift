// The platform on a real Xen, by /dev/xen/* alone: plain ioctl and mmap, no C library of Xen's.
// Not for: choosing between this and the sandbox (see HypervisorChoice).

internal import DaemonShell
internal import SystemCalls
public import XenABI
public import XenPlatform

/// Opens the platform of the Xen that we run on.
public enum XenLinux {
    /// Where Linux puts the nodes.
    public static var standardDevices: String { "/dev/xen" }

    /// Where processes publish their statistics pages.
    public static var standardStatisticsFolder: String { StatisticsFolder.standardPath }

    static let openPrivcmd: StaticString = "open /dev/xen/privcmd"
    static let openEvtchn: StaticString = "open /dev/xen/evtchn"
    static let openGntdev: StaticString = "open /dev/xen/gntdev"
    static let openHypercall: StaticString = "open /dev/xen/hypercall"

    /// Opens all nodes at once, so that privileges can be dropped afterwards. `devices` is the folder of the nodes.
    ///
    /// `grants` opens gntdev too, which a restriction can't limit: through it a program reaches what every domain
    /// grants. Device models do without. Without a node for hypercall memory, or the right to it, ordinary memory is
    /// locked; where that is not allowed either, the platform has no `states`. Throws what opening the other nodes
    /// answers; `advice(for:)` says what to do.
    ///
    /// The process publishes a statistics page in `statisticsFolder` (nil: nowhere), for `corbel top` and others. Where
    /// that can't be, it goes on without.
    public static func open(
        devices: String = standardDevices, grants: Bool = false,
        statisticsFolder: String? = standardStatisticsFolder
    ) throws(XenError) -> Platform {
        let privcmd = try openNode(devices + "/privcmd", openPrivcmd)
        let evtchn = try openNode(devices + "/evtchn", openEvtchn)
        let commands = PrivilegedCommands(owning: privcmd)
        let events = try EventChannelDevice(owning: evtchn)
        let grantDevice = grants ? GrantDevice(owning: try openNode(devices + "/gntdev", openGntdev)) : nil
        let states = try hypercallMemory(devices).map { HypercallDomainStates(commands, memory: $0) }
        let clock = SystemClock()
        return Platform(
            calls: commands, memory: commands, events: events, grants: grantDevice, states: states, clock: clock,
            statistics: statisticsFolder.flatMap { publishStatistics(in: $0, commands, clock) })
    }

    /// What a user can do about an error of `open`, as a sentence; nil for other errors.
    public static func advice(for error: XenError) -> String? {
        // By bytes: comparing strings would bring Unicode's tables into Embedded Swift.
        let call = error.call.description.utf8
        guard call.starts(with: "open /dev/xen/".utf8) else { return nil }
        let node = String(decoding: call.dropFirst(5), as: UTF8.self)
        if isAbsence(error) {
            return node.utf8.elementsEqual("/dev/xen/privcmd".utf8)
                ? "no \(node): this is not a Xen control domain. On one, load its module (modprobe xen-privcmd); "
                    + "anywhere else, try it in the lab: corbel lab run -- PROGRAM"
                : "no \(node): load its module (modprobe xen-evtchn, xen-gntdev)"
        }
        if error.code == .eacces || error.code == .eperm {
            return "no permission to open \(node): run as root, or give this user the node"
        }
        return nil
    }

    static func openNode(_ path: String, _ call: StaticString) throws(XenError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try OwnedDescriptor.open(path: path, .readWrite)
        } catch {
            throw XenError(error, call)
        }
    }

    /// The node is not there, or nothing is behind it.
    private static func isAbsence(_ error: XenError) -> Bool {
        error.code == .enoent || error.code == .enodev || error.code == .enxio
    }

    /// A page for hypercall arguments (dmop.md section 9.2); nil when there is no way to get one.
    static func hypercallMemory(_ devices: String) throws(XenError) -> HypercallPage? {
        do throws(XenError) {
            let node = try openNode(devices + "/hypercall", openHypercall)
            do throws(SystemError) {
                let memory = try MappedMemory(sharing: node, byteCount: HypercallPage.byteCount, access: .readWrite)
                return HypercallPage(memory)
            } catch {
                throw XenError(error, "mmap /dev/xen/hypercall")
            }
        } catch {
            if !isAbsence(error), error.code != .eacces, error.code != .eperm { throw error }
        }
        do throws(SystemError) {
            return HypercallPage(try MappedMemory.locked(byteCount: HypercallPage.byteCount))
        } catch {
            // The limit of locked memory: domain states are then not to be had.
            return nil
        }
    }
}
