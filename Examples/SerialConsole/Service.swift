// The loop: the guest's accesses, signals, the guest's end, output that has to wait.
// Not for: setting things up (see Program).

internal import EventLoop
internal import SystemCalls
import XenABI
import XenDeviceModel
import XenLinux
import XenPlatform

/// Serves one domain until there is a reason to end. A program without input and output of its own would call
/// `server.serve(until:)` instead.
final class Service: DescriptorHandler, TimerHandler {
    /// Why it ended.
    enum End: Equatable {
        case stopped
        case domainGone
        case failed(XenError)
        case loopFailed(SystemError)
    }

    /// The part of a line is shown after this long, in milliseconds.
    static let flushInterval: Int32 = 50

    private let domain: DeviceModelDomain
    private var server: IOREQServer<ServerState.Serving>?
    private let stop: StopSignals
    private let loop: EventLoop
    private let outputs: [ConsoleOutput]

    private var eventWatch: Watch?
    private var stopWatch: Watch?
    private var livenessTimer: LoopTimer?
    private var flushTimer: LoopTimer?
    private var end: End?

    private var requestCount: UInt64 = 0
    private var requestCountAtLastCheck: UInt64 = 0
    private var firstRequest: MonotonicTime?
    private var lastRequest: MonotonicTime?

    init(
        _ server: consuming IOREQServer<ServerState.Serving>, stop: StopSignals, loop: EventLoop,
        outputs: [ConsoleOutput]
    ) {
        domain = server.domain
        self.server = consume server
        self.stop = stop
        self.loop = loop
        self.outputs = outputs
    }

    /// Serves. Comes back once.
    func run() -> End {
        do throws(SystemError) {
            eventWatch = try loop.watch(domain.platform.events.descriptor, self)
            stopWatch = try loop.watch(stop.descriptor, self)
            scheduleLivenessCheck()
            serve()
            if end == nil { try loop.run() }
        } catch {
            end = end ?? .loopFailed(error)
        }
        return end ?? .stopped
    }

    /// Leaves the loop to what else is in it: output that has to wait.
    private func leaveLoop() {
        for watch in [eventWatch, stopWatch].compactMap({ $0 }) { try? loop.remove(watch) }
        for timer in [livenessTimer, flushTimer].compactMap({ $0 }) { loop.cancel(timer) }
    }

    /// Takes the server down, so that the guest goes on without us. Answers its numbers, and what went wrong; of a
    /// domain that is gone nothing is left to go wrong.
    func close() -> (statistics: ServerStatistics, failure: XenError?) {
        leaveLoop()
        guard let server = server.take() else { return (ServerStatistics(), nil) }
        let statistics = server.statistics
        do throws(XenError) {
            try server.close()
        } catch {
            return (statistics, end == .domainGone ? nil : error)
        }
        return (statistics, nil)
    }

    /// From the first request to the last one.
    var activeNanoseconds: UInt64 {
        guard let firstRequest, let lastRequest else { return 0 }
        return lastRequest.nanoseconds - firstRequest.nanoseconds
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        if watch == eventWatch { serve() } else { finish(.stopped) }
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        if timer == flushTimer {
            flushTimer = nil
            for output in outputs where output.hasPending { output.flush() }
        } else if timer == livenessTimer {
            domain.publishStatistics()
            checkLiveness()
            scheduleLivenessCheck()
        }
    }

    private func serve() {
        do throws(XenError) {
            try domain.process()
        } catch {
            finish(reason(for: error))
        }
        noteRequests()
        guard flushTimer == nil, outputs.contains(where: { $0.hasPending }) else { return }
        flushTimer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.flushInterval), self)
    }

    private func noteRequests() {
        let count = server?.statistics.requests ?? 0
        if count == requestCount { return }
        requestCount = count
        let now = MonotonicTime.now
        firstRequest = firstRequest ?? now
        lastRequest = now
    }

    private func scheduleLivenessCheck() {
        let interval = IOREQServer<ServerState.Serving>.livenessInterval
        livenessTimer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: interval), self)
    }

    /// No event tells of a domain's end. Who makes requests lives.
    private func checkLiveness() {
        if requestCount != requestCountAtLastCheck {
            requestCountAtLastCheck = requestCount
            return
        }
        do throws(XenError) {
            if try !domain.isAlive() { finish(.domainGone) }
        } catch {
            finish(.failed(error))
        }
    }

    /// Calls fail when the domain goes; then that is the reason.
    private func reason(for error: XenError) -> End {
        do throws(XenError) {
            return try domain.isAlive() ? .failed(error) : .domainGone
        } catch {
            return .failed(error)
        }
    }

    private func finish(_ reason: End) {
        end = end ?? reason
        loop.stop()
    }
}

/// Continues an output once its descriptor takes bytes again.
final class OutputWatch: DescriptorHandler {
    private let output: ConsoleOutput
    private let sink: DescriptorSink
    private let loop: EventLoop
    private let messages: Messages
    private var watch: Watch?

    init(_ output: ConsoleOutput, on sink: DescriptorSink, loop: EventLoop, messages: Messages) {
        self.output = output
        self.sink = sink
        self.loop = loop
        self.messages = messages
        output.whenBlocked = { [unowned self] in change(waiting: true) }
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        change(waiting: false)
        output.flush()
    }

    private func change(waiting: Bool) {
        do throws(SystemError) {
            if waiting, watch == nil {
                watch = try loop.watch(sink.descriptor.rawValue, for: .writable, self)
            } else if !waiting, let old = watch {
                watch = nil
                try loop.remove(old)
            }
        } catch {
            messages.say("an output can't be waited for: \(error)")
        }
    }
}
