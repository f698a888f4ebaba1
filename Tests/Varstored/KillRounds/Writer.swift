// The process that is killed: it writes numbered blobs as fast as it can, and notes each one that was acknowledged.
// Not for: judging (Rounds.swift).

import DaemonShell
import SystemCalls
import VariableBackends
import VariableService

/// A blob that tells which one it is, and whether all of it is there.
enum NumberedBlob {
    /// Lengths differ, so that a mix of two would show: 64 to 131071 bytes.
    static func bytes(_ number: UInt64) -> [UInt8] {
        var state = number &* 0x9E37_79B9_7F4A_7C15 | 1
        let count = 64 + Int(state >> 40) % 131_008
        var bytes = littleEndian(number)
        bytes.reserveCapacity(count)
        while bytes.count < count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            bytes += littleEndian(state)
        }
        return Array(bytes.prefix(count))
    }

    /// The number of a blob that is whole; nil for any other bytes.
    static func number(_ bytes: [UInt8]) -> UInt64? {
        guard bytes.count >= 64 else { return nil }
        let number = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return bytes == self.bytes(number) ? number : nil
    }

    static func littleEndian(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }
}

/// Takes no lines: nobody reads them.
final class NoLines: LogSink {
    func write(_ level: LogLevel, _ line: String) {}
}

/// Writes until it is killed. Notes go to a file, which outlives a killed process as a pipe's contents do, and never
/// makes the writer wait.
func writeForEver(path: String, notes: String, from first: UInt64) throws -> Never {
    let log = DaemonLog(.error, sink: NoLines())
    let backend = try FileBackend(path: path, log: log)
    let notes = try OwnedDescriptor.open(path: notes, .write, [.create, .append])
    var number = first
    while true {
        var outcome: BackendOutcome?
        backend.write(NumberedBlob.bytes(number), for: .ordinary) { outcome = $0 }
        guard outcome == .confirmed else { exitProgram(3) }
        try notes.writeAll(NumberedBlob.littleEndian(number).span)
        number += 1
    }
}
