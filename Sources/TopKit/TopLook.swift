// One look after another at a folder of pages, and what keys change about it.
// Not for: terminals.

import DaemonShell
import StatisticsPage
import SystemCalls

/// Why nothing can be shown.
public struct TopFailure: Error, Equatable, CustomStringConvertible {
    /// A sentence.
    public var description: String
}

/// Looks at the pages of a folder.
public struct TopLook {
    /// What rows are sorted by.
    public private(set) var order: TopOrder
    /// Whether the other way round.
    public private(set) var isReversed = false
    /// When the last look was, in nanoseconds of CLOCK_MONOTONIC.
    public private(set) var taken: UInt64 = 0
    private let folder: String
    private let isThere: (UInt16, UInt16) -> Bool?
    private var sampler = TopSampler()
    private var rows: [TopRow] = []
    private var notes: [String] = []

    /// Looks at `folder`. `isThere` says whether a domain has a server in Xen; pages of which nothing is left are
    /// removed by that.
    public init(
        folder: String, order: TopOrder, isThere: @escaping (_ domain: UInt16, _ server: UInt16) -> Bool?
    ) {
        self.folder = folder
        self.order = order
        self.isThere = isThere
    }

    /// Looks, and answers what there is. Throws when the folder can't be read.
    public mutating func take() throws(TopFailure) -> TopView {
        do throws(SystemError) {
            let found = try StatisticsFolder.read(folder)
            // Pages that somebody keeps elsewhere are not ours to remove.
            let isOurs = folder == StatisticsFolder.standardPath
            let pages = isOurs ? StatisticsFolder.tidy(found.pages, isThere: isThere) : found.pages
            taken = MonotonicTime.now.nanoseconds
            rows = sampler.rows(of: pages, now: taken)
            notes = found.unreadable.map { "note: \(printable($0.path)) is skipped: \($0.reason)" }
            let omitted = pages.reduce(0) { $0 + UInt64($1.page.omittedCount) }
            if omitted > 0 { notes.append("note: \(omitted) servers and ranges found no room on their page") }
            if pages.isEmpty { notes.insert("no process publishes in \(folder)", at: 0) }
        } catch {
            guard error.isAbsence else { throw TopFailure(description: "\(folder): \(error)") }
            taken = MonotonicTime.now.nanoseconds
            rows = sampler.rows(of: [], now: taken)
            notes = ["no process publishes in \(folder): there is no such folder, as no device model has run here yet"]
        }
        return view
    }

    /// The last look, in the order of now.
    public var view: TopView { TopView(rows: order.sort(rows, reversed: isReversed), notes: notes, order: order) }

    /// What the last line of a screen says.
    public var footer: String {
        "q quits; sorts by: p program, d domain, r requests, R reads, m mean, 9 p99, u unclaimed, e errors"
    }

    /// Does what a key says; false when it ends the program (q, Ctrl-C).
    public mutating func press(_ key: UInt8) -> Bool {
        let character = Character(UnicodeScalar(key))
        if character == "q" || key == 3 { return false }
        guard let chosen = TopOrder.allCases.first(where: { $0.key == character }) else { return true }
        isReversed = chosen == order ? !isReversed : false
        order = chosen
        return true
    }
}

extension SystemError {
    /// ENOENT: the folder, or /run.
    fileprivate var isAbsence: Bool { code == 2 }
}
