// Operations that go on in rounds, and callers who rewrite what is between them: dmop.md section 1.5, row X6.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Rounds") struct ContinuationTests {
    /// The answer of a call whose caller sets bytes of buffer 0 after the first round.
    private func answer<P: DMOPPayload>(
        _ bench: Bench, _ payload: P, poke: [Int: UInt8], data: [UInt8] = [], rounds: inout Int
    ) -> XenErrorCode? {
        var payload = payload
        var data = data
        var count = 0
        bench.xen.betweenRounds = { buffer in
            count += 1
            if count == 1 { for (offset, value) in poke { buffer[offset] = value } }
        }
        defer { bench.xen.betweenRounds = nil }
        let answer = bench.op(&payload, data: &data, buffers: data.isEmpty ? 1 : 2)
        rounds = count
        return answer
    }

    private let longType = DMOP.SetMemoryType(count: 0x300, type: .ramReadOnly, first: GuestFrame(0))

    @Test("as many rounds as there are 256 frames, and nobody comes between unnoticed")
    func undisturbed() throws {
        var rounds = 0
        #expect(answer(try Bench(), longType, poke: [:], rounds: &rounds) == ok)
        #expect(rounds == 2)
    }

    @Test("a progress that was not handed out is EINVAL: op 12", arguments: [8, 9, 16, 17, 23])
    func typeProgress(offset: Int) throws {
        let bench = try Bench()
        var rounds = 0
        #expect(answer(bench, longType, poke: [offset: 7], rounds: &rounds) == .einval)
        #expect(rounds == 1)
        #expect(bench.use(0xff) == .ram(.ramReadOnly, page: 0xff))
        #expect(bench.use(0x100) == .ram(.ramReadWrite, page: 0x100))
    }

    @Test("every field is looked at anew: a type that is none, a pad, another operation")
    func anew() throws {
        var rounds = 0
        #expect(answer(try Bench(), longType, poke: [12: 3], rounds: &rounds) == .einval)
        #expect(answer(try Bench(), longType, poke: [14: 1], rounds: &rounds) == .einval)
        #expect(answer(try Bench(), longType, poke: [4: 1], rounds: &rounds) == .einval)
        #expect(answer(try Bench(), longType, poke: [0: 21], rounds: &rounds) == .eopnotsupp)
        #expect(answer(try Bench(), longType, poke: [0: 14], rounds: &rounds) == .einval)
        // A type that is one is as good as if it had been sent at first.
        let bench = try Bench()
        #expect(answer(bench, longType, poke: [12: 0], rounds: &rounds) == ok)
        #expect(bench.use(0x100) == .ram(.ramReadWrite, page: 0x100))
    }

    @Test("a progress that was not handed out is EINVAL: op 11", arguments: [8, 12])
    func reportProgress(offset: Int) throws {
        let bench = try Bench()
        bench.guest.isLogDirty = true
        let extent = DMOP.Extent(count: 0x300, first: GuestFrame(0)).encodedBytes
        var rounds = 0
        let payload = DMOP.ModifiedMemory(extentCount: 2)
        #expect(answer(bench, payload, poke: [offset: 0x55], data: extent + extent, rounds: &rounds) == .einval)
        #expect(answer(bench, payload, poke: [:], data: extent + extent, rounds: &rounds) == ok)
        #expect(rounds == 5)
    }

    @Test("a progress that was not handed out is EINVAL: op 15")
    func holderProgress() throws {
        for poke in [[16: UInt8(7)], [16: 0, 17: 0], [12: 2]] {
            let bench = try Bench()
            let id = try bench.create()
            #expect(bench.hold(id) == ok)
            #expect(bench.setType(0, 0x300, 4) == ok)
            var rounds = 0
            let payload = DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: [])
            let wanted: XenErrorCode = poke[12] != nil ? .ebusy : .einval
            #expect(answer(bench, payload, poke: poke, rounds: &rounds) == wanted)
            #expect(bench.guest.memory.trackedFrameCount == 0x200)
        }
    }

    @Test("a progress that was not handed out is EINVAL: op 17", arguments: [8, 16, 24])
    func moveProgress(offset: Int) throws {
        let bench = try Bench()
        var rounds = 0
        let payload = DMOP.RelocateMemory(count: 0x180, source: GuestFrame(0), destination: GuestFrame(0x2000))
        #expect(answer(bench, payload, poke: [offset: 0x7f], rounds: &rounds) == .einval)
        #expect(bench.use(0x20ff) == .ram(.ramReadWrite, page: 0xff))
        #expect(bench.use(0x2100) == .hole)
    }
}

@Suite("A round at a time") struct OneRoundTests {
    private func begin(_ bench: Bench) -> (OperationRun, [UInt8]) {
        let bytes = bench.buffer(DMOP.SetMemoryType(count: 0x300, type: .ramReadOnly, first: GuestFrame(0)))
        return (OperationRun(by: .control, on: bench.guest.id, bufferCount: 1), bytes)
    }

    private func goOn(_ bench: Bench, _ run: inout OperationRun, _ bytes: inout [UInt8]) throws(Refusal) -> Bool {
        var operation = bytes.mutableSpan
        var none = MutableSpan<UInt8>()
        return try bench.xen.goOn(&run, &operation, &none)
    }

    @Test("each round does 256 frames, and leaves how far it has come in the payload") func rounds() throws {
        let bench = try Bench()
        var (run, bytes) = begin(bench)
        for (round, isMore) in [true, true, false].enumerated() {
            #expect(try goOn(bench, &run, &bytes) == isMore)
            let frames = UInt64(round + 1) * 256
            #expect(bench.use(frames - 1) == .ram(.ramReadOnly, page: frames - 1))
            #expect(bench.use(frames) == .ram(.ramReadWrite, page: frames))
        }
    }

    @Test("a domain that has gone ends it, and so does another one with its id: ESRCH") func gone() throws {
        for isReplaced in [false, true] {
            let bench = try Bench()
            var (run, bytes) = begin(bench)
            #expect(try goOn(bench, &run, &bytes))
            try bench.xen.destroyDomain(bench.guest.id)
            if isReplaced { try bench.xen.createDomain(DomainShape(), id: bench.guest.id) }
            #expect(throws: Refusal(.esrch, "")) { _ = try goOn(bench, &run, &bytes) }
        }
    }

    @Test("other calls between two rounds don't disturb it; their effects are found") func between() throws {
        let bench = try Bench()
        var (run, bytes) = begin(bench)
        #expect(try goOn(bench, &run, &bytes))
        #expect(bench.op(DMOP.SetMemoryType(count: 1, type: .mmioDM, first: GuestFrame(0x180))) == ok)
        #expect(throws: Refusal(.einval, "")) { while try goOn(bench, &run, &bytes) {} }
    }
}
