// The answer to `live-update` of a daemon that has given up what it would take.
// Not for: live update (XenstoreServer).

internal import XenstoreCore
internal import XenstoreServer

/// Refuses live update: a filter of system calls would stay with the next program (Options+Confinement.swift).
final class ConfinedUpdate: LiveUpdateCommands {
    func liveUpdate(_ parameters: [[UInt8]], from connection: ConnectionID, on server: StoreServer) -> ControlAnswer? {
        .reply(Array("xenstored was started with --confine: no live update\n\0".utf8))
    }
}
