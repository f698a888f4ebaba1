// The guest's buffer is read once. Source: varstored.md 2, rules 2 and 5.

import HypervisorModel
import Testing
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@Suite struct SnapshotTests {
    @Test("13: a buffer that another vCPU changes while the signature is checked: the result is the snapshot's")
    func changedWhileVerified() throws {
        let bench = try ServiceBench()
        let evil = setSigned("evil", day: 2)
        let guest = bench.guest
        bench.authenticator.whileVerifying = { guest.poke(ServiceBench.address(0), evil) }
        #expect(try bench.status(setSigned("good")) == 0)
        #expect(bench.authenticator.verificationCount == 1)
        #expect(try bench.data("A") == "good")
        // Behind the status there is what the other vCPU has written: nothing of ours.
        #expect(bench.guest.peek(ServiceBench.address(0), evil.count)[8...] == evil[8...])
    }

    @Test("13: a buffer that is changed while the backend writes: the change and the reply are the snapshot's")
    func changedWhileParked() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        bench.guest.poke(ServiceBench.address(0), set("xyz", "U"))
        bench.backend.finish()
        try access.finish()
        #expect(bench.status() == 0)
        #expect(try bench.data() == "abc")
        #expect(try bench.data("U") == nil)
        #expect(bench.guest.peek(ServiceBench.address(0) + 8, 20) == Array(set("xyz", "U")[8..<28]))
    }

    @Test("13: a command that waits for its turn is decided on as it was when it came")
    func changedWhileQueued() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let first = try bench.begin(set("abc"))
        let second = try bench.begin(set("def", "U"), vcpu: 1)
        bench.guest.poke(ServiceBench.address(1), set("xyz", "V"))
        bench.backend.finish()
        bench.backend.finish()
        #expect(first.isOver && second.isOver)
        #expect(try bench.data("U") == "def")
        #expect(try bench.data("V") == nil)
    }

    @Test("Whatever the place and the length, each byte is copied to where it belongs")
    func everyAlignment() throws {
        let bench = try ServiceBench()
        let bytes = (0..<80).map { UInt8($0 + 1) }
        bench.guest.poke(0x8FE0, bytes)
        for start in 0..<40 {
            for count in 0...40 {
                let copy = try bench.mapped.readMemory(at: 0x8FE0 + UInt64(start), byteCount: count)
                #expect(copy == Array(bytes[start..<(start + count)]), "\(start) \(count)")
            }
        }
    }

    @Test("A mapping serves 64 commands, and no other frame's")
    func mappingsAreReused() throws {
        let bench = try ServiceBench()
        for round in 0..<64 { #expect(try bench.status(set("\(round)", "T", 6)) == 0) }
        #expect(bench.memory.asked == [(0x100..<0x110).map { GuestFrame($0) }])
        for round in 0..<65 { #expect(try bench.status(set("\(round)", "T", 6)) == 0) }
        #expect(bench.memory.asked.count == 3)
        // Two vCPUs in turn: each sees its own buffer.
        for round in 0..<10 {
            #expect(try bench.status(set("\(round)", "T", 6), vcpu: 0) == 0)
            #expect(try bench.status(set("\(round)", "U", 6), vcpu: 1) == 0)
        }
        #expect(try bench.data() == "9" && bench.data("U") == "9")
        #expect(bench.memory.asked.count == 22)
        #expect(bench.mapped.counter(of: .modifiedMemory).count == 149, "replies are reported to Xen, for migration")
    }

    @Test("A mapping is dropped when the guest changes its memory map")
    func mappingsAreDropped() throws {
        let bench = try ServiceBench()
        #expect(try bench.status(set("abc")) == 0)
        #expect(try bench.bench.run(script: "invalidate").isFinished)
        #expect(try bench.status(get()) == 0)
        #expect(bench.memory.asked.count == 2)
    }

    @Test("A buffer that is ballooned away between two commands gets no reply; we live on")
    func balloonedBetween() throws {
        let bench = try ServiceBench()
        #expect(try bench.status(set("abc")) == 0)
        let outcome = try bench.bench.run(script: "balloon 0x100 16\nout 0x100 4 0x100")
        #expect(outcome.isFinished, "\(outcome.lines)")
        #expect(bench.lines.count(of: "can't be mapped") == 1)
        #expect(try bench.status(set("def"), vcpu: 1) == 0)
        #expect(try bench.data() == "def")
    }

    @Test("A buffer that is ballooned away while its change is parked: the change is made, the access is completed")
    func balloonedWhileParked() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("abc"))
        var program = try GuestProgram(script: "balloon 0x100 16")
        program.steps = [[], program.steps[0]]
        #expect(bench.bench.run(program).lines == ["vcpu 1: balloon 0x100 16"])
        bench.backend.finish()
        try access.finish()
        #expect(try bench.data() == "abc")
        #expect(bench.lines.count(of: "buffer is gone") == 1)
    }
}
