// Remembers the last lines that the demonstration's guests wrote, for a run that times out.
import Foundation
import Synchronization

/// The tail of the `guest| ` and `firmware| ` lines in the output.
final class GuestLog: Sendable {
    private static let linesMax = 10
    private static let lineBytesMax = 1000

    private struct State {
        var partial: [UInt8] = []
        var lines: [String] = []
    }

    private let state = Mutex(State())

    /// The last lines, oldest first.
    var lines: [String] { state.withLock { $0.lines } }

    func take(_ bytes: Data) {
        state.withLock { state in
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    let line = String(decoding: state.partial, as: UTF8.self)
                    state.partial.removeAll(keepingCapacity: true)
                    guard line.hasPrefix("guest| ") || line.hasPrefix("firmware| ") else { continue }
                    state.lines.append(line)
                    if state.lines.count > Self.linesMax { state.lines.removeFirst() }
                } else if state.partial.count < Self.lineBytesMax {
                    state.partial.append(byte)
                }
            }
        }
    }
}
