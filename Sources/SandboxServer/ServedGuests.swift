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

    /// Steps that a guest does before another's turn comes.
    private static let stepsPerShare = 64
    /// Bytes of a trace that are told at most: half of what may wait for a reader.
    static let traceBytesMax = 4 << 20

    private var runs: [DomainID: Run] = [:]
    /// The domains whose programs run, in the order of their turns. Changed as a whole, so that looking at it needs no
    /// check for overlapping changes.
    private var turns: [DomainID] = []
    /// Whose turn is next.
    private var next = 0
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// Starts a program. False: the domain runs one.
    func start(
        _ program: GuestProgram, on domain: Domain, for asker: ServedConnection, _ header: WireHeader
    ) -> Bool {
        if let run = runs[domain.id], !run.isFinished {
            if run.guest.domain === domain { return false }
            // Of a domain that has gone and had this id: whoever waits for its end is told.
            finish(domain.id, run)
        }
        forgetTheDead()
        let guest = Guest(domain, program, seed: seed)
        runs[domain.id] = Run(guest: guest, asker: asker, header: header)
        if !turns.contains(domain.id) { turns = turns + [domain.id] }
        return true
    }

    /// Programs that are not over.
    var runningCount: Int { runs.values.reduce(0) { $0 + ($1.isFinished ? 0 : 1) } }

    /// Runs guests for so many steps in all, one after the other from the one that is next: each has the same share.
    /// Answers whether one could go on at once.
    func run(stepsMax: Int) -> Bool {
        var left = stepsMax
        var idle = 0
        while left > 0, idle < turns.count {
            if turns.count <= next { next = 0 }
            let id = turns[next]
            guard let run = runs[id], !run.isFinished else {
                turns = turns.filter { $0 != id }
                continue
            }
            let share = min(left, Self.stepsPerShare)
            let used = run.guest.run(stepsMax: share)
            left -= used
            idle = used < share ? idle + 1 : 0
            next += 1
            if run.guest.isFinished { finish(id, run) }
        }
        return left <= 0
    }

    private func finish(_ id: DomainID, _ run: Run) {
        runs[id]?.isFinished = true
        run.asker?.answer(run.header, text: text(run.guest))
    }

    /// What a domain's program has done so far.
    func trace(of domain: DomainID) -> String { runs[domain].map { text($0.guest) } ?? "" }

    private func text(_ guest: Guest) -> String {
        var lines = guest.trace.lines(of: guest.program, byteCountMax: Self.traceBytesMax)
        if guest.trace.count > lines.count { lines.append("and \(guest.trace.count - lines.count) more steps") }
        if guest.trace.failureCount > 0 { lines.append("\(guest.trace.failureCount) expectations were not met") }
        return lines.joined(separator: "\n")
    }

    /// Programs of domains that have gone; nobody can ask for their traces.
    private func forgetTheDead() {
        runs = runs.filter { !$0.value.isFinished || !$0.value.guest.domain.life.isDead }
    }
}
