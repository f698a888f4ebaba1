// One vCPU's program, step by step, until it waits. Not for: whose turn it is (Guest).

internal import XenABI

/// Where a vCPU's program is.
public enum GuestProgress: Hashable, Sendable {
    /// It waits: for a device model, an interrupt or an event.
    case waiting
    /// All of its steps are done.
    case finished
    /// The domain has stopped, or the vCPU hangs after a fault.
    case stopped
}

/// Runs the program of one vCPU.
final class GuestThread {
    let vcpu: VirtualCPU
    private let recorder: GuestRecorder
    private let steps: [GuestStep]
    private var index = 0
    /// The repeats that it is in: where they begin, and how often they are still to be done.
    private var loops: [(start: Int, left: UInt32)] = []
    /// The second access of a PCI cycle: the data, after the address.
    private var isInSecondPart = false
    private var handlesFaults = false
    private var events: [InjectedEvent] = []
    private(set) var progress: GuestProgress?
    /// Whether it has stopped only because its steps were used up: nothing else may come before it goes on.
    private(set) var isCutShort = false
    /// Steps that may be done before whoever runs it looks at something else.
    private var stepsLeft = Int.max
    /// Steps that are left of its turn.
    private var turnLeft = stepsPerTurn
    /// Bytes of a `fill` that are done.
    private var filled: UInt32 = 0

    init(_ vcpu: VirtualCPU, _ steps: [GuestStep], _ recorder: GuestRecorder) {
        self.vcpu = vcpu
        self.recorder = recorder
        self.steps = steps
    }

    /// Whether running it would do something.
    var canRun: Bool {
        guard progress != .finished, progress != .stopped else { return false }
        if isCutShort { return true }
        if vcpu.isBusy { return vcpu.canResume }
        if !vcpu.domain.life.isRunning || vcpu.pendingEvent != nil { return true }
        guard progress == .waiting, index < steps.count else { return true }
        switch steps[index] {
        case .waitInterrupt(let vector): return vcpu.interrupts.contains(vector)
        case .waitEvent(let vector): return events.contains { vector == nil || $0.vector == vector }
        default: return true
        }
    }

    /// Steps of one turn: a program that never waits must not keep everybody else from theirs.
    static let stepsPerTurn = 256

    /// Runs until it waits or is done, or its turn is over; then it can run at once.
    func run() -> GuestProgress {
        let result = goOn()
        progress = result
        return result
    }

    /// Runs until it waits, is done, or has done so many steps. Answers how many.
    func run(stepsMax: Int) -> Int {
        stepsLeft = stepsMax
        _ = run()
        defer { stepsLeft = Int.max }
        return stepsMax &- stepsLeft
    }

    private func goOn() -> GuestProgress {
        if let progress, progress != .waiting { return progress }
        if !isCutShort {
            takeEvent()
            turnLeft = Self.stepsPerTurn
        }
        isCutShort = false
        while true {
            guard stepsLeft > 0 else {
                isCutShort = true
                return .waiting
            }
            guard turnLeft > 0 else { return .waiting }
            stepsLeft &-= 1
            turnLeft &-= 1
            if vcpu.isBusy {
                if let end = settle(vcpu.resume()) { return end }
                continue
            }
            guard index < steps.count else { return .finished }
            guard vcpu.domain.life.isRunning else { return stop() }
            stepsLeft &-= steps[index].weight
            if let end = begin(steps[index]) { return end }
        }
    }

    /// Begins a step. Not nil: it can't go on now.
    private func begin(_ step: GuestStep) -> GuestProgress? {
        switch step {
        case .access(let access, _): return settle(vcpu.perform(access))
        case .move(let source, let target, let size, let count, let descending):
            let access = vcpu.domain.moving(source, target, size, count, descending)
            return settle(vcpu.perform(access))
        case .readPCI(let function, let register, let size, _):
            return settle(vcpu.perform(configuration(function, register, size, write: nil)))
        case .writePCI(let function, let register, let size, let value):
            return settle(vcpu.perform(configuration(function, register, size, write: value)))
        case .invalidate: return settle(vcpu.invalidateMappings())
        case .balloon(let frame, let count):
            vcpu.domain.giveBack(frame, count)
            return settle(vcpu.invalidateMappings())
        case .waitInterrupt(let vector):
            guard let place = vcpu.interrupts.firstIndex(of: vector) else { return .waiting }
            vcpu.interrupts.remove(at: place)
            vcpu.endInterrupt(vector)
            end(.done(nil))
        case .waitEvent(let vector):
            guard let place = events.firstIndex(where: { vector == nil || $0.vector == vector }) else {
                return .waiting
            }
            events.remove(at: place)
            end(.done(nil))
        case .repeated(let count): beginLoop(count)
        case .end: endLoop()
        default: doAtOnce(step)
        }
        return nil
    }

    /// Steps that nobody is waited for.
    private func doAtOnce(_ step: GuestStep) {
        let domain = vcpu.domain
        switch step {
        case .write(let address, let bytes):
            for (offset, byte) in bytes.enumerated() { domain.storeByte(address &+ UInt64(offset), byte) }
        case .fill(let address, let count, let byte):
            let next = min(count, filled &+ GuestStep.bytesAtOnce)
            for offset in UInt64(filled)..<UInt64(next) { domain.storeByte(address &+ offset, byte) }
            filled = next < count ? next : 0
            // The rest in the same step, when there are steps left.
            if next < count { return }
        case .expectMemory(let address, let bytes):
            let found = bytes.indices.map { domain.loadByte(address &+ UInt64($0)) }
            return end(found == bytes ? .done(nil) : .unexpectedMemory(found))
        case .apic(let isOn): vcpu.isAPICEnabled = isOn
        case .setClock(let seconds): domain.setClock(by: seconds)
        case .handleFaults: handlesFaults = true
        case .shutdown(let reason): domain.hypervisor.shutDown(domain, reason)
        default: break
        }
        end(.done(nil))
    }

    /// What an access has come to. Not nil: the vCPU can't go on now.
    private func settle(_ outcome: AccessOutcome) -> GuestProgress? {
        switch outcome {
        // Answered already, by a device model in the notification itself: on it goes.
        case .waiting: return vcpu.isWoken ? nil : .waiting
        case .retrying: return .waiting
        case .stopped: return stop()
        case .generalProtection, .dataAbort: return fault(outcome)
        case .done(let value):
            finish(value)
            return nil
        }
    }

    /// The access of the step has been done, or the first of two.
    private func finish(_ value: UInt64) {
        switch steps[index] {
        case .access(let access, let expected) where access.isRead && access.memoryAddress == nil:
            end(read: value, expected)
        case .readPCI(_, _, _, let expected) where isInSecondPart: end(read: value, expected)
        case .writePCI where isInSecondPart: end(.done(nil))
        case .readPCI, .writePCI: isInSecondPart = true
        default: end(.done(nil))
        }
    }

    private func end(read value: UInt64, _ expected: UInt64?) {
        end(expected == nil || expected == value ? .done(value) : .unexpected(value))
    }

    /// Without handlers a fault is a triple fault (row B13); an Arm guest without them hangs.
    private func fault(_ outcome: AccessOutcome) -> GuestProgress? {
        end(.fault)
        if handlesFaults { return nil }
        if outcome == .generalProtection { vcpu.domain.hypervisor.shutDown(vcpu.domain, .reboot) }
        return .stopped
    }

    private func stop() -> GuestProgress {
        end(.stopped)
        return .stopped
    }

    private func end(_ outcome: GuestTrace.Outcome) {
        recorder.append(GuestTrace.Entry(vcpu: vcpu.id, step: index, outcome: outcome))
        index += 1
        isInSecondPart = false
    }

    private func takeEvent() {
        guard !vcpu.isBusy, vcpu.domain.life.isRunning, let event = vcpu.takeEvent() else { return }
        recorder.append(GuestTrace.Entry(vcpu: vcpu.id, step: index, outcome: .event(event)))
        events.append(event)
    }

    // MARK: Repeats

    private func beginLoop(_ count: UInt32) {
        index += 1
        if count > 0 { return loops.append((index, count)) }
        var depth = 1
        while depth > 0, index < steps.count {
            switch steps[index] {
            case .repeated: depth += 1
            case .end: depth -= 1
            default: break
            }
            index += 1
        }
    }

    private func endLoop() {
        index += 1
        guard let last = loops.indices.last else { return }
        loops[last].left -= 1
        if loops[last].left > 0 { index = loops[last].start } else { loops.removeLast() }
    }

    /// The two accesses of a PCI cycle.
    private func configuration(
        _ function: PCIAddress, _ register: UInt32, _ size: AccessSize, write value: UInt64?
    ) -> GuestAccess {
        guard isInSecondPart else {
            let upper = (register >> 8 & 0xf) << 24
            let address = 0x8000_0000 | upper | (function.rawValue & 0xffff) << 8 | register & 0xfc
            return .output(0xcf8, .four, UInt64(address))
        }
        let port = 0xcfc + UInt16(register & 3)
        return value.map { .output(port, size, $0) } ?? .input(port, size)
    }
}
