// Guests of the model: domains, and what the exerciser would do, done by the model's vCPUs. There is no guest program:
// each command is one access. Not for: scripts (HypervisorModel's Guest).

internal import HypervisorModel
public import XenABI

/// A vCPU that does one command at a time.
struct ModelVCPU {
    let vcpu: VirtualCPU
    var progress = GuestProgress.done(0)
    /// What the command asks for is not yet done: the last outcome was waiting, or retrying.
    var isUnderWay = false
    /// Vectors that have a gate, and how often each has come.
    var counts: [UInt8: UInt64] = [:]
    /// Ports that interrupts are acknowledged by, by vector.
    var acknowledgements: [UInt8: UInt16] = [:]
    /// Accesses that are still to be done.
    var accesses: [GuestAccess] = []
    /// The vector whose handler runs.
    var handled: UInt8?
    /// What it waits for with its interrupts open.
    var awaited: (vector: UInt8, count: UInt64)?
}

extension ModelHost {
    /// Where the exerciser's buffer would be: four pages of guest memory.
    private static let buffer: UInt64 = 0x10_0000

    /// Makes a guest with frames 0 to 0x3ff.
    public func makeGuest(_ kind: GuestKind, vcpuCount: Int) throws(HostError) -> DomainID {
        let shape: DomainShape
        switch kind {
        case .none: throw .broken("no guest was asked for")
        case .pausedPVH, .runningPVH: shape = DomainShape(.pvh, vcpuCount: vcpuCount)
        case .pausedHVM, .runningHVM: shape = DomainShape(.hvm, vcpuCount: vcpuCount)
        case .pausedPV: shape = DomainShape(.pv, vcpuCount: vcpuCount)
        }
        do throws(Refusal) {
            let domain = try hypervisor.createDomain(shape)
            // As the lab's processor, AMD's by QEMU, does. dmop.md 3.13.
            domain.refusesBadEvents = true
            guest = domain
            vcpus = domain.vcpus.map { ModelVCPU(vcpu: $0) }
            // Until its guest has switched it on, a local APIC takes nothing.
            for vcpu in domain.vcpus { vcpu.isAPICEnabled = kind.isRunning }
            return domain.id
        } catch {
            throw .broken("a guest can't be made: \(error)")
        }
    }

    /// Destroys a guest.
    public func destroyGuest(_ domain: DomainID) throws(HostError) {
        if guest?.id == domain {
            guest = nil
            vcpus = []
        }
        guard hypervisor.domain(domain) != nil else { return }
        do throws(Refusal) {
            try hypervisor.destroyDomain(domain)
        } catch {
            throw .broken("the guest can't be destroyed: \(error)")
        }
    }

    /// Vcpus of the model run when a step looks at them.
    public func setPaused(_ domain: DomainID, _ isPaused: Bool) throws(HostError) {}

    /// Switches log-dirty mode.
    public func setLogDirty(_ domain: DomainID, _ isOn: Bool) throws(HostError) -> Answer {
        guard let domain = hypervisor.domain(domain) else { return .error(.esrch) }
        domain.isLogDirty = isOn
        return .value(0)
    }

    /// An HVM parameter.
    public func parameter(_ domain: DomainID, _ index: UInt32, set value: UInt64?) throws(HostError) -> Answer {
        do throws(Refusal) {
            guard let value else { return .value(try hypervisor.parameter(index, on: domain)) }
            try hypervisor.setParameter(index, to: value, on: domain)
            return .value(0)
        } catch {
            return .error(error.code)
        }
    }

    /// What has become of a guest.
    public func condition(of domain: DomainID) throws(HostError) -> GuestCondition {
        guard let domain = hypervisor.domain(domain) else { return .gone }
        // Time passes: who was answered goes on.
        for number in vcpus.indices { _ = try progress(vcpu: number) }
        if domain.life.isDying { return .dying }
        return domain.life.shutdownReason.map { .shutDown($0.rawValue) } ?? .running
    }

    /// createdomain with an id.
    public func createDomain(withID id: DomainID) throws(HostError) -> Answer {
        do throws(Refusal) {
            try hypervisor.createDomain(DomainShape(.pvh), id: id)
            try hypervisor.destroyDomain(id)
            return .value(0)
        } catch {
            return .error(error.code)
        }
    }

    // MARK: The exerciser

    /// Guest-physical, and RAM.
    public func exerciserBuffer() throws(HostError) -> UInt64 { Self.buffer }

    /// Begins a command.
    public func begin(_ command: GuestCommand, vcpu number: Int) throws(HostError) {
        guard let guest, vcpus.indices.contains(number) else { throw .broken("no vCPU \(number) runs") }
        guard !vcpus[number].isUnderWay else { throw .broken("vCPU \(number) is busy") }
        takeEvents(number)
        if let access = command.access(buffer: Self.buffer) {
            vcpus[number].accesses = [access]
            goOn(number)
            return
        }
        var value: UInt64 = 0
        switch command {
        case .arm(let vector): vcpus[number].counts[vector, default: 0] += 0
        case .count(let vector): value = vcpus[number].counts[vector] ?? 0
        case .awaitVector(let vector, let count):
            vcpus[number].awaited = (vector, UInt64(count))
            goOn(number)
            return
        case .acknowledge(let vector, let port): vcpus[number].acknowledgements[vector] = port
        case .repeatStore(let address, let size, let value, let rounds):
            vcpus[number].accesses = [GuestAccess](repeating: .store(address, size, value), count: Int(rounds))
            goOn(number)
            return
        case .shutDown(let reason): hypervisor.shutDown(guest, ShutdownReason(reason))
        default: break
        }
        vcpus[number].progress = guest.life.isRunning ? .done(value) : .ended
        if case .shutDown = command { vcpus[number].progress = .done(0) }
    }

    /// Goes on where an answer has come.
    public func progress(vcpu number: Int) throws(HostError) -> GuestProgress {
        guard vcpus.indices.contains(number) else { throw .broken("no vCPU \(number) runs") }
        if vcpus[number].isUnderWay, vcpus[number].vcpu.isWoken || !vcpus[number].vcpu.isWaitingForAnswer {
            settle(number, vcpus[number].vcpu.resume())
            goOn(number)
        }
        return vcpus[number].progress
    }

    private func settle(_ number: Int, _ outcome: AccessOutcome) {
        var progress = GuestProgress.ended
        switch outcome {
        case .done(let value): progress = .done(value)
        case .waiting, .retrying: progress = .waiting
        // No handler: a triple fault.
        case .generalProtection: if let guest { hypervisor.shutDown(guest, .reboot) }
        case .dataAbort, .stopped: break
        }
        vcpus[number].progress = progress
        vcpus[number].isUnderWay = progress == .waiting
    }

    /// A vCPU takes the event that op 13 has left when it next runs. One without a gate is a triple fault.
    private func takeEvents(_ number: Int) {
        guard let guest, guest.life.isRunning, let event = vcpus[number].vcpu.takeEvent() else { return }
        if vcpus[number].counts[event.vector] == nil { hypervisor.shutDown(guest, .reboot) }
        vcpus[number].counts[event.vector, default: 0] += 1
    }

    /// One access after another; with interrupts open their handlers too, which acknowledge and end them.
    private func goOn(_ number: Int) {
        while !vcpus[number].isUnderWay, vcpus[number].progress != .ended {
            if !vcpus[number].accesses.isEmpty {
                settle(number, vcpus[number].vcpu.perform(vcpus[number].accesses.removeFirst()))
            } else if let vector = vcpus[number].handled {
                vcpus[number].handled = nil
                vcpus[number].vcpu.endInterrupt(vector)
            } else if let (vector, count) = vcpus[number].awaited {
                takeInterrupt(number, vector, count)
            } else {
                return
            }
        }
    }

    /// The next interrupt, unless enough have come or none is there.
    private func takeInterrupt(_ number: Int, _ awaited: UInt8, _ wanted: UInt64) {
        guard vcpus[number].counts[awaited] ?? 0 < wanted, let vector = vcpus[number].vcpu.takeInterrupt() else {
            vcpus[number].awaited = nil
            vcpus[number].progress = .done(vcpus[number].counts[awaited] ?? 0)
            return
        }
        vcpus[number].counts[vector, default: 0] += 1
        vcpus[number].handled = vector
        if let port = vcpus[number].acknowledgements[vector], port != 0 {
            vcpus[number].accesses = [.output(port, .one, UInt64(vector))]
        }
    }
}

extension GuestCommand {
    /// What of it is one access; nil: something else.
    func access(buffer: UInt64) -> GuestAccess? {
        switch self {
        case .input(let port, let size): .input(port, size)
        case .output(let port, let size, let value): .output(port, size, value)
        case .load(let address, let size): .load(address, size)
        case .store(let address, let size, let value): .store(address, size, value)
        // The buffer's frames may be of type 4.
        case .peek(let offset): .load(buffer + UInt64(offset), .four)
        case .poke(let offset, let word): .store(buffer + UInt64(offset), .four, UInt64(word))
        case .stringInput(let port, let size, let count, let offset, let down):
            .repeatedInput(port, size, count: count, to: buffer + UInt64(offset), descending: down)
        case .stringOutput(let port, let size, let count, let offset, let down):
            .repeatedOutput(port, size, count: count, from: buffer + UInt64(offset), descending: down)
        case .moveIn(let address, let size, let count, let offset, let down):
            .repeatedLoad(address, size, count: count, to: buffer + UInt64(offset), descending: down)
        case .moveOut(let address, let size, let count, let offset, let down):
            .repeatedStore(address, size, count: count, from: buffer + UInt64(offset), descending: down)
        default: nil
        }
    }
}
