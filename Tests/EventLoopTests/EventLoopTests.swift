// The loop's promises: level-triggered, safe removal, timers in order.

import EventLoop
import SystemCalls
import Testing

/// Does what a test says.
private final class Handler: DescriptorHandler, TimerHandler {
    var onReady: (Watch, EventLoop) -> Void = { _, _ in }
    var onTimer: (EventLoop) -> Void = { _ in }
    var readyCount = 0
    var readiness: Readiness = []

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        readyCount += 1
        self.readiness = readiness
        onReady(watch, loop)
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) { onTimer(loop) }
}

@Suite struct EventLoopTests {
    @Test func aReadableDescriptorIsToldUntilItIsDrained() throws {
        let loop = try EventLoop()
        let counter = try EventCounter()
        let handler = Handler()
        _ = try loop.watch(counter.descriptor.rawValue, handler)
        try loop.turn(milliseconds: 0)
        #expect(handler.readyCount == 0)
        try counter.signal()
        try loop.turn(milliseconds: nil)
        try loop.turn(milliseconds: nil)
        #expect(handler.readyCount == 2)
        _ = try counter.drain()
        try loop.turn(milliseconds: 0)
        #expect(handler.readyCount == 2)
    }

    @Test func whoeverIsRemovedByAnotherHandlerOfTheRoundIsNotCalled() throws {
        let loop = try EventLoop()
        let counterOne = try EventCounter()
        let counterTwo = try EventCounter()
        try counterOne.signal()
        try counterTwo.signal()
        let one = Handler()
        let two = Handler()
        let watchOne = try loop.watch(counterOne.descriptor.rawValue, one)
        let watchTwo = try loop.watch(counterTwo.descriptor.rawValue, two)
        one.onReady = { _, loop in #expect(throws: Never.self) { try loop.remove(watchTwo) } }
        two.onReady = { _, loop in #expect(throws: Never.self) { try loop.remove(watchOne) } }
        try loop.turn(milliseconds: nil)
        #expect(one.readyCount + two.readyCount == 1)
    }

    @Test func aSlotUsedAgainWithinARoundGetsNoOldEvent() throws {
        let loop = try EventLoop()
        let counterOne = try EventCounter()
        let counterTwo = try EventCounter()
        let counterThree = try EventCounter()
        try counterOne.signal()
        try counterTwo.signal()
        let handlers = [Handler(), Handler()]
        let late = Handler()
        let silent = counterThree.descriptor.rawValue
        var watches: [Watch] = []
        watches.append(try loop.watch(counterOne.descriptor.rawValue, handlers[0]))
        watches.append(try loop.watch(counterTwo.descriptor.rawValue, handlers[1]))
        // Whoever comes first removes the other and takes its slot for a descriptor that has nothing to say.
        for (index, handler) in handlers.enumerated() {
            let other = watches[1 - index]
            handler.onReady = { _, loop in
                #expect(throws: Never.self) {
                    try loop.remove(other)
                    _ = try loop.watch(silent, late)
                }
            }
        }
        try loop.turn(milliseconds: nil)
        #expect(handlers[0].readyCount + handlers[1].readyCount == 1)
        #expect(late.readyCount == 0)
        #expect(watches.count(where: loop.isWatched) == 1)
    }

    @Test func removingTwiceDoesNothing() throws {
        let loop = try EventLoop()
        let counter = try EventCounter()
        let watch = try loop.watch(counter.descriptor.rawValue, Handler())
        try loop.remove(watch)
        try loop.remove(watch)
        #expect(!loop.isWatched(watch))
        try loop.change(watch, to: .readable)
    }

    @Test func interestCanBeChanged() throws {
        let loop = try EventLoop()
        let pipe = try Pipe()
        let handler = Handler()
        let watch = try loop.watch(pipe.writing.rawValue, for: .writable, handler)
        try loop.turn(milliseconds: 0)
        #expect(handler.readiness == .writable)
        try loop.change(watch, to: [])
        try loop.turn(milliseconds: 0)
        #expect(handler.readyCount == 1)
    }

    @Test func timersFireInOrderOfTheirMomentsThenOfAsking() throws {
        let loop = try EventLoop()
        var order: [Int] = []
        func timer(_ name: Int) -> Handler {
            let handler = Handler()
            handler.onTimer = { loop in
                order.append(name)
                if order.count == 4 { loop.stop() }
            }
            return handler
        }
        let soon = MonotonicTime.now.advanced(byMilliseconds: 2)
        _ = loop.schedule(at: soon, timer(3))
        _ = loop.schedule(at: MonotonicTime(nanoseconds: 5), timer(1))
        _ = loop.schedule(at: MonotonicTime(nanoseconds: 5), timer(2))
        _ = loop.schedule(at: soon, timer(4))
        try loop.run()
        #expect(order == [1, 2, 3, 4])
    }

    @Test func aCancelledTimerStaysSilent() throws {
        let loop = try EventLoop()
        let silent = Handler()
        silent.onTimer = { _ in Issue.record("cancelled, and fired") }
        let last = Handler()
        last.onTimer = { $0.stop() }
        let first = Handler()
        let victim = loop.schedule(at: MonotonicTime(nanoseconds: 2), silent)
        first.onTimer = { $0.cancel(victim) }
        _ = loop.schedule(at: MonotonicTime(nanoseconds: 1), first)
        _ = loop.schedule(at: MonotonicTime(nanoseconds: 3), last)
        try loop.run()
    }

    @Test func aTimerThatAsksForItselfAgainLetsDescriptorsHaveTheirTurn() throws {
        let loop = try EventLoop()
        let counter = try EventCounter()
        let handler = Handler()
        handler.onTimer = { loop in _ = loop.schedule(at: MonotonicTime(nanoseconds: 1), handler) }
        handler.onReady = { _, loop in loop.stop() }
        _ = try loop.watch(counter.descriptor.rawValue, handler)
        _ = loop.schedule(at: MonotonicTime(nanoseconds: 1), handler)
        try counter.signal()
        try loop.run()
        #expect(handler.readyCount == 1)
        handler.onTimer = { _ in }
    }

    @Test func stoppingEndsTheRoundAfterTheHandlerAtWork() throws {
        let loop = try EventLoop()
        let counterOne = try EventCounter()
        let counterTwo = try EventCounter()
        try counterOne.signal()
        try counterTwo.signal()
        let handler = Handler()
        handler.onReady = { _, loop in loop.stop() }
        _ = try loop.watch(counterOne.descriptor.rawValue, handler)
        _ = try loop.watch(counterTwo.descriptor.rawValue, handler)
        try loop.run()
        #expect(handler.readyCount == 1)
    }

    @Test func aRoundHandlerIsToldOnceForAllOfARoundAndMayAskForAnotherOne() throws {
        let loop = try EventLoop()
        let counterOne = try EventCounter()
        let counterTwo = try EventCounter()
        let handler = Handler()
        _ = try loop.watch(counterOne.descriptor.rawValue, handler)
        _ = try loop.watch(counterTwo.descriptor.rawValue, handler)
        try counterOne.signal()
        try counterTwo.signal()
        let rounds = Rounds()
        loop.roundHandler = rounds
        rounds.moreCount = 2
        #expect(try loop.turn(milliseconds: nil) == 2)
        #expect(rounds.count == 1 && handler.readyCount == 2 && loop.isAwake)
        _ = try counterOne.drain()
        _ = try counterTwo.drain()
        // It would sleep for ever, were it not kept awake.
        #expect(try loop.turn(milliseconds: nil) == 0)
        #expect(rounds.count == 2 && loop.isAwake)
        #expect(try loop.turn(milliseconds: nil) == 0)
        #expect(rounds.count == 3 && !loop.isAwake)
        loop.stayAwake()
        #expect(try loop.turn(milliseconds: nil) == 0)
        #expect(rounds.count == 4 && !loop.isAwake)
        #expect(handler.readyCount == 2)
    }

    @Test func aHandlerWhoseEndRemovesAnotherWatchMayBeRemoved() throws {
        let loop = try EventLoop()
        let counterOne = try EventCounter()
        let counterTwo = try EventCounter()
        let other = try loop.watch(counterTwo.descriptor.rawValue, Handler())
        let watch = try loop.watch(counterOne.descriptor.rawValue, Ending { try? loop.remove(other) })
        try loop.remove(watch)
        #expect(!loop.isWatched(other) && !loop.isWatched(watch))
    }
}

/// Counts the rounds, and asks for so many more.
private final class Rounds: RoundHandler {
    var count = 0
    var moreCount = 0

    func roundEnded(on loop: EventLoop) -> Bool {
        count += 1
        moreCount -= 1
        return moreCount >= 0
    }
}

/// Does something when it is let go.
private final class Ending: DescriptorHandler {
    private let end: () -> Void
    init(_ end: @escaping () -> Void) { self.end = end }
    deinit { end() }
    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {}
}
