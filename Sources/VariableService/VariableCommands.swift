// The commands of the guest's firmware: what changes nothing is answered at once, the rest in order of arrival, after
// the backend has it. Source: varstored.md 12.4, 13.4. Not for: ports (VariableDevice), rules (UEFIVariables).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
internal import UEFIVariables
internal import XenDeviceModel

/// Decides on commands and answers them, each exactly once.
final class VariableCommands: BlobSource, TimerHandler {
    /// A change that was decided, and waits for the backend.
    private struct Parked {
        let command: OrderedCommand
        let plan: VariablePlan
    }

    /// Variables, and what decides on them.
    private(set) var services: VariableServices
    private let authenticator: any VariableAuthenticator
    private let buffer: GuestBuffer
    private let persistence: PersistenceQueue
    private let loop: EventLoop
    private let log: DaemonLog
    private var parked: Parked?
    /// Commands whose turn comes when the parked one is done, oldest first; never more than there are vCPUs.
    private var queued: [OrderedCommand] = []
    private var isPumping = false
    private var verifications: TokenBucket
    private var verificationTimer: LoopTimer?
    /// Who waits for the end.
    private var ending: [() -> Void] = []
    private var endTimer: LoopTimer?
    private(set) var isOver = false

    init(
        _ services: VariableServices, _ authenticator: any VariableAuthenticator, _ buffer: GuestBuffer,
        _ persistence: PersistenceQueue, loop: EventLoop, log: DaemonLog, limits: ServiceLimits
    ) {
        self.services = services
        self.authenticator = authenticator
        self.buffer = buffer
        self.persistence = persistence
        self.loop = loop
        self.log = log
        verifications = TokenBucket(capacity: limits.verificationBurst, interval: limits.verificationInterval)
        persistence.source = self
    }

    // MARK: Commands

    /// Serves a command whose buffer begins at this frame.
    func run(_ request: consuming IORequest, frame: UInt32) {
        guard let bytes = buffer.snapshot(frame) else {
            log.write(
                fromGuest: .warning, kind: "buffer", "variables", "a command's buffer can't be mapped",
                [("frame", "0x" + String(frame, radix: 16))])
            request.answer()
            return
        }
        if isOver {
            answer(frame, .status(.deviceError))
            request.answer()
        } else if Self.mayChange(bytes.span) {
            if parked != nil || !queued.isEmpty { services.note(bytes.span) }
            queued.append(OrderedCommand(request, frame: frame, bytes: bytes))
            pump()
            return
        } else {
            // Decided on what is published, whatever is parked.
            let plan = services.decide(bytes.span, authenticator)
            answer(frame, services.complete(plan))
            request.answer()
        }
        buffer.recycle(bytes)
    }

    /// Whether it is SetVariable or NotifySecureBootFailure; all others, malformed ones too, change nothing.
    private static func mayChange(_ bytes: Span<UInt8>) -> Bool {
        switch try? VariableRequest.decode(bytes) {
        case .set, .notify: true
        default: false
        }
    }

    private func answer(_ frame: UInt32, _ reply: VariableReply) {
        if buffer.answer(frame, reply, of: services.store) { return }
        log.write(
            fromGuest: .warning, kind: "buffer", "variables", "a command's buffer is gone: no reply",
            [("frame", "0x" + String(frame, radix: 16))])
    }

    /// Decides on one command after the other until one has to wait.
    private func pump() {
        if isPumping { return }
        isPumping = true
        while parked == nil, let command = queued.first, mayDecide(command) {
            queued.removeFirst()
            decide(command)
        }
        isPumping = false
        endIfIdle()
    }

    private func decide(_ command: OrderedCommand) {
        let before = authenticator.verificationCount
        let bytes = command.takeBytes()
        let plan = services.decide(bytes.span, authenticator)
        buffer.recycle(bytes)
        let count = authenticator.verificationCount &- before
        if count > 0 { verifications.take(count, .now) }
        switch plan.effect {
        case .none:
            finish(command, plan, succeeded: true)
        case .persist:
            parked = Parked(command: command, plan: plan)
            persistence.persist(keysChanged: plan.changesKeys) { [weak self] in self?.finishParked($0) }
        case .notify:
            parked = Parked(command: command, plan: plan)
            persistence.notify { [weak self] in self?.finishParked($0) }
        }
    }

    private func finish(_ command: OrderedCommand, _ plan: VariablePlan, succeeded: Bool) {
        answer(command.frame, services.complete(plan, succeeded: succeeded))
        command.answer()
    }

    private func finishParked(_ isKept: Bool) {
        guard let parked else { return }
        self.parked = nil
        finish(parked.command, parked.plan, succeeded: isKept)
        pump()
    }

    // MARK: The cost of signatures

    /// Whether a command's turn may come now. Over the budget of verifications, what needs some waits.
    /// Source: varstored.md 7.
    private func mayDecide(_ command: OrderedCommand) -> Bool {
        let bytes = command.bytes
        guard Self.needsVerification(bytes.span) else { return true }
        let now = MonotonicTime.now
        if verifications.isReady(now) { return true }
        // Others go on meanwhile: they are to know what it says of the runtime.
        services.note(bytes.span)
        if verificationTimer == nil { verificationTimer = loop.schedule(at: verifications.next(now), self) }
        return false
    }

    private static func needsVerification(_ bytes: Span<UInt8>) -> Bool {
        guard case .set(_, _, _, let attributes, _)? = try? VariableRequest.decode(bytes) else { return false }
        return attributes.contains(.timeAuthenticated)
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        if timer == verificationTimer {
            verificationTimer = nil
            pump()
        } else if timer == endTimer {
            endTimer = nil
            end()
        }
    }

    // MARK: The physical presence window

    /// Source: varstored.md 10.4.
    func setWindowIndex(_ index: UInt32) {
        if !isOver { services.setWindowIndex(index) }
    }

    func readWindow(offset: Int, size: Int) -> UInt32 { services.readWindow(offset: offset, size: size) }

    func writeWindow(offset: Int, size: Int, value: UInt32) {
        if !isOver, services.writeWindow(offset: offset, size: size, value: value) { persistence.schedule() }
    }

    // MARK: The backend's side

    func newestBlob() -> [UInt8] { services.backendBlob(with: parked?.plan) }

    func persistenceIsIdle() { endIfIdle() }

    // MARK: The end

    /// Serves what has come in, until the deadline; then fails it.
    func stop(by deadline: MonotonicTime, then: @escaping () -> Void) {
        if isOver { return then() }
        ending.append(then)
        guard ending.count == 1 else { return }
        endTimer = loop.schedule(at: deadline, self)
        persistence.hurry()
    }

    private func endIfIdle() {
        if !ending.isEmpty, parked == nil, queued.isEmpty, persistence.isIdle { end() }
    }

    private func end() {
        if isOver { return }
        isOver = true
        for timer in [endTimer, verificationTimer].compactMap({ $0 }) { loop.cancel(timer) }
        // Fails the parked one, whose turn the next can't take any more.
        let late = queued
        queued = []
        persistence.giveUp()
        for command in late {
            answer(command.frame, .status(.deviceError))
            command.answer()
        }
        let ending = ending
        self.ending = []
        for then in ending { then() }
    }
}
