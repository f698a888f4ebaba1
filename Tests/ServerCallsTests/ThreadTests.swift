// Threads, the lock that they wait in, and their own numbers.

import Synchronization
import Testing

@testable import ServerCalls

@Suite("Threads") struct ThreadTests {
    @Test("a thread runs its closure once, and can be waited for")
    func joining() throws {
        // Through a box: a Mutex can't be captured by value.
        final class Box: Sendable { let count = Mutex(0) }
        let box = Box()
        let threads = try (0..<4).map { _ in try PlainThread { box.count.withLock { $0 += 1 } } }
        for thread in threads {
            thread.join()
            thread.join()
        }
        #expect(box.count.withLock { $0 } == 4)
    }

    @Test("who waits in a monitor goes on when another thread has changed what it waits for")
    func monitor() throws {
        final class Turns: @unchecked Sendable { var turn = 0 }
        let (monitor, turns) = (Monitor(), Turns())
        let thread = try PlainThread {
            for turn in stride(from: 1, to: 200, by: 2) {
                monitor.locked {
                    while turns.turn != turn { monitor.wait() }
                    turns.turn += 1
                    monitor.wakeAll()
                }
            }
        }
        for turn in stride(from: 0, to: 200, by: 2) {
            monitor.locked {
                while turns.turn != turn { monitor.wait() }
                turns.turn += 1
                monitor.wakeAll()
            }
        }
        thread.join()
        #expect(turns.turn == 200)
    }

    @Test("each thread has a number of its own")
    func numbers() throws {
        let number = ThreadNumber()
        #expect(number.value == 0)
        number.value = 7
        final class Seen: @unchecked Sendable { var values: [UInt] = [] }
        let seen = Seen()
        try PlainThread {
            seen.values.append(number.value)
            number.value = 9
            seen.values.append(number.value)
        }.join()
        #expect(seen.values == [0, 9])
        #expect(number.value == 7)
    }
}
