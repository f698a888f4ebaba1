// Programs that the benchmark starts: itself as a device model or as a sandbox, and the real sandbox.

import CSpawn
import SystemCalls

/// A process of ours. It is ended when nobody refers to it any more.
final class OtherProcess {
    private var id: Int32
    /// The path of this program, as the system knows it.
    static let ourselves = "/proc/self/exe"

    /// Starts a program. `variable`: NAME=VALUE, set in its environment.
    init(_ path: String, _ arguments: [String], variable: String? = nil) throws(BenchmarkError) {
        let text = arguments.joined(separator: "\n")
        // SAFETY: the texts are terminated, and read during the call only.
        if let variable {
            id = unsafe corbel_bench_spawn(path, text, variable)
        } else {
            id = unsafe corbel_bench_spawn(path, text, nil)
        }
        if id < 0 { throw BenchmarkError("\(path) does not start: \(SystemError(-id, "posix_spawn"))") }
    }

    /// Waits for it to end by itself; its status.
    func wait() -> Int32 {
        defer { id = 0 }
        return corbel_bench_wait(id)
    }

    deinit { if id > 0 { corbel_bench_end(id) } }
}

/// The path of a socket of ours, of this name.
func socketPath(_ name: String) -> String { "/tmp/corbel-bench-\(processID)-\(name)" }
