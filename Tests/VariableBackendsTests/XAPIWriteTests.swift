// Writes and notifications: which calls, in what order, and what becomes of answers that are wrong, late or none.
// varstored.md 13.3 to 13.6.

import EventLoop
import FakeXAPI
import SystemCalls
import Testing
import VariableFormats
import VariableService

@testable import VariableBackends

@Suite struct XAPIWriteTests {
    private let login = "session.login_with_password"
    private let logout = "session.logout"
    private let old = "VM.set_NVRAM_EFI_variables"
    private let new = "VM.set_NVRAM_EFI_variables_v2"

    /// A bench that has loaded, with a toolstack that knows certificates or doesn't.
    private func loaded(_ state: String?) throws -> Bench {
        let bench = try Bench.patient()
        bench.xapi.certificateState = state
        _ = try bench.load()
        bench.xapi.forgetCalls()
        return bench
    }

    @Test("194, 200: a write is login, set and logout; the reference is asked for once; its bytes are those of 13.3")
    func writes() throws {
        let bench = try loaded(nil)
        for _ in 0..<2 {
            #expect(try bench.write(XAPIRequestTests.blob) == .confirmed)
            #expect(bench.xapi.methods == [login, old, logout])
            #expect(
                SHA256.hexadecimal(bench.xapi.calls[1].bytes)
                    == "feb7eb0e3dbf125a1cc554f316e480515349c4bb81476a3775dfdfbac0b37a73")
            bench.xapi.forgetCalls()
        }
        #expect(bench.xapi.stored == Base64.encode(XAPIRequestTests.blob))
    }

    @Test("194: without a load, after a resume, the first write asks for the reference, later ones don't")
    func afterResume() throws {
        for (state, sets) in [("ok", [new]), (nil, [new, old])] {
            let bench = try Bench.patient()
            bench.xapi.certificateState = state
            #expect(try bench.write() == .confirmed)
            #expect(bench.xapi.methods == [login, "VM.get_by_uuid"] + sets + [logout])
            bench.xapi.forgetCalls()
            // Which call the toolstack knows is known by now.
            #expect(try bench.write() == .confirmed)
            #expect(bench.xapi.methods == [login, sets[sets.count - 1], logout])
        }
    }

    @Test("194: what becomes of the certificates' state goes by the reason of the write")
    func updates() throws {
        let bench = try loaded("update_on_boot")
        for (reason, word) in [
            (WriteReason.ordinary, "no"), (.keysChanged, "unspecified"), (.certificatesUpdated, "yes"),
        ] {
            #expect(try bench.write(for: reason) == .confirmed)
            #expect(bench.xapi.methods == [login, new, logout])
            #expect(bench.xapi.calls[1].parameters[3] == word)
            bench.xapi.forgetCalls()
        }
        #expect(bench.xapi.certificateState == "ok")
    }

    @Test(
        "200: a toolstack that knows the state but not the new call gets the old one; not where the state must change")
    func unknownCall() throws {
        let bench = try loaded("ok")
        bench.xapi.behaviours = [Behaviour(.failure("MESSAGE_METHOD_UNKNOWN"), for: new)]
        #expect(try bench.write(for: .certificatesUpdated) == .failed("\(new): MESSAGE_METHOD_UNKNOWN"))
        #expect(bench.xapi.stored == nil)
        bench.xapi.forgetCalls()
        #expect(try bench.write() == .confirmed)
        #expect(bench.xapi.methods == [login, new, old, logout])
        bench.xapi.forgetCalls()
        #expect(try bench.write() == .confirmed)
        #expect(bench.xapi.methods == [login, old, logout])
    }

    @Test("195: a write that is answered by Failure fails, and logout is tried")
    func failure() throws {
        for (state, set) in [("ok", new), (nil, old)] {
            let bench = try loaded(state)
            bench.xapi.behaviours = [Behaviour(.failure("VM_IS_PROTECTED"), for: set)]
            #expect(try bench.write() == .failed("\(set): VM_IS_PROTECTED"))
            #expect(bench.xapi.methods == [login, set, logout])
            #expect(bench.xapi.stored == nil)
            bench.xapi.behaviours = []
            #expect(try bench.write() == .confirmed)
        }
    }

    @Test(
        "195: every wrong answer to a set fails the write, and logout is tried",
        arguments: [
            .empty, .cut(0), .cut(100), .longLength, .shortLength, .bothLengths, .twoLengths, .hugeLength, .endless,
            .status(404), .fault, .doctype, .deep, .garbage,
        ] as [Misbehaviour])
    func wrongAnswers(way: Misbehaviour) throws {
        let bench = try loaded("ok")
        bench.xapi.behaviours = [Behaviour(way, for: new)]
        guard case .failed? = try bench.write() else {
            Issue.record("taken for a success")
            return
        }
        #expect(bench.xapi.methods == [login, new, logout])
        bench.xapi.behaviours = []
        #expect(try bench.write() == .confirmed)
        #expect(bench.xapi.connectionCount == 0)
    }

    @Test("195: a login that fails ends the write without another call")
    func loginFails() throws {
        let bench = try loaded("ok")
        bench.xapi.behaviours = [Behaviour(.failure("SESSION_AUTHENTICATION_FAILED"), for: login)]
        #expect(try bench.write() == .failed("\(login): SESSION_AUTHENTICATION_FAILED"))
        #expect(bench.xapi.methods == [login])
    }

    @Test func whoeverHangsUpAtOnceFailsTheWrite() throws {
        let bench = try loaded("ok")
        bench.xapi.behaviours = [Behaviour(.hangUp)]
        // A short request is sent before the other side goes, a long one is not.
        for count in [3, 250_000] {
            guard case .failed? = try bench.write([UInt8](repeating: 1, count: count)) else {
                Issue.record("taken for a success")
                return
            }
        }
        bench.xapi.behaviours = []
        let long = [UInt8](repeating: 1, count: 250_000)
        bench.xapi.onCall = { [unowned bench] in if $0.method == login { bench.xapi.behaviours = [Behaviour(.hangUp)] }
        }
        guard case .failed? = try bench.write(long) else {
            Issue.record("taken for a success")
            return
        }
        #expect(bench.xapi.stored == nil)
    }

    @Test("194: a logout that fails, or is not answered, leaves a write confirmed")
    func logoutFails() throws {
        for way in [.failure("X"), .garbage, .empty, .status(500)] as [Misbehaviour] {
            let bench = try loaded("ok")
            bench.xapi.behaviours = [Behaviour(way, for: logout)]
            #expect(try bench.write() == .confirmed)
        }
        // The toolstack goes after the write.
        let gone = try Bench { $0.writeMilliseconds = 2000 }
        gone.xapi.onSet = { [unowned gone] _ in try? gone.xapi.stopListening(removingFile: true) }
        #expect(try gone.write() == .confirmed)
        #expect(gone.lines.lines.contains { $0.contains("not logged out") })
        // Confirmed before whoever waits gives up.
        let bench = try Bench { ($0.writeMilliseconds, $0.marginMilliseconds) = (2000, 1000) }
        bench.xapi.behaviours = [Behaviour(.silent, for: logout)]
        let start = MonotonicTime.now
        #expect(try bench.write() == .confirmed)
        #expect(start.milliseconds(until: .now) < 2000)
    }

    @Test func aReferenceThatHasBecomeInvalidIsAskedForAnewOnce() throws {
        let bench = try loaded("ok")
        bench.xapi.machine = "OpaqueRef:new"
        #expect(try bench.write() == .confirmed)
        #expect(bench.xapi.methods == [login, new, "VM.get_by_uuid", new, logout])
        bench.xapi.forgetCalls()
        #expect(try bench.write() == .confirmed)
        #expect(bench.xapi.methods == [login, new, logout])
        bench.xapi.forgetCalls()
        bench.xapi.behaviours = [Behaviour(.failure("HANDLE_INVALID"), for: new)]
        #expect(try bench.write() == .failed("\(new): HANDLE_INVALID"))
        #expect(bench.xapi.methods == [login, new, "VM.get_by_uuid", new, logout])
    }

    @Test("198: a silent toolstack fails the write when its time is over, and not before; the loop goes on meanwhile")
    func silence() throws {
        for way in [.silent, .deaf, .stall(0), .stall(50)] as [Misbehaviour] {
            let bench = try Bench { ($0.callMilliseconds, $0.writeMilliseconds) = (100, 250) }
            bench.xapi.behaviours = [Behaviour(way)]
            var outcome: BackendOutcome?
            var turnCount = 0
            let start = MonotonicTime.now
            bench.backend.write([1], for: .ordinary) { outcome = $0 }
            while outcome == nil {
                try bench.loop.turn(milliseconds: 10)
                turnCount += 1
            }
            #expect(outcome == .failed("no answer in time"))
            #expect(start.milliseconds(until: .now) >= 249)
            #expect(turnCount > 5)
            // It answers again: nothing of the old write is in the way.
            bench.xapi.behaviours = []
            bench.xapi.forgetCalls()
            #expect(try bench.write() == .confirmed)
        }
    }

    @Test("198: a call that was not answered in its time is made again while there is time")
    func again() throws {
        for method in [login, new] {
            let bench = try Bench { ($0.callMilliseconds, $0.writeMilliseconds) = (1000, 60_000) }
            bench.xapi.certificateState = "ok"
            bench.xapi.behaviours = [Behaviour(.silent, for: method, count: 1)]
            #expect(try bench.write() == .confirmed)
            #expect(bench.xapi.methods.filter { $0 == method }.count == 2)
        }
    }

    @Test func whereNobodyListensAWriteTriesAgain() throws {
        let bench = try Bench.patient()
        try bench.xapi.stopListening(removingFile: true)
        var outcome: BackendOutcome?
        bench.backend.write([1], for: .ordinary) { outcome = $0 }
        for _ in 0..<20 { try bench.loop.turn(milliseconds: 5) }
        #expect(outcome == nil)
        try bench.xapi.listen()
        try bench.turn { outcome != nil }
        #expect(outcome == .confirmed)
    }

    @Test func whatIsAbandonedSaysNothingMoreAndItsSessionIsClosed() throws {
        let bench = try Bench.patient()
        bench.xapi.certificateState = "ok"
        bench.xapi.behaviours = [Behaviour(.silent, for: new)]
        var outcomes = 0
        bench.backend.write([1], for: .ordinary) { _ in outcomes += 1 }
        try bench.turn { bench.xapi.methods.contains(new) }
        bench.backend.abandon()
        bench.xapi.behaviours = []
        #expect(try bench.write([2]) == .confirmed)
        try bench.turn { bench.xapi.methods.filter { $0 == logout }.count == 2 && bench.xapi.connectionCount == 0 }
        #expect(outcomes == 0)
        #expect(bench.xapi.methods.filter { $0 == logout }.count == 2)
        #expect(bench.xapi.connectionCount == 0)
        #expect(bench.xapi.stored == Base64.encode([2]))
        // With nothing under way it does nothing.
        bench.backend.abandon()
    }

    @Test func theNextWriteMayBeginInTheOutcomeOfTheOneBefore() throws {
        let bench = try Bench.patient()
        var outcomes: [BackendOutcome] = []
        func next(_ number: UInt8) {
            bench.backend.write([number], for: .ordinary) {
                outcomes.append($0)
                if number < 5 { next(number + 1) }
            }
        }
        next(1)
        try bench.turn { outcomes.count == 5 }
        #expect(outcomes == [BackendOutcome](repeating: .confirmed, count: 5))
        #expect(bench.xapi.stored == Base64.encode([5]))
    }

    @Test func aSecondCallAtTheSameTimeIsRefusedAndTheFirstGoesOn() throws {
        let bench = try Bench.patient()
        var outcomes: [BackendOutcome] = []
        bench.backend.write([1], for: .ordinary) { outcomes.append($0) }
        bench.backend.notifySecureBootFailure { outcomes.append($0) }
        #expect(outcomes == [.failed("another call is under way")])
        try bench.turn { outcomes.count == 2 }
        #expect(outcomes.last == .confirmed)
    }

    @Test func aNotificationIsAMessageToTheOperator() throws {
        let bench = try Bench.patient()
        #expect(try bench.notify() == .confirmed)
        #expect(bench.xapi.methods == [login, "message.create", logout])
        #expect(
            SHA256.hexadecimal(bench.xapi.calls[1].bytes)
                == "51c6f3bcad51f9e04eefe7082c85c6858416881fe41a7339ce65a10aaa73b63e")
        bench.xapi.behaviours = [Behaviour(.failure("X"), for: "message.create")]
        #expect(try bench.notify() == .failed("message.create: X"))
    }

    @Test func aMessageThatWasNotAnsweredIsNotSentTwice() throws {
        let bench = try Bench { ($0.callMilliseconds, $0.writeMilliseconds) = (100, 60_000) }
        bench.xapi.behaviours = [Behaviour(.silent, for: "message.create")]
        #expect(try bench.notify() == .failed("message.create: no answer in time"))
        #expect(bench.xapi.methods.filter { $0 == "message.create" }.count == 1)
    }

    @Test func manyWritesLeaveNothingBehind() throws {
        let bench = try loaded("ok")
        let before = try directoryNames(path: "/proc/self/fd", countMax: 10_000).count
        for number in 0..<300 {
            let way: Misbehaviour = [.none, .cut(30), .chunked, .garbage, .failure("X")][number % 5]
            bench.xapi.behaviours = [Behaviour(way, for: number % 2 == 0 ? new : login)]
            _ = try bench.write([UInt8(truncatingIfNeeded: number)])
        }
        bench.xapi.behaviours = []
        #expect(try bench.write() == .confirmed)
        #expect(bench.xapi.connectionCount == 0)
        // Other tests of this process have descriptors too; a leak would be of hundreds.
        #expect(try directoryNames(path: "/proc/self/fd", countMax: 10_000).count < before + 200)
    }

    @Test func aLargeBlobIsSentWhole() throws {
        let bench = try loaded("ok")
        let blob = (0..<230_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try bench.write(blob) == .confirmed)
        #expect(bench.xapi.stored == Base64.encode(blob))
    }
}
