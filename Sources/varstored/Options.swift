// The command line as a value, and the usage. Source: varstored.md 12.1, 13.1.
// Not for: taking it apart (OptionReader.swift), acting on it (Start.swift).

internal import DaemonShell
internal import XenLinux

/// This program's version.
let version = "0.1.0"

/// A command line, or a part of it, that can't be acted on.
enum OptionError: Error, Equatable {
    /// It is wrong: status 2, with the usage.
    case usage(String)
    /// A number is none, or the pid file can't be made: status 1.
    case failed(String)
}

/// What to do.
enum Command: Equatable {
    case serve(Options)
    case help
    case version
}

/// Where the guest's variables are kept.
enum BackendChoice: Equatable {
    /// A file with the blob.
    case file(path: String)
    /// XAPI, by its socket.
    case xapidb(uuid: String, socket: String)
}

/// Where the Xenstore is.
enum XenstoreChoice: Equatable {
    /// There is none: the settings are options, and no node says that the daemon is ready.
    case none
    /// A unix socket.
    case socket(path: String)
    /// Where a Xen host has it.
    case standard
}

/// How to serve. Source: varstored.md 12.1.
struct Options: Equatable {
    /// The domain's id.
    var domain: UInt16
    /// Where the variables are kept.
    var backend: BackendChoice
    /// Whether the resume file is loaded instead of the backend.
    var resumes = false
    /// Whether changes are written to the backend.
    var isPersistent = true
    /// Namespaces, limits, system call filter.
    var confines = false
    /// Whose rights are kept; 0 when none are given up.
    var userID: UInt32 = 0
    var groupID: UInt32 = 0
    /// The root after the start; nil when it stays.
    var root: String?
    /// The pid file, which is made by then.
    var pidFilePath: String?
    /// Where everything goes at the end, inside of the root.
    var savePath: String?
    /// Where everything comes from with `resumes`, inside of the root.
    var resumePath: String?
    /// The folder of the first boot's keys.
    var authDirectory = "/var/lib/varstored"
    /// Whether a missing db or KEK is skipped.
    var requiresPKOnly = false
    var logLevel = LogLevel.information
    /// Whether names of odd length or with a NUL are refused.
    var strictNames = true
    /// Whether any finding in a blob fails the start.
    var refusesBadBlobs = false
    /// Whether readiness is told before the variables are loaded.
    var isReadyEarly = false
    /// nil: what the environment says, else real Xen.
    var hypervisor: HypervisorChoice?
    /// nil: none on a sandbox, else where a Xen host has it.
    var xenstore: XenstoreChoice?
    /// What counts instead of the Xenstore's nodes (12.3).
    var secureBoot: Bool?
    var enforcing: Bool?

    init(domain: UInt16, backend: BackendChoice) {
        self.domain = domain
        self.backend = backend
    }

    /// The usage: every option.
    static let usage = """
        usage: varstored --domain ID [--backend file|xapidb] --arg NAME:VALUE... [options]

        Keeps the UEFI variables of one Xen guest and serves them to its firmware.

          --domain ID            the guest's domain id (required)
          --backend NAME         where variables are kept: file or xapidb; before its --arg (default: file)
          --arg NAME:VALUE       an argument of the backend:
                                   path:PATH      file: the blob (required)
                                   uuid:UUID      xapidb: the virtual machine (required)
                                   socket:PATH    xapidb: XAPI's socket (default /var/lib/xcp/xapi)
                                   save:PATH      where everything is saved at the end
                                   resume:PATH    what --resume loads
          --resume               load the resume file instead of the backend
          --nonpersistent        write no changes to the backend
          --depriv               namespaces, resource limits and a system call filter
          --uid N                give up root for this user
          --gid N                and for this group
          --chroot DIR           give up the file system outside of DIR; paths of --arg are inside
          --pidfile PATH         write the process id there, and lock it
          --auth-dir DIR         keys of a first boot: PK.auth, KEK.auth, db.auth, dbx.auth
                                 (default /var/lib/varstored)
          --keys-required WHICH  all, or pk: go on without KEK.auth or db.auth (default all)
          --on-bad-blob WHAT     quarantine what can't be read of a blob, or refuse to start (default quarantine)
          --relaxed-names        let the guest use names of odd length, or with a NUL
          --ready WHEN           write the pid to the Xenstore late, when all is loaded, or early (default late)
          --log-level LEVEL      error, warn, info or debug (default info)
          --hypervisor WHERE     xen, or sandbox:PATH (default: $CORBEL_HYPERVISOR, else xen)
          --xenstore WHERE       none, or the path of its socket (default: none on a sandbox, else the host's)
          --secureboot BOOL      true or false, whatever the Xenstore says
          --auth-enforce BOOL    true or false, whatever the Xenstore says
          --version              show the version
          --help                 show this

        Ends with 0 on SIGTERM, SIGINT, SIGHUP and when the domain goes away, and has then saved; 1 when the start or
        the save failed; 2 when the command line is wrong.

        """
}
