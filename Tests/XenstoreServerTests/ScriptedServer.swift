// The server behind a ring, as tests want it: it answers by a rule, with a limit of replies; and memory that tells what
// is done to it, so that a second vCPU can come between.
// Not for: the store.

import XenABI
import XenPlatform
import XenstoreServer
import XenstoreWire

/// Answers each request by `answer`, READ's with its payload unless told otherwise.
final class ScriptedServer: RingClient {
    /// Requests whose reply may be unsent (xenstored.md 7.1).
    var outstandingMax = 20
    var answer: (Message) -> [Message] = { [Message($0.header, $0.payload)] }
    /// Called in each call, with its name.
    var onCall: (String, GuestRing) -> Void = { _, _ in }
    var isHeldBack = false
    /// Whether a long turn is to end for others.
    var areOthersWaiting = false
    private(set) var requests: [Message] = []
    private(set) var drops: [RingError?] = []
    /// Messages that wait, and how many of them are on their way.
    private(set) var queue: [[UInt8]] = []
    private(set) var begunCount = 0
    private(set) var sentCount = 0

    /// The program behind the ring is another one now, which has begun nothing (xenstored.md 13).
    func replace() { begunCount = 0 }

    func queue(_ message: Message) { queue.append(message.bytes) }

    func othersWait(_ ring: GuestRing) -> Bool {
        onCall("othersWait", ring)
        return areOthersWaiting
    }

    func mayRead(_ ring: GuestRing) -> Bool {
        onCall("mayRead", ring)
        return !isHeldBack && queue.count + begunCount < outstandingMax
    }

    func request(_ header: XenstoreHeader, _ payload: Span<UInt8>, from ring: GuestRing) {
        let request = Message(header, XenstoreText.copy(payload, 0..<payload.count))
        requests.append(request)
        for reply in answer(request) { queue(reply) }
        onCall("request", ring)
    }

    func nextMessage(for ring: GuestRing) -> [UInt8]? {
        onCall("nextMessage", ring)
        if queue.isEmpty { return nil }
        begunCount += 1
        return queue.removeFirst()
    }

    func messageSent(by ring: GuestRing) {
        begunCount -= 1
        sentCount += 1
        onCall("messageSent", ring)
    }

    func dropped(_ ring: GuestRing, because error: RingError?) {
        drops.append(error)
        queue = []
        begunCount = 0
        onCall("dropped", ring)
    }
}

/// Counts notifications, or refuses them.
final class ScriptedChannel: RingNotification {
    var count = 0
    var isBroken = false
    var onNotify: () -> Void = {}

    func notify() throws(XenError) {
        if isBroken { throw XenError(.einval, "IOCTL_EVTCHN_NOTIFY") }
        count += 1
        onNotify()
    }
}

/// Passes everything on, notes it, and lets somebody come between any two accesses.
final class WatchedMemory: RingMemory {
    private let memory: MappedRing
    var accesses: [String] = []
    var isNoting = true
    /// Called before each access.
    var between: () -> Void = {}

    init(_ pages: consuming MappedPages) { memory = MappedRing(pages) }

    private func note(_ access: @autoclosure () -> String) {
        between()
        if isNoting { accesses.append(access()) }
    }

    func load(_ word: RingWord) -> UInt32 {
        note("load \(word)")
        return memory.load(word)
    }

    func store(_ value: UInt32, to word: RingWord) {
        note("store \(word) \(value)")
        memory.store(value, to: word)
    }

    func copyOut(from offset: Int, into bytes: inout MutableSpan<UInt8>) {
        note("out \(offset)+\(bytes.count)")
        memory.copyOut(from: offset, into: &bytes)
    }

    func copyIn(at offset: Int, from bytes: Span<UInt8>) {
        note("in \(offset)+\(bytes.count)")
        memory.copyIn(at: offset, from: bytes)
    }

    func fence() {
        note("fence")
        memory.fence()
    }
}

/// A domain with a ring, its server and its channel.
final class Bench {
    let page = SharedPage()
    let server = ScriptedServer()
    let channel = ScriptedChannel()
    let memory: WatchedMemory
    let ring: GuestRing

    init(_ features: RingFeatures = .all, start: RingStart = .introduced, before: (SharedPage) -> Void = { _ in }) {
        before(page)
        memory = WatchedMemory(page.map())
        ring = GuestRing(DomainID(1), memory, channel, features: features, start: start)
    }

    /// The guest writes all of it, and wakes the server as often as it takes; gives up when nothing goes on.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var stalledCount = 0
        repeat {
            let sentCount = page.send(rest)
            rest = rest.dropFirst(sentCount)
            stalledCount = sentCount == 0 ? stalledCount + 1 : 0
            _ = ring.wake(server)
        } while !rest.isEmpty && ring.state == .served && stalledCount < 2
    }

    func send(_ messages: Message...) { send(messages.flatMap(\.bytes)) }

    /// What the guest gets when it reads all that there is.
    func receive() -> [Message] {
        var stream: [UInt8] = []
        while case let bytes = page.receive(), !bytes.isEmpty {
            stream += bytes
            _ = ring.wake(server)
        }
        return messages(stream)
    }
}
