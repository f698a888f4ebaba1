// `check` and `check repair`: answered at once, then done in turns of 2 ms between those of others (xenstored.md 12).
// Not for: what is looked at (XenstoreCore+Check).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import XenstoreCore

extension ControlCommands {
    /// `check`: begins anew when one is under way.
    func check(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        let repairs = words.parameters.count == 1 && words.text(0) == "repair"
        if !words.parameters.isEmpty && !repairs { return .wrong }
        server.core.beginCheck(repairs: repairs)
        let turns = check ?? CheckTurns(server)
        check = turns
        turns.begin()
        return .done
    }
}

/// The turns of a check.
final class CheckTurns: TimerHandler {
    /// Milliseconds of a turn, and between two.
    private static var turn: Int32 { 2 }
    /// Nodes until the clock is looked at.
    private static var sliceCount: Int { 64 }

    private unowned let server: StoreServer
    private var timer: LoopTimer?

    init(_ server: StoreServer) { self.server = server }

    func begin() {
        if timer == nil { timer = server.loop.schedule(at: .now, self) }
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        let end = MonotonicTime.now.advanced(byMilliseconds: Self.turn)
        repeat {
            if let report = server.core.continueCheck(Self.sliceCount) { return tell(report) }
            if !server.core.isChecking { return }
        } while MonotonicTime.now < end
        self.timer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.turn), self)
    }

    private func tell(_ report: CheckReport) {
        for difference in report.differences { server.log.write(.error, "check", difference) }
        server.log.write(
            report.differenceCount == 0 ? .information : .error, "check", "done",
            [
                ("nodes", "\(report.nodeCount)"), ("domains", "\(report.domainCount)"),
                ("stale-entries", "\(report.goneEntryCount)"), ("differences", "\(report.differenceCount)"),
            ])
    }
}
