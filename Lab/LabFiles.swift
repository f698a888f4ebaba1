// The files that go into the real-Xen boot, compiled into the program so that it runs from any folder.
// Not for what comes from the distribution's packages (LabKit's PackageCache) or from the user (--with).

/// Files of the `Lab` folder, as bytes.
public enum LabFiles {
    /// `/init` of dom0: starts what was asked for, runs the command, reports its status.
    public static var dom0Init: [UInt8] { PackageResources.dom0_init }
    /// `lab-mark NAME`: tells the host, by the console, that a point was reached.
    public static var labMark: [UInt8] { PackageResources.lab_mark }
    /// `lab-leave STATUS` in dom0: the end of the machine.
    public static var labLeave: [UInt8] { PackageResources.lab_leave }
    /// `/corbel/shell` in dom0: what `corbel lab shell` runs.
    public static var shell: [UInt8] { PackageResources.dom0_shell }
    /// `/corbel/profile`: what its interactive shell reads first.
    public static var shellProfile: [UInt8] { PackageResources.dom0_profile }
    /// `/lab/README` in dom0.
    public static var shellReadme: [UInt8] { PackageResources.dom0_readme }
    /// `/corbel/guest/run` in dom0: the command and its guest.
    public static var guestRun: [UInt8] { PackageResources.guest_run }
    /// `guest-lines TTY` in dom0: a guest's console as lines that a terminal can show.
    public static var guestLines: [UInt8] { PackageResources.guest_lines }
    /// `/init` of the Linux guest: runs its script or reports what it runs on, and powers off.
    public static var guestInit: [UInt8] { PackageResources.guest_init }
    /// The xl configuration of the demonstration's guest.
    public static var demoGuest: [UInt8] { PackageResources.demo_guest_cfg }
    /// What `corbel demo` runs in dom0.
    public static var demoScript: [UInt8] { PackageResources.demo_sh }
    /// Its second part: a guest's firmware with its variables in varstored.
    public static var demoVariables: [UInt8] { PackageResources.demo_variables_sh }
    /// The xl configuration of that guest.
    public static var demoFirmware: [UInt8] { PackageResources.demo_firmware_cfg }
}
