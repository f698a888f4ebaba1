// Calls that take many rounds: a few in each turn, so that everybody else is served in between.
// Not for: what a round does, which is the model's; calls as packets (ServedConnection+Calls).

internal import EventLoop
internal import HypervisorModel
internal import SandboxWire
internal import SystemCalls

/// A device-model operation between two rounds, and how to answer it.
struct CallUnderWay {
    /// As the process has asked.
    enum Question {
        /// By privcmd's DM_OP.
        case control(DeviceModelCall, [CallerBuffer], DeviceModelCallInRounds)
        /// By privcmd's HYPERCALL.
        case hypercall(HypercallRequest, CallerMemory, DeviceModelHypercall)
    }

    let header: WireHeader
    var question: Question
    /// When the process was last told that its call goes on; nil: the call is in its first turn.
    var lastTold: MonotonicTime?

    init(_ header: WireHeader, _ question: Question) {
        self.header = header
        self.question = question
    }
}

extension ServedConnection {
    /// Milliseconds between two words to the process that its call goes on: well below `WireLimits.answerMilliseconds`.
    private static let reassuranceMilliseconds: Int32 = 5000

    /// Begins a call. When it is not over after a few rounds it goes on in later turns, and packets that come
    /// meanwhile wait.
    func begin(_ call: CallUnderWay) {
        guard let file = nodes?.privcmd else { return }
        var call = call
        if goOn(&call, file, roundsMax: service.roundsPerCall) { return }
        call.lastTold = MonotonicTime.now
        callUnderWay = call
        listen()
        service.hasMore(self)
    }

    /// A turn's rounds of the call that is under way.
    func goOnWithCall() {
        guard var call = callUnderWay, let nodes, !isClosed else { return }
        let file = nodes.privcmd
        // Taken out, so that its buffers are not copied for each turn.
        callUnderWay = nil
        let isOver = goOn(&call, file, roundsMax: service.roundsPerCall)
        if isClosed { return }
        if isOver { return listen() }
        let now = MonotonicTime.now
        let isDue = call.lastTold.map { now >= $0.advanced(byMilliseconds: Self.reassuranceMilliseconds) } ?? false
        if isDue { call.lastTold = now }
        let header = call.header
        // Put back before anything is said: what is listened for depends on it.
        callUnderWay = call
        if isDue { answer(header, .success, NoBody(), hasMore: true) }
        if !isClosed { service.hasMore(self) }
    }

    /// Has the loop tell of what can be done now. During a call no packets are taken: the process waits in its ioctl,
    /// and only its end is of interest.
    func listen() {
        guard let socketWatch else { return }
        var interest: Readiness = callUnderWay == nil ? .readable : []
        if isQueueWaiting { interest.insert(.writable) }
        guard interest != self.interest else { return }
        self.interest = interest
        do throws(SystemError) {
            try service.loop.change(socketWatch, to: interest)
        } catch {
            service.close(self, because: "it has gone: \(error.description)")
        }
    }
}
