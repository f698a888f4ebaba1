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
}
