// Guests that run programs: steps, turns, traces.

import Testing
import XenABI
import XenPlatform

@testable import HypervisorModel

@Suite("Guests") struct GuestTests {
    /// Answers whatever is asked, whenever asked, until nobody can run.
    private func serve(_ guest: Guest, _ bench: AccessBench, _ answer: (IOREQ) -> UInt64) {
        while true {
            guest.runUntilIdle()
            var isDone = true
            for server in bench.servers {
                for vcpu in bench.guest.vcpus where server.isAsked(vcpu.id) {
                    server.answer(answer(server.slot(vcpu.id)), vcpu.id)
                    isDone = false
                }
            }
            if isDone { return }
        }
    }

    @Test("steps go one after the other, and what they read is in the trace")
    func steps() throws {
        let (bench, _, _, p) = try AccessBench.rows()
        let script = """
            in 0x200 4 expect 0x11
            load 0xf0000010 1 expect 0x12
            write 0x8000 01 02 03
            fill 0x8003 2 0xaa
            expect memory 0x8000 01 02 03 aa aa
            repeat 2
              pci read 00:02.0 0x12 2
            end
            repeat 0
              note never
            end
            rep movs 0x9000 1 count 5 from 0x8000
            expect memory 0x9000 01 02 03 aa ab
            note here
            """
        let program = try GuestProgram(script: script)
        let guest = Guest(bench.guest, program)
        serve(guest, bench) { $0.type == .pciConfig ? ($0.address == 0x10_0000_0012 ? 0x77 : 0) : 0x11 }
        #expect(guest.isFinished && p.slot().state == .none)
        #expect(
            guest.trace.lines(of: program) == [
                "vcpu 0: in 0x200 4 expect 0x11 -> 0x11",
                "vcpu 0: load 0xf0000010 1 expect 0x12 -> 0x11, which is not what it should be",
                "vcpu 0: write 0x8000 01 02 03", "vcpu 0: fill 0x8003 2 0xaa",
                "vcpu 0: expect memory 0x8000 01 02 03 aa aa",
                "vcpu 0: pci read 00:02.0 0x12 2 -> 0x77", "vcpu 0: pci read 00:02.0 0x12 2 -> 0x77",
                "vcpu 0: rep movs 0x9000 1 count 5 from 0x8000",
                "vcpu 0: expect memory 0x9000 01 02 03 aa ab -> 01 02 03 aa aa, which is not what it should be",
                "vcpu 0: note here",
            ])
        #expect(guest.trace.failureCount == 2)
    }

    @Test("an equal seed gives an equal trace; another one, another order")
    func seeds() throws {
        func trace(_ seed: UInt64) throws -> GuestTrace {
            let (bench, _, _, _) = try AccessBench.rows(vcpus: 4)
            let steps: [GuestStep] = [
                .repeated(20), .access(.input(0x200, .one), expect: nil),
                .access(.store(0xf000_0fff, .eight, 1), expect: nil),
                .end,
            ]
            let guest = Guest(bench.guest, GuestProgram([steps, steps, steps, steps]), seed: seed)
            var generator = SeededGenerator(seed: 1)
            serve(guest, bench) { _ in generator.next() }
            #expect(guest.isFinished && guest.trace.count == 160)
            return guest.trace
        }
        #expect(try trace(7) == trace(7))
        #expect(try trace(7) != trace(8))
    }

    @Test("with handlers a fault ends the step alone")
    func faults() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        a.setState(1)
        let program = try GuestProgram(script: "handle faults\nload 0xf0000010 4\nnote after")
        let guest = Guest(bench.guest, program)
        guest.runUntilIdle()
        #expect(guest.trace.entries.map(\.outcome) == [.done(nil), .fault, .done(nil)])
        #expect(bench.guest.life.isRunning)
    }

    @Test("events of op 13 are taken; an AMD processor refuses some, and the domain crashes: J4, J9, J10, J11")
    func events() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        let guest = Guest(bench.guest, try GuestProgram(script: "wait event 0x0e\nwait event"))
        guest.runUntilIdle()
        func inject(_ type: EventType, _ vector: UInt8) throws {
            try bench.call(
                once: DMOP.InjectEvent(
                    vcpu: VCPUID(0), vector: vector, type: type, instructionByteCount: 0, errorCode: ~0, extra: 0))
        }
        try inject(.hardwareException, 6)
        guest.runUntilIdle()
        #expect(guest.trace.count == 1)
        try inject(.hardwareException, 14)
        guest.runUntilIdle()
        #expect(guest.isFinished && bench.vcpu.pendingEvent == nil)
        for (type, vector) in [
            (EventType.hardwareException, 6), (.hardwareException, 13), (EventType(4), 0x41), (EventType(6), 3),
        ] {
            let (amd, _, _, _) = try AccessBench.rows()
            amd.guest.refusesBadEvents = true
            amd.vcpu.pendingEvent = InjectedEvent(type: type, vector: UInt8(vector), errorCode: ~0, extra: 0)
            let taker = Guest(amd.guest, GuestProgram(.waitEvent(UInt8(vector)), .waitEvent(nil)))
            taker.runUntilIdle()
            // Once.
            #expect(amd.guest.life.isRunning && !taker.isFinished && taker.trace.count == 2)
        }
        for (type, vector) in [(EventType.externalInterrupt, 0x41), (.nmi, 2), (.hardwareException, 0x44)] {
            let (amd, _, _, _) = try AccessBench.rows()
            amd.guest.refusesBadEvents = true
            amd.vcpu.pendingEvent = InjectedEvent(type: type, vector: UInt8(vector), errorCode: ~0, extra: 0)
            Guest(amd.guest, GuestProgram(.note("x"))).runUntilIdle()
            #expect(amd.guest.life.shutdownReason == .crash)
        }
    }

    @Test("frames given back are gone, and device models are told")
    func balloon() throws {
        let (bench, a, _, _) = try AccessBench.rows()
        let guest = Guest(
            bench.guest, try GuestProgram(script: "write 0x8000 01\nballoon 8 1\nexpect memory 0x8000 ff"))
        guest.runUntilIdle()
        #expect(a.slot().type == .invalidate && !guest.isFinished)
        serve(guest, bench) { _ in 0 }
        #expect(guest.isFinished && guest.trace.failureCount == 0)
        #expect(bench.guest.memory.use(of: GuestFrame(8)) == .hole)
    }

    @Test("a write that nobody holds the type for goes on once the frame is RAM again")
    func retries() throws {
        let (bench, a, b, _) = try AccessBench.rows()
        try bench.call(once: DMOP.MapMemoryType(id: a.id, type: .ioreqServer, flags: .write))
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ioreqServer, first: GuestFrame(0x100)))
        try a.destroy()
        let guest = Guest(bench.guest, GuestProgram(.access(.store(0x10_0000, .four, 5), expect: nil)))
        guest.runUntilIdle()
        #expect(!guest.isFinished && !guest.canRun(VCPUID(0)))
        try bench.call(once: DMOP.SetMemoryType(count: 1, type: .ramReadWrite, first: GuestFrame(0x100)))
        guest.runUntilIdle()
        #expect(guest.isFinished && bench.guest.loadMemory(0x10_0000, .four) == 5 && b.slot().state == .none)
    }

    @Test("the guest's writes are what op 7 sees")
    func dirty() throws {
        let (bench, _, _, _) = try AccessBench.rows()
        bench.guest.isLogDirty = true
        Guest(bench.guest, GuestProgram(.access(.store(0x8ffe, .four, 5), expect: nil))).runUntilIdle()
        #expect(bench.guest.loggedFrames == [GuestFrame(8), GuestFrame(9)])
    }

    @Test("a hostile device model: any bytes in slots and ring, 20,000 steps; guests go on or end by a rule")
    func hostilePages() throws {
        var generator = SeededGenerator(seed: 0xbad)
        var crashes = 0
        var steps = 0
        while steps < 20_000 {
            let kind: DomainShape.Kind = generator.next() % 2 == 0 ? .hvm : .pvh
            let bench = try AccessBench(DomainShape(kind, vcpuCount: 2, frameCount: 0x80))
            let server = try bench.add(
                .atomic, ports: [0x200...0x20f], memory: [0xa0000...0xbffff, 0xf000_0000...0xf000_1fff], pci: [0...0xff]
            )
            let program = try GuestProgram(
                script: """
                    handle faults
                    repeat 1000
                    in 0x200 4
                    store 0xa0000 8 5
                    rep ins 0x200 2 count 3 to 0x8fff
                    rep movs 0xf0000ffd 4 count 5 from 0x8ffe down
                    pci read 00:01.0 0x10 2
                    clock 5
                    invalidate
                    end
                    """)
            let guest = Guest(bench.guest, GuestProgram([program.steps[0], program.steps[0]]), seed: generator.next())
            for _ in 0..<500 {
                steps += 1
                guest.runUntilIdle()
                if guest.isFinished { break }
                let vcpu = VCPUID(UInt32(generator.next() % 2))
                switch generator.next() % 6 {
                case 0: server.run?.pages.store(generator.next(), byteCount: 8, at: Int(generator.next() % 8184))
                case 1: server.setState(UInt8(generator.next() % 4), vcpu)
                case 2:
                    server.setPointers(
                        UInt32(truncatingIfNeeded: generator.next()), UInt32(truncatingIfNeeded: generator.next()))
                case 3: server.put(generator.next(), byteCount: 1, at: Int(generator.next() % 32), vcpu)
                default: server.answer(generator.next(), vcpu)
                }
                server.notify(vcpu)
            }
            // Whoever still waits, waits for an answer: given one, it goes on.
            for vcpu in bench.guest.vcpus where vcpu.isBusy {
                #expect(vcpu.isWaitingForAnswer)
                server.answer(0, vcpu.id)
                #expect(guest.canRun(vcpu.id))
            }
            guest.runUntilIdle()
            if !bench.guest.life.isRunning { crashes += 1 }
        }
        #expect(crashes > 0)
    }

    @Test("a vCPU that never waits has turns like the others: asking for one step comes back")
    func endless() throws {
        let bench = try AccessBench()
        let program = try GuestProgram(
            script: """
                repeat 1000000000
                note again
                end
                """)
        let guest = Guest(bench.guest, program)
        #expect(guest.step())
        #expect(!guest.isFinished)
        #expect(guest.canRun(VCPUID(0)))
        #expect(guest.trace.count > 0)
    }
}

@Suite("Bounded turns") struct BoundedTests {
    private static let script = """
        repeat 7
        write 0x1000 01
        in 0x300 1
        fill 0x2000 20000 7
        rep ins 0x300 2 count 700 to 0x8000
        end
        expect memory 0x6e1f 07 00
        vcpu 1
        repeat 30
        out 0x301 1 2
        note x
        end
        vcpu 2
        repeat 9
        write 0x3000 05
        end
        """

    @Test("a trace is the same whatever the bound of a turn", arguments: [1, 2, 3, 17, 64, 1000])
    func bounds(bound: Int) throws {
        for seed in 0..<5 as Range<UInt64> {
            func guest() throws -> Guest {
                Guest(
                    try AccessBench(DomainShape(vcpuCount: 3)).guest, try GuestProgram(script: Self.script), seed: seed)
            }
            let whole = try guest()
            whole.runUntilIdle()
            let parts = try guest()
            var turns = 0
            while parts.run(stepsMax: bound) == bound, turns < 1_000_000 { turns += 1 }
            #expect(parts.isFinished && whole.isFinished && parts.trace == whole.trace)
            #expect(parts.trace.failureCount == 0)
            #expect(turns > 0)
        }
    }

    @Test("an endless program does no more than it may") func endless() throws {
        let bench = try AccessBench(DomainShape())
        let guest = Guest(bench.guest, try GuestProgram(script: "repeat 1000000000\nend"))
        #expect(guest.run(stepsMax: 1000) == 1000)
        #expect(!guest.isFinished && guest.canRun(VCPUID(0)))
    }
}
