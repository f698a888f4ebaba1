// The file of a live update's state, and a trial of it: whether it can be read, and what it says (xenstored.md 13.5).
// Not for: writing it (LiveUpdate+HandOver), serving what it says (StoreServer+TakeOver).

internal import SystemCalls
internal import XenstoreCore

/// Reads a state file into a store that nobody uses, and says what it has found.
public enum StateTrial {
    /// Tells a line as `StateSummary` describes itself; otherwise why the state is refused. Whoever is told may end the
    /// process: the store need not be taken apart for that.
    public static func report<Answer>(
        _ path: String, controlDomain: UInt16, storeDomain: UInt16, lookUp: @escaping (UInt16) -> UInt64?,
        tell: (String) -> Answer
    ) -> Answer {
        let core = XenstoreCore(controlDomain: controlDomain, storeDomain: storeDomain, lookUp: lookUp)
        var effects: [Effect] = []
        do throws(StateFileError) {
            let bytes = try readState(path)
            do throws(StateError) {
                let state = try core.restore(bytes, now: 0, into: &effects)
                return tell("\(core.stateSummary(clientCount: state.clients.count))")
            } catch {
                return tell("refused: \(error)")
            }
        } catch {
            return tell("refused: \(error.text)")
        }
    }

    /// The same by a store's own idea of who is there.
    static func report(_ path: String, _ core: XenstoreCore) -> String {
        let known = Set(core.knownDomains)
        return report(
            path, controlDomain: core.controlDomain, storeDomain: core.storeDomain,
            lookUp: { known.contains($0) ? 0 : nil }, tell: { $0 })
    }
}

/// Why a state file can't be read.
public struct StateFileError: Error {
    /// A sentence.
    public let text: String
}

/// The bytes of a state file. Throws what opening and reading answer.
public func readState(_ path: String) throws(StateFileError) -> [UInt8] {
    do throws(SystemError) {
        let file = try OwnedDescriptor.open(path: path, .read, .noFollow)
        guard try file.isRegularFile() else { throw SystemError(22, "open") }
        return try file.read(at: 0, byteCount: try file.byteCount())
    } catch {
        throw StateFileError(text: "\(path): \(error)")
    }
}
