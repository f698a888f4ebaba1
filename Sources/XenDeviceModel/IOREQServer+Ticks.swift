// The loop of a program whose device also does something by itself, again and again.
// Not for: programs with a loop of their own (they poll `descriptor` and call `process()`).

public import XenABI
public import XenPlatform

extension IOREQServer where State == ServerState.Serving {
    /// As `serve(until:)`, and calls `tick` every `milliseconds` (at least 1), however busy the guest keeps the server.
    /// A tick that comes late is not made up for. Throws what `process()` and `tick` throw, unless the domain is gone.
    ///
    /// A platform without a clock calls `tick` only when nothing has come in for that long.
    @discardableResult
    public func serve(
        until stop: any StopSource, every milliseconds: Int32, _ tick: () throws(XenError) -> Void
    ) throws(XenError) -> ServeEnd {
        let interval = UInt64(max(1, milliseconds)) * 1_000_000
        var due = domain.now &+ interval
        while true {
            let now = domain.now
            let left = domain.isTimed ? due > now ? due - now : 0 : interval
            let pause = Int32(clamping: (left + 999_999) / 1_000_000)
            let outcome = try domain.platform.events.wait(
                orReadable: stop.descriptor, milliseconds: min(pause, Self.livenessInterval))
            if outcome == .other { return .stopped }
            do throws(XenError) {
                if outcome == .event { try domain.process() }
                domain.publishAfterRound()
                if domain.isTimed ? domain.now >= due : outcome == .timeout {
                    due = domain.now &+ interval
                    try tick()
                }
            } catch {
                // Calls fail when the domain goes; then that is the reason.
                if try !domain.isAlive() { return .domainGone }
                throw error
            }
            if outcome == .timeout, try !domain.isAlive() { return .domainGone }
        }
    }
}
