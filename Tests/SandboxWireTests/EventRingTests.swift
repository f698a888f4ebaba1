// The rings that a process shares with the sandbox: order, fullness, wrapping, liars, and who is woken when.

import SandboxWire
import Testing
import XenPlatform

/// Memory of the heap, as the rings see it.
private final class Heap: MappingOwner {
    let pages: MappedPages

    init() {
        let count = EventLayout.byteCount
        let base = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        pages = unsafe MappedPages(unsafeBase: base, byteCount: count, owner: Freeing())
    }

    func unmap(address: UInt, byteCount: Int) {}
}

private final class Freeing: MappingOwner {
    func unmap(address: UInt, byteCount: Int) {
        unsafe UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
    }
}

@Suite("Event rings") struct EventRingTests {
    @Test("words come out as they went in, beyond the end of the ring and of the numbers") func order() {
        let heap = Heap()
        var writer = RingWriter(EventLayout.fired)
        var reader = RingReader(EventLayout.fired)
        for round in 0..<3000 as Range<UInt32> {
            #expect((writer.push(round, to: heap.pages) && writer.push(~round, to: heap.pages)) == true)
            #expect((reader.pop(from: heap.pages) == .word(round)) == true)
            #expect((reader.pop(from: heap.pages) == .word(~round)) == true)
        }
        #expect((reader.pop(from: heap.pages) == .empty && reader.isEmpty(heap.pages)) == true)
    }

    @Test("a full ring takes no more until something is read") func full() {
        let heap = Heap()
        var writer = RingWriter(EventLayout.commands)
        var reader = RingReader(EventLayout.commands)
        for word in 0..<EventLayout.capacity { #expect((writer.push(word, to: heap.pages)) == true) }
        #expect((!writer.push(1, to: heap.pages) && !writer.hasRoom(heap.pages)) == true)
        #expect((reader.pop(from: heap.pages) == .word(0)) == true)
        #expect((writer.push(9, to: heap.pages)) == true)
        #expect((!writer.push(9, to: heap.pages)) == true)
    }

    @Test("the two rings and the words beside them share nothing") func apart() {
        let heap = Heap()
        var fired = RingWriter(EventLayout.fired)
        var commands = RingWriter(EventLayout.commands)
        EventLayout.processSleeps.set(heap.pages)
        for _ in 0..<EventLayout.capacity {
            #expect((fired.push(1, to: heap.pages) && commands.push(2, to: heap.pages)) == true)
        }
        var reader = RingReader(EventLayout.fired)
        for _ in 0..<EventLayout.capacity { #expect((reader.pop(from: heap.pages) == .word(1)) == true) }
        #expect((EventLayout.processSleeps.isSet(heap.pages) && !EventLayout.sandboxSleeps.isSet(heap.pages)) == true)
    }

    @Test("a liar's numbers are noticed, or make a ring look full") func liars() {
        let heap = Heap()
        var reader = RingReader(EventLayout.commands)
        heap.pages.storeReleasing32(EventLayout.capacity + 1, at: 192)
        #expect((reader.pop(from: heap.pages) == .broken) == true)
        heap.pages.storeReleasing32(UInt32.max, at: 192)
        #expect((reader.pop(from: heap.pages) == .broken) == true)
        var writer = RingWriter(EventLayout.fired)
        heap.pages.storeReleasing32(5, at: 128)
        #expect((!writer.push(1, to: heap.pages)) == true)
    }

    @Test("who sleeps is woken once") func waking() {
        let heap = Heap()
        let word = EventLayout.sandboxSleeps
        #expect((!word.take(heap.pages)) == true)
        word.set(heap.pages)
        #expect((word.take(heap.pages)) == true)
        #expect((!word.take(heap.pages) && !word.clear(heap.pages)) == true)
        word.set(heap.pages)
        #expect((word.clear(heap.pages)) == true)
        #expect((!word.take(heap.pages)) == true)
    }

    @Test("commands are words and back; other words are none") func commands() {
        for command in [EventCommand.notify(port: 0), .notify(port: 4095), .unmask(port: 17)] {
            #expect(EventCommand(command.word) == command)
        }
        #expect(EventCommand.notify(port: 5).word == 0x0100_0005)
        for word: UInt32 in [0, 5, 0x0300_0000, UInt32.max] { #expect(EventCommand(word) == nil) }
    }
}
