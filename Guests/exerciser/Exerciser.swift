// The command loop of one vCPU. What accesses do to a device model is for the driver to see; the guest only does them.
import Machine

/// Boot.S calls this on each vCPU, with a stack of its own, SSE on, interrupts off.
@c(guest_main)
public func exerciserMain(_ vcpu: UInt32) -> Never {
    LocalAPIC.enable()
    load_idt(idt_pointer_start())
    if vcpu == 0 { Console.print("exerciser: hello\n") }
    store32(vcpu_starting(), 0)  // tells the starter that this vCPU is up
    let exerciser = Exerciser(vcpu: vcpu, port: CommandPort(vcpu: vcpu))
    while true { exerciser.step() }
}

struct Exerciser {
    let vcpu: UInt32
    let port: CommandPort

    /// Waits of one `pause` for another vCPU to come up: about two seconds under TCG.
    private static let startTriesMax = 5_000_000

    /// One command: fetched, checked, done, answered.
    func step() {
        guard let opcode = Opcode(rawValue: port.receiveOpcode()) else { return port.send(Answer(.unknownOpcode)) }
        do throws(Status) {
            var source = port
            port.send(try perform(try Command(opcode, from: &source)))
        } catch {
            port.send(Answer(error))
        }
    }

    func perform(_ command: Command) throws(Status) -> Answer {
        switch command {
        case .hello:
            return Answer().word(Protocol.version).word(vcpu).pair(Buffer.address(0)).word(Protocol.bufferBytes)
        case .portIn(let port, let width): return Answer().word(PortIO.read(port, width))
        case .portOut(let port, let width, let value): PortIO.write(port, width, value)
        case .stringIn(let port, let span): PortIO.read(port, into: span)
        case .stringOut(let port, let span): PortIO.write(port, from: span)
        case .load(let address, let width): return Answer().pair(Memory.load(address, width))
        case .store(let address, let width, let value): Memory.store(address, width, value)
        case .moveIn(let address, let span): Memory.move(from: address, into: span)
        case .moveOut(let address, let span): Memory.move(to: address, from: span)
        case .peek(let offset):
            return Answer().word(UInt32(truncatingIfNeeded: load32(Buffer.address(offset))))
        case .poke(let offset, let value): store32(Buffer.address(offset), UInt64(value))
        case .fill(let offset, let count, let value):
            for index in 0..<count { store32(Buffer.address(offset + 4 * index), UInt64(value)) }
        case .pciRead(let address, let port, let width):
            PCIConfiguration.select(address)
            return Answer().word(PortIO.read(port, width))
        case .pciWrite(let address, let port, let width, let value):
            PCIConfiguration.select(address)
            PortIO.write(port, width, value)
        case .armVector(let vector): Interrupts.arm(vector)
        case .vectorCount(let vector): return Answer().word(Interrupts.count(vector, on: vcpu))
        case .awaitVector(let vector, let count, let tries):
            return Answer().word(Interrupts.await(vector, on: vcpu, count: count, tries: tries))
        case .acknowledge(let vector, let port): Interrupts.acknowledge(vector, by: port)
        case .startVCPU(let other): try start(other)
        case .shutdown(let reason): try shutdown(reason)
        case .spin: spin()
        case .repeatIn, .repeatOut, .repeatLoad, .repeatStore: return Benchmark.run(command)
        case .repeatMessage(let port, let vector, let rounds):
            return try Benchmark.messages(port, vector, rounds, on: vcpu)
        case .script(let count, let rounds):
            return try run(try Script(count: count, on: vcpu, from: port), rounds: rounds)
        case .expectValue, .expectOnes, .expectWords: throw .badScript
        }
        return Answer()
    }

    private func start(_ other: UInt32) throws(Status) {
        guard other != vcpu, other != 0 else { throw .badArgument }
        LocalAPIC.start(vcpu: other)
        for _ in 0..<Exerciser.startTriesMax {
            if load32(vcpu_starting()) == 0 { return }
            spin_pause()
        }
        throw .timedOut
    }

    /// Answers first: there is no way to answer afterwards.
    private func shutdown(_ reason: UInt32) throws(Status) {
        guard Hypervisor.setUp() else { throw .noHypervisor }
        port.send(Answer())
        Hypervisor.shutdown(reason: reason)
        throw .noHypervisor
    }

    /// Answers, then never again.
    private func spin() -> Never {
        port.send(Answer())
        while true { spin_pause() }
    }
}
