// The command line as a value, and the usage. Source: xenstored.md 14.1.
// Not for: taking it apart (OptionReader.swift), acting on it (Start.swift).

internal import XenstoreCore

/// This program's version.
let version = "0.1.0"

/// A command line that can't be acted on: status 1.
struct OptionError: Error, Equatable {
    /// What is wrong, as a sentence.
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }
}

/// What to do.
enum Command: Equatable {
    case serve(Options)
    /// Only tell what a state file of a live update says.
    case checkState(Options, path: String)
    case help
    case version
}

/// A quota that new domains get.
struct QuotaSetting: Equatable {
    /// Which one.
    var quota: Quota
    /// Its value; 0 is unlimited.
    var value: Int
}

/// How to serve. Source: xenstored.md 14.1.
struct Options: Equatable {
    /// The pid file.
    var pidFilePath: String?
    /// Whether the process that was started is the one that serves, and logs to standard error too.
    var staysInForeground = false
    /// Whether there are sockets only: no Xen device is opened.
    var isSocketOnly = false
    /// Whether the pid goes to standard output.
    var printsProcessID = false
    /// The trace log; relative names lie in the library directory.
    var tracePath: String?
    /// Switches of the trace log, in their order: the name, and whether it is turned on.
    var traceSwitches: [String] = []
    /// Quotas of new domains, in their order.
    var quotas: [QuotaSetting] = []
    /// Whether nodes of a domain that is gone become the control domain's.
    var keepsOrphans = false
    /// The domain that the daemon runs in; nil: what Xen says, else 0.
    var storeDomain: UInt16?
    /// The control domain; nil: what Xen says, else 0.
    var controlDomain: UInt16?
    /// The own port; nil: that of the kernel.
    var ownPort: UInt32?
    /// Whether it goes on where another process was (xenstored.md 13.5).
    var isLiveUpdate = false
    /// A state file that is only read, for a process that would hand over with it.
    var checkedStatePath: String?
    /// Whether a Xen without the stable domain state call is refused (xenstored.md 9.6).
    var requiresDomainState = false
    /// Whether the system calls are limited to what serving needs; there is no live update then.
    var isConfined = false

    /// The usage: every option.
    static let usage = """
        usage: xenstored [options]

        Serves the Xenstore of a host.

          -F, --pid-file FILE        write the process id there, and lock it
          -N, --no-fork              stay in the foreground, and log to standard error too
          -D, --no-domain-init       open no Xen device: the socket only, for tests
          -P, --output-pid           write the process id to standard output
          -T, --trace-file FILE      trace log (relative to /var/lib/xen/xenstore)
              --trace-control +NAME  turn a part of the trace log on, or with -NAME off: obj io wrl acc tdb
          -E, --entry-nb N           nodes that a guest may own (default 1000); 0 is unlimited, here and below
          -S, --entry-size N         bytes of a node (default 2048)
          -W, --watch-nb N           watches of a guest (default 128)
          -t, --transaction N        transactions that a guest may have open (default 10)
          -A, --perm-nb N            permission entries of a node (default 5)
          -M, --path-max N           bytes of a path (default 2048)
          -Q, --quota NAME=N         a quota by its name: nodes, watches, outstanding, memory, soft-memory,
                                     transactions, transaction-nodes, node-permissions, path-max, node-size,
                                     watch-events
          -q, --quota-soft NAME=N    the quota above which it is only said: memory
          -K, --keep-orphans         nodes of a domain that is gone become the control domain's
          -m, --master-domid ID      the domain that this runs in (default: what Xen says, else 0)
          -p, --priv-domid ID        the control domain (default: what Xen says, else 0)
          -e, --event PORT           the own event channel (default: /proc/xen/xsd_port)
          -U, --live-update          go on where another process was: live update does that
              --check-state FILE     only read a live update's state, and say what is in it: live update does that
              --require-domain-state refuse a Xen without the stable domain state call (before 4.21)
              --confine              allow only the system calls that serving needs; no live update then
          -H, --help                 show this
              --version              show the version

        Taken for the C daemon's sake, without effect: -w, --timeout watch-event=S; -I, --internal-db [on|off];
        -R, --no-recovery; -V, --verbose.

        The socket is $XENSTORED_PATH, else $XENSTORED_RUNDIR/socket, else /run/xenstored/socket.

        Ends with 0 on SIGTERM and SIGINT, and when another process has locked the pid file; 1 when the command line is
        wrong or the start has failed.

        """
}
