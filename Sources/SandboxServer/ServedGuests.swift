// Guests' programs that the sandbox runs, in turns between events, and who waits for their ends.
// Not for: what a program does (HypervisorModel's Guest).

internal import HypervisorModel
internal import SandboxWire
internal import XenABI

/// The programs that run, one for each domain at most, and the last one of each domain.
final class ServedGuests {
    private struct Run {
        let guest: Guest
        /// Who has asked for it, and how to answer; nil: it has been answered.
        weak var asker: ServedConnection?
        let header: WireHeader
        var isFinished = false
    }

    private var runs: [DomainID: Run] = [:]
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// Starts a program. False: the domain runs one.
    func start(
        _ program: GuestProgram, on domain: Domain, for asker: ServedConnection, _ header: WireHeader
    ) -> Bool {
        if let run = runs[domain.id], !run.isFinished, run.guest.domain === domain { return false }
        let guest = Guest(domain, program, seed: seed)
        runs[domain.id] = Run(guest: guest, asker: asker, header: header)
        return true
    }

    /// Programs that are not over.
    var runningCount: Int { runs.values.reduce(0) { $0 + ($1.isFinished ? 0 : 1) } }

    /// Runs each guest for a while. Answers whether one could go on at once.
    func run(stepsMax: Int) -> Bool {
        var canGoOn = false
        for (id, run) in runs where !run.isFinished {
            var steps = 0
            while steps < stepsMax, run.guest.step() { steps += 1 }
            if steps == stepsMax { canGoOn = true }
            if run.guest.isFinished { finish(id, run) }
        }
        return canGoOn
    }

    private func finish(_ id: DomainID, _ run: Run) {
        runs[id]?.isFinished = true
        run.asker?.answer(run.header, text: text(run.guest))
    }

    /// What a domain's program has done so far.
    func trace(of domain: DomainID) -> String { runs[domain].map { text($0.guest) } ?? "" }

    private func text(_ guest: Guest) -> String {
        var lines = guest.trace.lines(of: guest.program)
        if guest.trace.count > lines.count { lines.append("and \(guest.trace.count - lines.count) more steps") }
        if guest.trace.failureCount > 0 { lines.append("\(guest.trace.failureCount) expectations were not met") }
        return lines.joined(separator: "\n")
    }

    /// Who has asked for programs has gone: they go on, and their traces can be asked for.
    func forget(_ domain: DomainID) { runs[domain] = nil }
}
