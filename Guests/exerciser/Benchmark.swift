// The same access many times, timed by the time-stamp counter. The loop adds a few cycles to each round trip.
import Machine

enum Benchmark {
    /// Cycles as two words, then (reads) the last value as two words.
    static func run(_ command: Command) -> Answer {
        var last: UInt64 = 0
        let start = read_time_stamp()
        switch command {
        case .repeatIn(let port, let width, let rounds):
            for _ in 0..<rounds { last = UInt64(PortIO.read(port, width)) }
        case .repeatOut(let port, let width, let value, let rounds):
            for _ in 0..<rounds { PortIO.write(port, width, value) }
        case .repeatLoad(let address, let width, let rounds):
            for _ in 0..<rounds { last = Memory.load(address, width) }
        case .repeatStore(let address, let width, let value, let rounds):
            for _ in 0..<rounds { Memory.store(address, width, value) }
        default:
            return Answer(.unknownOpcode)
        }
        return Answer().pair(read_time_stamp() &- start).pair(last)
    }

    /// Writes to a port, by which the device model is asked for a message, and goes on when the message has arrived;
    /// interrupts are open all the time. Cycles, then how many arrived.
    static func messages(
        _ port: UInt32, _ vector: UInt32, _ rounds: UInt32, on vcpu: UInt32
    ) throws(Status) -> Answer {
        let before = Interrupts.count(vector, on: vcpu)
        enable_interrupts()
        defer { disable_interrupts() }
        let start = read_time_stamp()
        for round in 1...rounds {
            PortIO.write(port, .four, round)
            var tries = Protocol.messageTriesMax
            while Interrupts.count(vector, on: vcpu) &- before < round {
                tries -= 1
                guard tries > 0 else { throw .timedOut }
                spin_pause()
            }
        }
        let cycles = read_time_stamp() &- start
        return Answer().pair(cycles).pair(UInt64(Interrupts.count(vector, on: vcpu) &- before))
    }
}
