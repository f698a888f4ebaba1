// Both ends of a ring, with the other side's words at any moment anything. Our own numbers go up by one at most, and
// nobody's claim makes us loop or touch what is not the ring's.
// Not for: whose ports the words are (Session).

import HypervisorModel
import SandboxWire
import XenABI
import XenPlatform

func checkRings(_ program: Program) {
    let pages = HeapPages()
    guard let run = try? pages.makePages(count: EventLayout.byteCount / GuestFrame.byteCount, purpose: "ring") else {
        return
    }
    for offset in stride(from: 0, to: EventLayout.byteCount, by: 4) {
        run.pages.store(0xABAB_ABAB, byteCount: 4, at: offset)
    }
    for offset in [64, 128, 192, 256, 320, 384] { run.pages.store(0, byteCount: 4, at: offset) }
    var writer = RingWriter(EventLayout.fired)
    var reader = RingReader(EventLayout.commands)
    var pushed: UInt32 = 0
    var popped: UInt32 = 0
    var steps = 0
    while !program.isOver, steps < 2000 {
        steps += 1
        switch program.byte() & 7 {
        case 0, 1:
            let consumed = word(run, 128)
            let isPushed = writer.push(program.raw32(), to: run.pages)
            hold(isPushed == (pushed &- consumed < EventLayout.capacity), "room is what the reader leaves")
            if isPushed { pushed &+= 1 }
            hold(word(run, 64) == pushed, "the writer's number goes up by one for each word")
        case 2, 3:
            let available = word(run, 192) &- popped
            switch reader.pop(from: run.pages) {
            case .empty: hold(available == 0, "empty is where there is nothing")
            case .broken: hold(available > EventLayout.capacity, "broken is more than there can be")
            case .word(let word):
                popped &+= 1
                _ = EventCommand(word)
            }
            hold(popped == 0 || word(run, 256) == popped, "the reader's number goes up by one for each word")
        case 4: run.pages.store(UInt64(near(program, pushed)), byteCount: 4, at: 128)
        case 5: run.pages.store(UInt64(near(program, popped)), byteCount: 4, at: 192)
        case 6:
            let sleeps = program.chance(of: 8) ? EventLayout.processSleeps : EventLayout.sandboxSleeps
            switch program.byte() & 3 {
            case 0: sleeps.set(run.pages)
            case 1: _ = sleeps.clear(run.pages)
            case 2: hold(!sleeps.take(run.pages) || !sleeps.isSet(run.pages), "who takes the word wakes, once")
            default: run.pages.store(UInt64(program.raw32()), byteCount: 4, at: program.chance(of: 8) ? 320 : 384)
            }
        default: checkCommand(program.raw32())
        }
    }
    checkUntouched(run)
}

private func word(_ run: PageRun, _ offset: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: run.pages.load(byteCount: 4, at: offset))
}

private func near(_ program: Program, _ number: UInt32) -> UInt32 {
    switch program.byte() & 3 {
    case 0: number &+ UInt32(program.byte())
    case 1: number &- UInt32(program.byte())
    case 2: number &+ EventLayout.capacity &- 1 &+ UInt32(program.byte() & 3)
    default: program.raw32()
    }
}

private func checkCommand(_ word: UInt32) {
    guard let command = EventCommand(word) else { return hold(word >> 24 == 0 || word >> 24 > 2, "known commands") }
    hold(EventCommand(command.word) == command, "a command is written as it was read")
}

/// Between the words with a meaning, nothing is written.
private func checkUntouched(_ run: PageRun) {
    let words: Set<Int> = [64, 128, 192, 256, 320, 384]
    for offset in stride(from: 0, to: 4096, by: 4) where !words.contains(offset) {
        hold(word(run, offset) == 0xABAB_ABAB, "the rest of the page is as it was")
    }
}
