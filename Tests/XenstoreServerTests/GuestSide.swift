// The guest's end of a ring, over the same memory: a frontend that keeps the rules, and the words as a liar sets them.
// Not for: rules; the suites have those.

import XenABI
import XenPlatform
import XenstoreServer
import XenstoreWire

/// A page of the heap that both ends see. Counts those that are not unmapped yet.
@safe
final class SharedPage: MappingOwner {
    private let base: UnsafeMutableRawPointer
    let guest: MappedPages
    private(set) var serverMapCount = 0
    var isServerMapped: Bool { serverMapCount > 0 }

    init() {
        let base = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        unsafe self.base = base
        unsafe guest = MappedPages(unsafeBase: base, byteCount: 4096, owner: Nobody())
    }

    deinit { unsafe base.deallocate() }

    /// The server's mapping of it.
    func map() -> MappedPages {
        serverMapCount += 1
        return unsafe MappedPages(unsafeBase: base, byteCount: 4096, owner: self)
    }

    func unmap(address: UInt, byteCount: Int) { serverMapCount -= 1 }

    subscript(word: RingWord) -> UInt32 {
        get { guest.loadAcquiring32(at: word.rawValue) }
        set { guest.storeReleasing32(newValue, at: word.rawValue) }
    }

    /// The four indices, in the order of the page.
    var indices: [UInt32] {
        get { [self[.requestConsumer], self[.requestProducer], self[.responseConsumer], self[.responseProducer]] }
        set {
            self[.requestConsumer] = newValue[0]
            self[.requestProducer] = newValue[1]
            self[.responseConsumer] = newValue[2]
            self[.responseProducer] = newValue[3]
        }
    }

    /// Writes as many of the bytes as there is room for, and says how many.
    func send(_ bytes: some Collection<UInt8>) -> Int {
        let (consumer, producer) = (self[.requestConsumer], self[.requestProducer])
        let count = max(0, min(bytes.count, 1024 - Int(producer &- consumer)))
        for (index, byte) in bytes.prefix(count).enumerated() {
            guest.store(UInt64(byte), byteCount: 1, at: Int((producer &+ UInt32(index)) % 1024))
        }
        self[.requestProducer] = producer &+ UInt32(count)
        return count
    }

    /// Takes what is there, at most so many bytes.
    func receive(_ countMax: Int = 1024) -> [UInt8] {
        let (consumer, producer) = (self[.responseConsumer], self[.responseProducer])
        let count = min(countMax, Int(producer &- consumer))
        let bytes = (0..<count).map {
            UInt8(guest.load(byteCount: 1, at: 1024 + Int((consumer &+ UInt32($0)) % 1024)))
        }
        self[.responseConsumer] = consumer &+ UInt32(count)
        return bytes
    }
}

private final class Nobody: MappingOwner {
    func unmap(address: UInt, byteCount: Int) {}
}

/// A message that was found in a stream.
struct Message: Equatable {
    var header: XenstoreHeader
    var payload: [UInt8]

    init(_ header: XenstoreHeader, _ payload: [UInt8]) {
        self.header = header
        self.payload = payload
    }

    /// A request; `|` in the text is a NUL.
    init(_ operation: XenstoreOperation, _ text: String, id: UInt32 = 0) {
        self.init(operation, text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 }, id: id)
    }

    init(_ operation: XenstoreOperation, _ payload: [UInt8], id: UInt32 = 0) {
        header = XenstoreHeader(operation, requestID: id, payloadByteCount: UInt32(payload.count))
        self.payload = payload
    }

    /// As it goes over the wire.
    var bytes: [UInt8] {
        var writer = XenstoreWriter()
        writer.begin(header.operation, requestID: header.requestID, transactionID: header.transactionID)
        writer.put(payload)
        return writer.end() ? writer.bytes : []
    }
}

/// 16 bytes that announce a payload of this length.
func header(announcing count: UInt32) -> [UInt8] {
    Message(.read, []).bytes.prefix(12) + (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(8 * $0)) }
}

/// The same under another name, for those who have `messages` of their own.
func wholeMessages(_ stream: [UInt8]) -> [Message] { messages(stream) }

/// What a stream says, whole messages only.
func messages(_ stream: [UInt8]) -> [Message] {
    var parser = XenstoreFrameParser()
    var offset = 0
    var found: [Message] = []
    do throws(XenstoreFrameError) {
        while let message = try parser.next(
            in: stream.span, at: &offset, deliver: { Message($0, XenstoreText.copy($1, 0..<$1.count)) })
        { found.append(message) }
    } catch {
        return found
    }
    return found
}

/// Numbers that look like chance, the same in each run.
struct Numbers {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 32)
    }
    mutating func next(below bound: Int) -> Int { Int(next()) % bound }
}
