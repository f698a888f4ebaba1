// The command `live-update`: its sessions, from `-f` to the moment at which all is ready to be handed over
// (xenstored.md 12, 13.5).
// Not for: the hand-over itself (LiveUpdate+HandOver), the stream (XenstoreCore), the next program
// (StoreServer+TakeOver).

internal import DaemonShell
public import EventLoop
internal import SystemCalls
public import XenstoreCore

/// Another program in this one's place, at the wish of the toolstack. Clients notice nothing of it but a short silence.
public final class LiveUpdate: LiveUpdateCommands, TimerHandler {
    /// What is to be done, as far as it was said.
    struct Session {
        /// The program.
        var file: String
        /// The connection that has named it: the session goes with it while no start is under way.
        weak var owner: AnyObject?
        /// Whether that connection has ended.
        var hasEnded: Bool {
            switch owner {
            case let client as SocketClient: client.isClosed
            case let client as StoreRing: client.isClosed
            default: true
            }
        }
        /// Its arguments; nil: those that this program has.
        var arguments: [String]?
        /// Who has asked for the start, once somebody has.
        var asker: ConnectionID?
        var isForced = false
        /// The version of the stream that was asked for.
        var version: UInt32?
        /// When waiting for transactions ends.
        var deadline = MonotonicTime.now
        /// Whether the program is Corbel's too.
        var isCorbel = false
    }

    /// Seconds to wait for transactions unless told otherwise, and at most.
    private static var seconds: Int { 60 }
    private static var secondsMax: Int { 3600 }
    /// Milliseconds between two looks at open transactions.
    private static var pause: Int32 { 20 }
    /// How the answer to `--version` begins when the program reads what only Corbel writes.
    static var corbelMark: String { "xenstored (Corbel)" }

    unowned let server: StoreServer
    /// Where the state is written.
    let stateFile: String
    /// The arguments that this program has.
    let ownArguments: [String]
    /// Called last, before the other program begins.
    var prepare: () -> Void

    var session: Session?
    private var question: ReceiverQuestion?
    private var timer: LoopTimer?

    /// Updates of a server. `stateFile` is the path of the state, `arguments` those of this program, `prepare` what is
    /// to be done before there is another one.
    public init(
        _ server: StoreServer, stateFile: String, arguments: [String], prepare: @escaping () -> Void = {}
    ) {
        self.server = server
        self.stateFile = stateFile
        ownArguments = arguments
        self.prepare = prepare
    }

    /// The command's parameters: the answer, or nil when it comes later.
    public func liveUpdate(
        _ parameters: [[UInt8]], from connection: ConnectionID, on server: StoreServer
    ) -> ControlAnswer? {
        let words = parameters.map { String(decoding: $0, as: UTF8.self) }
        if let session, session.asker == nil, session.hasEnded { self.session = nil }
        switch (words.first, words.count) {
        case ("-f", 2): return begin(words[1], connection)
        case ("-c", 2): return set(arguments: words[1])
        case ("-a", 1): return abort()
        case ("-s", _): return start(words.dropFirst(), connection)
        default: return .wrong
        }
    }

    // MARK: Commands

    private func begin(_ file: String, _ connection: ConnectionID) -> ControlAnswer {
        if session != nil { return .lines(["A live update session is active already: -a ends it."]) }
        let access = fileAccess(path: file)
        if !access.exists || file.utf8.first != UInt8(ascii: "/") { return .lines(["File not accessible."]) }
        if !access.isExecutable { return .lines(["File not executable."]) }
        switch server.client(connection) {
        case .socket(let client): session = Session(file: file, owner: client)
        case .ring(let client): session = Session(file: file, owner: client)
        case nil: session = Session(file: file)
        }
        return .done
    }

    private func set(arguments: String) -> ControlAnswer {
        if session == nil { return Self.none }
        if session?.asker != nil { return Self.running }
        session?.arguments = arguments.split(separator: " ").map(String.init)
        return .done
    }

    private static var none: ControlAnswer { .lines(["There is no live update session: -f begins one."]) }
    private static var running: ControlAnswer { .lines(["The live update is under way."]) }

    /// Ends the session; who has asked for the start is told.
    private func abort() -> ControlAnswer {
        fail("The live update was ended before it was done.")
        session = nil
        return .done
    }

    private func start(_ words: ArraySlice<String>, _ connection: ConnectionID) -> ControlAnswer? {
        guard var next = session else { return Self.none }
        if next.asker != nil { return Self.running }
        var seconds = Self.seconds
        var rest = words
        while let word = rest.popFirst() {
            switch word {
            case "-F": next.isForced = true
            case "-t":
                guard let value = rest.popFirst().flatMap(Self.number), value <= Self.secondsMax else { return .wrong }
                seconds = value
            case "-v":
                guard let value = rest.popFirst().flatMap(Self.number), (1...2).contains(value) else { return .wrong }
                next.version = UInt32(value)
            default: return .wrong
            }
        }
        next.asker = connection
        next.deadline = MonotonicTime.now.advanced(byMilliseconds: Int32(seconds * 1000))
        session = next
        let question = ReceiverQuestion(next.file, on: server.loop) { [unowned self] in self.answered($0) }
        self.question = question
        question.ask()
        return nil
    }

    private static func number(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    // MARK: Steps 1 and 2

    /// The program has said what it is, or nothing.
    private func answered(_ text: String) {
        question = nil
        guard session != nil else { return }
        session?.isCorbel = text.hasPrefix(Self.corbelMark)
        if !losesSomething() { look() }
    }

    /// Gives the start up when the state can't hold all that there is, unless that doesn't matter (-F).
    private func losesSomething() -> Bool {
        let lost = lostFields
        if lost.isEmpty || session?.isForced != false { return false }
        fail("Version 1 of the state can't hold \(lost.joined(separator: " and ")): -F goes on without.")
        return true
    }

    /// How the state is written: C's daemons before 4.21 know version 1 only.
    var format: StateFormat {
        StateFormat(version: session?.version ?? (session?.isCorbel == true ? 2 : 1))
    }

    private var lostFields: [String] { format.version == 1 ? server.core.lostInVersionOne : [] }

    /// Hands over when nothing is in the way any more.
    func look() {
        timer = nil
        guard let session else { return }
        if mayHandOver(session) { return handOverAtRest() }
        if MonotonicTime.now < session.deadline {
            timer = server.loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.pause), self)
            return
        }
        let domains = server.core.domainsWithTransactions.map { "\($0)" }.joined(separator: " ")
        fail("Domains with open transactions: \(domains)")
    }

    /// The time to look again. The loop's business.
    public func fired(_ timer: LoopTimer, on loop: EventLoop) { look() }

    /// Whether no transaction is in the way, or those that are will be ended.
    private func mayHandOver(_ session: Session) -> Bool {
        if session.isCorbel || server.core.transactionCount == 0 { return true }
        return session.isForced && MonotonicTime.now >= session.deadline
    }

    /// Until then others have their turns, and may begin what would be lost without a word.
    private func handOverAtRest() {
        server.whenAtRest { [weak self] _ in
            guard let self, let session = self.session, !self.losesSomething() else { return }
            if self.mayHandOver(session) { self.handOver() } else { self.look() }
        }
    }

    /// Gives a start up, and the session; who has asked for it is told why.
    func fail(_ text: String) {
        guard let asker = session?.asker else { return }
        session = nil
        question = nil
        if let timer { server.loop.cancel(timer) }
        timer = nil
        server.log.write(.warning, "live-update", "not done", [("reason", text)])
        server.answer(asker, .lines([text]))
    }
}
