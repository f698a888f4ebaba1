// The arithmetic of the indices, and the states of a ring, beside naive ones.

import Testing
import XenstoreServer

@Suite("Ring arithmetic")
struct WindowTests {
    private let bases: [UInt32] = [
        0, 1, 1023, 1024, 1025, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FBFF, 0xFFFF_FC00, 0xFFFF_FFFE, 0xFFFF_FFFF,
    ]

    private func read(_ producer: UInt32, _ consumer: UInt32) -> Result<RingPieces, RingError> {
        Result { () throws(RingError) in try RingWindow(producer: producer, consumer: consumer).readable() }
    }

    private func write(_ producer: UInt32, _ consumer: UInt32) -> Result<RingPieces, RingError> {
        Result { () throws(RingError) in try RingWindow(producer: producer, consumer: consumer).writable() }
    }

    @Test("XSA-38: every distance of two indices is 0 to 1024 bytes, or error 2, wherever they stand")
    func distances() {
        for base in bases {
            for used in 0...1024 as ClosedRange<UInt32> {
                #expect((try? read(base &+ used, base).get().byteCount) == Int(used))
                #expect((try? write(base &+ used, base).get().byteCount) == 1024 - Int(used))
            }
            for used in [1025, 1026, 2048, 4096, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0400, 0xFFFF_FC00, UInt32.max] {
                #expect(read(base &+ used, base) == .failure(.indices))
                #expect(write(base &+ used, base) == .failure(.indices))
            }
        }
    }

    @Test("the pieces are the bytes between the indices, in order, none twice, at their offset modulo 1024")
    func pieces() throws {
        for base in bases {
            for used in [0, 1, 2, 511, 1022, 1023, 1024] as [UInt32] {
                let window = RingWindow(producer: base &+ used, consumer: base)
                let read = try window.readable()
                #expect(Array(read.first) + Array(read.second) == (0..<used).map { Int((base &+ $0) % 1024) })
                let write = try window.writable()
                #expect(
                    Array(write.first) + Array(write.second)
                        == (0..<1024 - used).map { Int((base &+ used &+ $0) % 1024) })
            }
        }
    }

    @Test("four indices: a plan for both directions, or error 2 when either is wrong")
    func plan() throws {
        let good = RingWindow(producer: 3, consumer: 0)
        let bad = RingWindow(producer: 0, consumer: 1)
        let plan = try RingIndices(requests: good, responses: good).plan()
        #expect(plan.read.byteCount == 3 && plan.write.byteCount == 1021)
        #expect(throws: RingError.indices) { try RingIndices(requests: bad, responses: good).plan() }
        #expect(throws: RingError.indices) { try RingIndices(requests: good, responses: bad).plan() }
    }

    @Test("a ring is ignored from its first error on, begins anew by the word 1 alone, and is closed for ever")
    func life() {
        var life = RingLife(features: .all)
        func wake(_ word: UInt32) -> Bool { life.wake(connectionWord: word) }
        func fail(_ error: RingError) -> Bool { life.fail(error) }
        for word in [0, 2, 0x100, 0x8000_0001, UInt32.max] { #expect(!wake(word)) }
        for error in RingError.allCases {
            #expect(fail(error) && life.state == .ignored(error))
            #expect(!fail(.channel) && life.state == .ignored(error))
            #expect(!wake(0) && life.state == .ignored(error))
            #expect(wake(1) && life.state == .served)
        }
        life.close()
        #expect(!fail(.indices) && !wake(1) && life.state == .closed)
        life = RingLife(features: RingFeatures.all.subtracting(.reconnection))
        #expect(!wake(1) && fail(.indices) && !wake(1))
        #expect(life.state == .ignored(.indices))
    }

    @Test("the words of the page are where xenstored.md 8.1 has them")
    func layout() {
        #expect(RingWord.allCases.map(\.rawValue) == Array(stride(from: 2048, through: 2076, by: 4)))
        #expect(RingLayout.requestBytes == 0 && RingLayout.responseBytes == 1024 && RingLayout.ringByteCount == 1024)
        #expect(RingError.allCases.map(\.rawValue) == [1, 2, 3] && RingFeatures.all.rawValue == 15)
    }
}
