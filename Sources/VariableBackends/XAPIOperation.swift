// Calls in one session: login, what is to be done, logout, all within one time. Source: varstored.md 13.3, 13.4.
// Not for: what is to be done (XAPIBackend).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls

/// Where the toolstack is, and how it is spoken to.
struct XAPILink {
    var path: String
    var loop: EventLoop
    var limits: XAPILimits
    var log: DaemonLog
}

/// What became of a call.
enum XAPIAnswer: Equatable {
    case success(XAPIValue)
    /// The toolstack has answered, and refuses; words, and the code of a `Failure`.
    case refused(String, code: String)
    /// Nobody knows.
    case failed(String)

    /// Words for the log, unless it is a success.
    var words: String? {
        switch self {
        case .success: nil
        case .refused(let words, _), .failed(let words): words
        }
    }
}

/// A session. Ends with one outcome, or by `cancel`.
final class XAPIOperation: TimerHandler {
    /// What a reference or a session of the toolstack has at most, in bytes: they come back in every request.
    static var referenceByteCountMax: Int { 1024 }

    private let link: XAPILink
    private let deadline: MonotonicTime
    private var call: XAPICall?
    private var timer: LoopTimer?
    private var wasRefused = false
    /// nil: not logged in.
    private var session: [UInt8]?
    /// The words of a failure; nil for success.
    private var then: ((String?) -> Void)?

    /// Logs in, and goes on with `body`, which makes calls and then says `finish`. `then` gets the words of a failure,
    /// or nil, once the session is closed.
    init(
        _ link: XAPILink, milliseconds: Int32, then: @escaping (String?) -> Void,
        body: @escaping (XAPIOperation, _ session: [UInt8]) -> Void
    ) {
        self.link = link
        self.then = then
        deadline = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        timer = link.loop.schedule(at: deadline, self)
        make(.login, repeats: true) { operation, answer in
            switch Self.reference(answer) {
            case .success(let session):
                operation.session = session
                body(operation, session)
            case .failure(let failure): operation.finish(failure.words)
            }
        }
    }

    /// Makes a call. `repeats`: one that did not answer in its time is made again, for as long as there is time; for
    /// calls that do the same when they are done twice.
    func make(
        _ request: XAPIRequest, repeats: Bool, then: @escaping (XAPIOperation, XAPIAnswer) -> Void
    ) {
        call = XAPICall(
            request, to: link.path, on: link.loop, limits: link.limits, until: nil,
            whenRefused: { [weak self] in self?.noteRefusal() },
            then: { [weak self] result in
                guard let self else { return }
                call = nil
                if repeats, case .failure(.timeout) = result {
                    link.log.write(.warning, "backend", "no answer, trying again", [("call", "\(request.method)")])
                    return make(request, repeats: true, then: then)
                }
                then(self, Self.answer(result, to: request.method))
            })
    }

    private func noteRefusal() {
        if wasRefused { return }
        wasRefused = true
        link.log.write(.warning, "backend", "nobody listens, trying again", [("socket", link.path)])
    }

    /// A session or a machine.
    static func reference(_ answer: XAPIAnswer) -> Result<[UInt8], XAPIFailureWords> {
        guard case .success(let value) = answer else { return .failure(XAPIFailureWords(answer.words ?? "no answer")) }
        guard let text = value.text, !text.isEmpty, text.count <= referenceByteCountMax else {
            return .failure(XAPIFailureWords("a reference that is none"))
        }
        return .success(text)
    }

    private static func answer(_ result: Result<[UInt8], XAPICallFailure>, to method: StaticString) -> XAPIAnswer {
        switch result {
        case .success(let body):
            switch XAPIReply(body) {
            case .success(let value): .success(value)
            case .failure(let code): .refused("\(method): \(code)", code: code)
            case .fault: .refused("\(method): fault", code: "")
            case nil: .failed("\(method): a reply that makes no sense")
            }
        case .failure(.timeout): .failed("\(method): no answer in time")
        case .failure(.system(let error)): .failed("\(method): \(error)")
        case .failure(.reply(.status(let status))): .refused("\(method): HTTP status \(status)", code: "")
        case .failure(.reply(let failure)): .failed("\(method): a reply that is not right: \(failure)")
        }
    }

    /// Says what became of it; logs out first, where that is still to be done.
    func finish(_ failure: String?) {
        guard let open = session else { return end(failure) }
        session = nil
        let left = MonotonicTime.now.milliseconds(until: deadline) - link.limits.marginMilliseconds
        logOut(open, milliseconds: min(link.limits.callMilliseconds, max(left, 1))) { [weak self] in
            self?.end(failure)
        }
    }

    /// The logout's own outcome changes nothing. Source: varstored.md 13.3.
    private func logOut(_ session: [UInt8], milliseconds: Int32, then: @escaping () -> Void) {
        let log = link.log
        call = XAPICall(
            .logout(session), to: link.path, on: link.loop, limits: link.limits,
            until: MonotonicTime.now.advanced(byMilliseconds: milliseconds), whenRefused: {},
            then: { result in
                if let words = Self.answer(result, to: "session.logout").words {
                    log.write(.debug, "backend", "not logged out", [("reason", words)])
                }
                then()
            })
    }

    private func end(_ failure: String?) {
        let then = self.then
        stop()
        then?(failure)
    }

    private func stop() {
        then = nil
        call?.cancel()
        call = nil
        if let timer { link.loop.cancel(timer) }
        timer = nil
    }

    /// Ends it without an outcome. The session is closed in the background.
    func cancel() {
        let open = session
        session = nil
        stop()
        if let open { logOut(open, milliseconds: link.limits.callMilliseconds) {} }
        call = nil
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        let then = self.then
        cancel()
        then?("no answer in time")
    }
}

/// Words of a failure, as an error.
struct XAPIFailureWords: Error {
    var words: String

    init(_ words: String) { self.words = words }
}
