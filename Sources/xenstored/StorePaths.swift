// Where the daemon's files are. Source: xenstored.md 10, 14.2. Not for: opening them (Start.swift).

internal import SystemCalls

/// Paths of the daemon's files.
struct StorePaths: Equatable {
    /// The folder of the socket and of live update's state.
    var runDirectory: String
    /// The socket.
    var socket: String
    /// The socket of the metrics, beside it.
    var metrics: String {
        let folder = socket.lastIndex(of: "/").map { socket[..<$0] } ?? "."
        return "\(folder)/metrics"
    }
    /// The state of a live update.
    var stateFile: String { "\(runDirectory)/state_dump" }
    /// The folder of trace logs and reports.
    var library: String

    /// Paths as the environment has them; nil stands for a variable that is not set.
    init(path: String?, runDirectory: String?, library: String?) {
        func set(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }
        self.runDirectory = set(runDirectory) ?? "/run/xenstored"
        socket = set(path) ?? "\(self.runDirectory)/socket"
        self.library = set(library) ?? "/var/lib/xen/xenstore"
    }

    /// Paths for this process.
    static var own: StorePaths {
        StorePaths(
            path: environmentVariable("XENSTORED_PATH"), runDirectory: environmentVariable("XENSTORED_RUNDIR"),
            library: environmentVariable("XENSTORED_ROOTDIR"))
    }
}
