// modules: XenABI StatisticsPage XenPlatform XenstoreWire
// sources: Sources/XenstoreServer/GuestRing.swift Sources/XenstoreServer/GuestRing+Turn.swift
// sources: Sources/XenstoreServer/RingClient.swift Sources/XenstoreServer/RingLayout.swift
// sources: Sources/XenstoreServer/RingLife.swift Sources/XenstoreServer/RingMemory.swift
// sources: Sources/XenstoreServer/RingWindow.swift
// A guest's ring while the input says what the guest does between any two accesses of the server: nothing traps or
// loops, and a guest that has kept the rules so far gets its answers in order.
// Not for: what is in a payload (Fuzz/XenstoreWire).

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    checkWindow(bytes)
    let run = RingRun(bytes)
    run.run()
    return 0
}

func hold(_ condition: Bool, _ text: StaticString) { precondition(condition, "\(text)") }

/// Two indices of the input, beside a naive reading of the rule.
private func checkWindow(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return }
    let producer = bytes[0..<4].reduce(0) { $0 << 8 | UInt32($1) }
    let consumer = bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
    // Mostly near each other: the rest is error 2.
    let window = RingWindow(producer: consumer &+ producer % 1100, consumer: consumer)
    let used = Int(producer % 1100)
    do throws(RingError) {
        let read = try window.readable()
        let write = try window.writable()
        hold(used <= 1024 && read.byteCount == used && write.byteCount == 1024 - used, "as many as there are")
        let places = Array(read.first) + Array(read.second) + Array(write.first) + Array(write.second)
        for (index, place) in places.enumerated() {
            hold(place == Int((consumer &+ UInt32(index)) % 1024), "each place once, in order")
        }
    } catch {
        hold(error == .indices && used > 1024, "only what can't be is refused")
    }
    let any = RingWindow(producer: producer, consumer: consumer)
    let isRight = producer &- consumer <= 1024
    hold(((try? any.readable()) != nil) == isRight && ((try? any.writable()) != nil) == isRight, "any indices")
}
