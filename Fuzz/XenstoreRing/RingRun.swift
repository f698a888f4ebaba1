// One ring's life, as the bytes of an input say. Not for: the arithmetic alone (Fuzz.swift).

import XenABI
import XenPlatform
import XenstoreWire

/// Memory of the fuzzer's that is a page, with a guest who acts before each access.
final class FuzzedMemory: RingMemory {
    private var bytes = [UInt8](repeating: 0, count: 4096)
    var between: () -> Void = {}
    private(set) var accessCount = 0

    subscript(word: RingWord) -> UInt32 {
        get { (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(bytes[word.rawValue + $1]) } }
        set { for index in 0..<4 { bytes[word.rawValue + index] = UInt8(newValue >> UInt32(8 * index) & 255) } }
    }

    subscript(offset: Int) -> UInt8 {
        get { bytes[offset] }
        set { bytes[offset] = newValue }
    }

    private func touch() {
        accessCount += 1
        hold(accessCount < 1_000_000, "no input keeps a server busy")
        between()
    }

    func load(_ word: RingWord) -> UInt32 {
        touch()
        hold(word != .requestConsumer && word != .responseProducer, "our own indices are not read back")
        return self[word]
    }

    func store(_ value: UInt32, to word: RingWord) {
        touch()
        hold(word != .port, "the port is Xen's")
        self[word] = value
    }

    func copyOut(from offset: Int, into target: inout MutableSpan<UInt8>) {
        touch()
        hold(offset >= 0 && offset + target.count <= 1024, "requests are read, nothing else")
        for index in target.indices { target[index] = bytes[offset + index] }
    }

    func copyIn(at offset: Int, from source: Span<UInt8>) {
        touch()
        hold(offset >= 1024 && offset + source.count <= 2048, "responses are written, nothing else")
        for index in source.indices { bytes[offset + index] = source[index] }
    }

    func fence() { touch() }
}

/// A ring, its server and its guest.
final class RingRun: RingClient, RingNotification {
    private let memory = FuzzedMemory()
    private var ring: GuestRing?
    private var input: ArraySlice<UInt8>
    /// What the server has got and not answered wholly.
    private var queue: [[UInt8]] = []
    private var begunCount = 0
    /// While the guest keeps the rules: what it has sent and not written yet, and what it expects.
    private var isHonest = true
    private var unwritten: ArraySlice<UInt8> = []
    private var expected: [UInt8] = []
    private var received = 0
    private var nextID: UInt32 = 0

    init(_ bytes: [UInt8]) { input = bytes[...] }

    private func next() -> UInt8 { input.popFirst() ?? 0 }

    func run() {
        let features = RingFeatures(rawValue: UInt32(next()) & 15)
        if next() & 7 == 0 { memory[.connection] = 1 }
        ring = GuestRing(DomainID(1), memory, self, features: features)
        memory.between = { [unowned self] in act() }
        while !input.isEmpty {
            act()
            serve(next())
        }
        finish()
        memory.between = {}
        ring = nil
    }

    private func serve(_ choice: UInt8) {
        guard let ring else { return }
        let max = Int(choice >> 4) + 1
        let turn = choice & 3 == 0 ? ring.turn(self, requestCountMax: max) : ring.wake(self, requestCountMax: max)
        hold(turn.requestCount <= max && turn.takenByteCount <= 65536, "a turn ends")
        hold(turn.writtenByteCount <= 65536, "a turn ends")
        let unfinished = ring.unfinished
        hold(unfinished.request.count < 4112 && unfinished.response.count <= 4112, "one message each way")
        hold(queue.count + begunCount <= 8, "no request is read beyond the limit")
        if isHonest { hold(ring.state == .served, "who keeps the rules is served") }
        if choice & 15 == 15, ring.state == .served { update(ring, unfinished) }
    }

    /// Live update: the ring goes on in another one.
    private func update(_ old: GuestRing, _ unfinished: (request: [UInt8], response: [UInt8])) {
        let features = old.features
        old.close()
        begunCount = 0
        if !isHonest || memory[.error] != 0 { return }
        let act = memory.between
        memory.between = {}
        let adopting = AdoptedMemory(memory)
        ring = GuestRing(
            DomainID(1), adopting, self, features: features,
            start: .continued(request: unfinished.request, response: unfinished.response))
        memory.between = act
    }

    /// An honest guest gets everything, however its pieces came.
    private func finish() {
        input = []
        for _ in 0..<2000 where isHonest && (received < expected.count || !unwritten.isEmpty) {
            write(1024)
            serve(0xF1)
            read(1024)
        }
        if isHonest { hold(received == expected.count, "everything arrives") }
    }

    /// What the guest does in a moment.
    private func act() {
        guard let action = input.popFirst() else { return }
        switch action & 15 {
        case 0, 1, 2: write(Int(next()) * 4)
        case 3, 4, 5: read(Int(next()) * 4)
        case 6, 7, 8:
            var writer = XenstoreWriter()
            writer.begin(.write, requestID: nextID)
            let size = Int(next()) << (action >> 4 & 4)
            writer.put([UInt8](repeating: action, count: min(size, 4096)))
            _ = writer.end()
            nextID += 1
            if unwritten.count < 16384 {
                unwritten += writer.bytes
                expected += writer.bytes
            }
        case 13 where action >> 4 == 13: lie()
        default: break
        }
    }

    private func lie() {
        isHonest = false
        let what = next()
        let value = (0..<4).reduce(0) { (word: UInt32, _) in word << 8 | UInt32(next()) }
        if what & 1 == 0 {
            memory[RingWord.allCases[Int(what >> 1) % 8]] = what & 0x40 == 0 ? value : value & 1
        } else {
            memory[Int(value & 2047)] = what
        }
    }

    private func write(_ countMax: Int) {
        let (consumer, producer) = (memory[.requestConsumer], memory[.requestProducer])
        let used = Int(producer &- consumer)
        guard used <= 1024 else { return }
        let piece = unwritten.prefix(min(countMax, 1024 - used))
        for (index, byte) in piece.enumerated() { memory[Int((producer &+ UInt32(index)) % 1024)] = byte }
        unwritten = unwritten.dropFirst(piece.count)
        memory[.requestProducer] = producer &+ UInt32(piece.count)
    }

    private func read(_ countMax: Int) {
        let (consumer, producer) = (memory[.responseConsumer], memory[.responseProducer])
        let used = Int(producer &- consumer)
        guard used <= 1024 else { return }
        let count = min(used, countMax)
        if isHonest {
            hold(received + count <= expected.count, "nothing arrives that was not asked for")
            for index in 0..<count {
                hold(
                    memory[1024 + Int((consumer &+ UInt32(index)) % 1024)] == expected[received + index],
                    "answers arrive in order")
            }
            received += count
        }
        memory[.responseConsumer] = consumer &+ UInt32(count)
    }

    func mayRead(_ ring: GuestRing) -> Bool { queue.count + begunCount < 8 }

    func othersWait(_ ring: GuestRing) -> Bool { (queue.count + begunCount) % 3 == 1 }

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from ring: GuestRing) {
        hold(ring.state == .served && payload.count == Int(header.payloadByteCount), "a whole request")
        var writer = XenstoreWriter()
        writer.begin(header.operation, requestID: header.requestID, transactionID: header.transactionID)
        writer.put(payload)
        hold(writer.end(), "no request is longer than a message may be")
        queue.append(writer.bytes)
        if !isHonest, payload.count == 77 { ring.close() }
    }

    func nextMessage(for ring: GuestRing) -> [UInt8]? {
        if queue.isEmpty { return nil }
        begunCount += 1
        return queue.removeFirst()
    }

    func messageSent(by ring: GuestRing) {
        begunCount -= 1
        hold(begunCount >= 0, "each is sent once")
    }

    func dropped(_ ring: GuestRing, because error: RingError?) {
        hold(!isHonest, "nothing is dropped of a guest that keeps the rules")
        queue = []
        begunCount = 0
    }

    func notify() throws(XenError) {}
}

/// The same page for a ring that goes on there: it may look at the server's indices, once each.
private final class AdoptedMemory: RingMemory {
    private let memory: FuzzedMemory
    private var isAdopting = true

    init(_ memory: FuzzedMemory) { self.memory = memory }

    func load(_ word: RingWord) -> UInt32 {
        if isAdopting, word == .requestConsumer { return memory[word] }
        if isAdopting, word == .responseProducer {
            isAdopting = false
            return memory[word]
        }
        return memory.load(word)
    }

    func store(_ value: UInt32, to word: RingWord) { memory.store(value, to: word) }
    func copyOut(from offset: Int, into bytes: inout MutableSpan<UInt8>) { memory.copyOut(from: offset, into: &bytes) }
    func copyIn(at offset: Int, from bytes: Span<UInt8>) { memory.copyIn(at: offset, from: bytes) }
    func fence() { memory.fence() }
}
