// A change that waits for the backend, and what goes on meanwhile. Source: varstored.md 12.4, 13.4, 3.7.

import HypervisorModel
import Testing
import UEFIVariables
import VariableService
import XenABI
import XenDeviceModel
import XenDeviceModelTesting

@Suite struct ParkingTests {
    @Test("While a change waits, window accesses, Get, GetNext, Query and malformed commands are answered at once")
    func othersGoOn() throws {
        let bench = try ServiceBench()
        #expect(try bench.status(set("abc")) == 0)
        bench.backend.behaviour = .waits
        let access = try bench.begin(set("def"))
        #expect(try bench.send(get(), vcpu: 1)[20..<23] == [0x61, 0x62, 0x63], "what is published")
        let next = VariableRequest.encodeNext(after: VariableName(""), .t, room: 4096)
        #expect(try bench.status(next, vcpu: 1) == 0)
        #expect(try bench.status(VariableRequest.encodeQuery(.ordinary), vcpu: 1) == 0)
        #expect(try bench.status([2, 0, 0, 0, 0, 0, 0, 0], vcpu: 1) == 0x19)
        #expect(try bench.status([1, 0, 0, 0, 5, 0, 0, 0], vcpu: 1) == 3)
        #expect(try bench.status([1, 0, 0, 0, 1, 1, 0, 0], vcpu: 1) == 3)
        // A change that is none: another version, no name.
        #expect(try bench.status([2, 0, 0, 0, 1, 0, 0, 0], vcpu: 1) == 0x19)
        #expect(try bench.status([2, 0, 0, 0, 4, 0, 0, 0], vcpu: 1) == 0x19)
        #expect(try bench.status([1, 0, 0, 0, 1, 0, 0, 0] + [UInt8](repeating: 0, count: 64), vcpu: 1) == 2)
        try bench.guest.write(port: 0x104, .doubleWord, 3, vcpu: 1)
        try bench.guest.write(port: 0x108, .byte, 0x42, vcpu: 1)
        #expect(try bench.guest.read(port: 0x108, .byte, vcpu: 1) == 0x42)
        #expect(!access.isOver)
        bench.backend.finish()
        try access.finish()
        #expect(bench.status() == 0)
        #expect(try bench.data() == "def")
    }

    @Test("Changes of other vCPUs, volatile ones too, wait for their turn and come in order of arrival")
    func order() throws {
        let bench = try ServiceBench(vcpus: 4)
        bench.backend.behaviour = .waits
        let accesses = [
            try bench.begin(set("0"), vcpu: 2), try bench.begin(set("1", "T", 0x47), vcpu: 0),
            try bench.begin(set("v", "V", 6), vcpu: 3), try bench.begin(set("2", "T", 0x47), vcpu: 1),
        ]
        #expect(accesses.allSatisfy { !$0.isOver })
        #expect(try bench.data("V") == nil)
        bench.backend.finish()
        #expect(accesses.map(\.isOver) == [true, false, false, false])
        #expect(try bench.data() == "0")
        bench.backend.finish()
        #expect(accesses.map(\.isOver) == [true, true, true, false], "the volatile one needs no backend")
        bench.backend.finish()
        #expect(accesses.allSatisfy { $0.isOver })
        #expect(try bench.data() == "012")
        #expect((0..<4).map { bench.status(vcpu: $0) } == [0, 0, 0, 0])
        #expect(bench.backend.overlaps == 0)
    }

    @Test("A change at runtime that waits for its turn puts the commands after it at runtime")
    func latchOfTheWaiting() throws {
        let bench = try ServiceBench(vcpus: 3)
        #expect(try bench.status(set("boot", "B", 3)) == 0)
        bench.backend.behaviour = .waits
        let first = try bench.begin(set("abc"))
        #expect(try bench.status(get("B"), vcpu: 2) == 0)
        let second = try bench.begin(
            VariableRequest.encodeSet(VariableName("U"), .t, .ordinary, [1], atRuntime: true), vcpu: 1)
        #expect(try bench.status(get("B"), vcpu: 2) == 0x0E)
        bench.backend.finish()
        bench.backend.finish()
        #expect(first.isOver && second.isOver)
    }

    @Test("A backend that answers within the call serves a queue of any length")
    func answersWithinTheCall() throws {
        let bench = try ServiceBench(vcpus: 64)
        bench.backend.behaviour = .waits
        let accesses = try (0..<64).map { try bench.begin(set("\($0) ", "T", 0x47), vcpu: $0) }
        bench.backend.behaviour = .confirms
        bench.backend.finish()
        #expect(accesses.allSatisfy { $0.isOver })
        #expect(try bench.data() == (0..<64).map { "\($0) " }.joined())
    }

    @Test("A failed write undoes the change: DEVICE_ERROR, and the next command sees nothing of it")
    func failure() throws {
        let bench = try ServiceBench()
        #expect(try bench.status(set("abc")) == 0)
        bench.backend.behaviour = .fails
        #expect(try bench.status(set("def")) == 7)
        #expect(try bench.status(set("x", "U")) == 7)
        #expect(try bench.data() == "abc" && bench.data("U") == nil)
        #expect(bench.lines.count(of: "could not be kept") == 2)
    }

    @Test("Without persistence nothing is ever written, and nothing waits")
    func nonpersistent() throws {
        let bench = try ServiceBench(VariablePolicy(persistent: false))
        bench.backend.behaviour = .fails
        #expect(try bench.status(set("abc")) == 0)
        try bench.guest.write(port: 0x104, .doubleWord, 260)
        try bench.guest.write(port: 0x108, .byte, 1)
        try bench.pass(700)
        #expect(bench.backend.writes.isEmpty)
        #expect(try bench.status(VariableRequest.encodeNotify()) == 7, "but it tells of refused images")
    }

    @Test("The backend is told of a refused image once; while it is, another Notify waits and is refused")
    func notify() throws {
        let bench = try ServiceBench()
        bench.backend.behaviour = .waits
        let first = try bench.begin(VariableRequest.encodeNotify())
        let second = try bench.begin(VariableRequest.encodeNotify(), vcpu: 1)
        #expect(!first.isOver && !second.isOver)
        bench.backend.finish()
        #expect(first.isOver && second.isOver)
        #expect(bench.status(vcpu: 0) == 0 && bench.status(vcpu: 1) == 0x0F)
        #expect(bench.backend.notifications == 1 && bench.backend.writes.isEmpty)
    }

    @Test("Each write says whether keys have changed since the last one that was confirmed")
    func reasons() throws {
        let bench = try ServiceBench()
        #expect(try bench.status(set("abc")) == 0)
        #expect(try bench.status(keys("db")) == 0)
        #expect(try bench.status(set("def")) == 0)
        bench.backend.behaviour = .fails
        #expect(try bench.status(keys("dbx")) == 7)
        bench.backend.behaviour = .confirms
        #expect(try bench.status(set("ghi")) == 0)
        #expect(try bench.status(set("jkl")) == 0)
        try bench.wait { bench.backend.writes.count == 7 }
        #expect(
            bench.backend.writes.map(\.reason)
                == [.ordinary, .keysChanged, .ordinary, .keysChanged, .keysChanged, .ordinary, .ordinary])
    }

    @Test("A change of keys that comes while the window is written is told with its own write")
    func reasonBehindTheWindow() throws {
        var limits = ServiceLimits.standard
        limits.coalescing = 30
        let bench = try ServiceBench(limits: limits)
        bench.backend.behaviour = .waits
        try bench.guest.write(port: 0x104, .doubleWord, 260, vcpu: 1)
        try bench.guest.write(port: 0x108, .byte, 7, vcpu: 1)
        try bench.wait { bench.backend.isBusy }
        let access = try bench.begin(keys("db"))
        bench.backend.finish()
        #expect(bench.backend.writes.map(\.reason) == [.ordinary, .keysChanged])
        bench.backend.finish()
        try access.finish()
        #expect(bench.status() == 0)
    }

    /// A hash for a list of keys; in setup mode nobody has to sign it.
    private func keys(_ name: String) -> [UInt8] {
        let time: [UInt8] = [0xE9, 7, 7, 1, 14, 22] + [UInt8](repeating: 0, count: 10)
        let descriptor = time + [24, 0, 0, 0, 0, 2, 0xF1, 0x0E] + VendorGUID.pkcs7.bytes
        let list = SignatureLists.list(of: .sha256, [(.t, [UInt8](repeating: 7, count: 32))])
        return VariableRequest.encodeSet(VariableName(name), .imageSecurity, .key, descriptor + list)
    }
}
