// What the toolstack is asked at the start, and what becomes of its answers. varstored.md 13.3, 13.4, 13.6.

import FakeXAPI
import SystemCalls
import Testing
import VariableFormats

@testable import VariableBackends

@Suite struct XAPILoadTests {
    private let inInit = [
        "session.login_with_password", "VM.get_by_uuid", "VM.get_NVRAM", "VM.get_secureboot_certificates_state",
        "session.logout",
    ]

    @Test("197: a map without EFI-variables is a first boot")
    func firstBoot() throws {
        let bench = try Bench.patient()
        bench.xapi.certificateState = "ok"
        #expect(try bench.load() == StoredVariables(blob: nil, certificates: .ok))
        #expect(bench.xapi.methods == inInit)
        #expect(bench.xapi.connectionCount == 0)
    }

    @Test(
        "194, 196: the calls of init in order, and a blob however the reply is sent",
        arguments: [.none, .spaced, .chunked, .noLength, .slow, .keepsOpen] as [Misbehaviour])
    func load(way: Misbehaviour) throws {
        let bench = try Bench.patient()
        let blob = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        bench.xapi.stored = Base64.encode(blob)
        bench.xapi.certificateState = "update_on_boot"
        bench.xapi.behaviours = [Behaviour(way)]
        #expect(try bench.load() == StoredVariables(blob: blob, certificates: .updateOnBoot))
        #expect(bench.xapi.methods == inInit)
    }

    @Test func theLargestBlobPasses() throws {
        let bench = try Bench.patient()
        let blob = [UInt8](repeating: 0xA5, count: 390_000)
        bench.xapi.stored = Base64.encode(blob)
        #expect(try bench.load().blob == blob)
        bench.xapi.stored = Base64.encode([UInt8](repeating: 0xA5, count: 394_000))
        #expect(throws: BackendFailure.self) { try bench.load() }
    }

    @Test("197: an EFI-variables that is empty is a first boot too")
    func emptyText() throws {
        let bench = try Bench.patient()
        bench.xapi.stored = []
        #expect(try bench.load() == StoredVariables(blob: nil, certificates: .absent))
    }

    @Test("200: a toolstack that answers get state by a failure has no such state")
    func oldToolstack() throws {
        for way in [.failure("MESSAGE_METHOD_UNKNOWN"), .fault, .status(500)] as [Misbehaviour] {
            let bench = try Bench.patient()
            bench.xapi.certificateState = "ok"
            bench.xapi.behaviours = [Behaviour(way, for: inInit[3])]
            #expect(try bench.load().certificates == .absent)
            _ = try bench.write()
            #expect(bench.xapi.methods.contains("VM.set_NVRAM_EFI_variables"))
            #expect(!bench.xapi.methods.contains("VM.set_NVRAM_EFI_variables_v2"))
        }
    }

    @Test func statesByTheirNames() throws {
        for (name, state) in [
            ("ok", CertificateState.ok), ("update_available", .updateAvailable), ("update_on_boot", .updateOnBoot),
            ("something_new", .ok),
        ] {
            let bench = try Bench.patient()
            bench.xapi.certificateState = name
            #expect(try bench.load().certificates == state)
        }
    }

    @Test(
        "196: any wrong answer to any call of init makes it fail, and the session is closed",
        arguments: [
            .empty, .cut(0), .cut(60), .longLength, .bothLengths, .twoLengths, .hugeLength, .endless, .doctype, .deep,
            .garbage, .shortLength, .emptyValue,
        ] as [Misbehaviour])
    func wrongAnswers(way: Misbehaviour) throws {
        for method in inInit.dropLast() {
            // An empty text is no reference and no map; as a state it is one that is not known.
            if way == .emptyValue, method == inInit[3] { continue }
            let bench = try Bench.patient()
            bench.xapi.certificateState = "ok"
            bench.xapi.behaviours = [Behaviour(way, for: method)]
            #expect(throws: BackendFailure.self, "\(method)") { try bench.load() }
            let asked = inInit.prefix { $0 != method } + [method]
            let out = method == inInit[0] ? [] : ["session.logout"]
            #expect(bench.xapi.methods == asked + out)
        }
    }

    @Test func failuresAndFaultsMakeInitFail() throws {
        for way in [.failure("X"), .fault, .status(500), .status(100)] as [Misbehaviour] {
            for method in inInit.prefix(3) {
                let bench = try Bench.patient()
                bench.xapi.behaviours = [Behaviour(way, for: method)]
                #expect(throws: BackendFailure.self) { try bench.load() }
            }
        }
    }

    @Test func textThatIsNotBase64MakesInitFail() throws {
        let bench = try Bench.patient()
        bench.xapi.behaviours = [Behaviour(.badBase64, for: "VM.get_NVRAM")]
        #expect(throws: BackendFailure.toolstack("VM.get_NVRAM: EFI-variables is not base64 text")) {
            try bench.load()
        }
    }

    @Test("196: a connection that closes after any byte of an answer makes init fail")
    func cutAnywhere() throws {
        // The answer to get_NVRAM with a short blob: every place in it.
        let bench = try Bench.patient()
        bench.xapi.stored = Base64.encode([1, 2, 3])
        for count in 0..<400 {
            bench.xapi.behaviours = [Behaviour(.cut(count), for: "VM.get_NVRAM")]
            do throws(BackendFailure) {
                let found = try bench.backend.load { false }
                // Beyond its end nothing is cut.
                #expect(count > 300 && found.blob == [1, 2, 3])
            } catch {
                #expect(error == .toolstack("VM.get_NVRAM: a reply that is not right: cut"))
            }
        }
    }

    @Test func aFailedLogoutChangesNothing() throws {
        let bench = try Bench.patient()
        bench.xapi.behaviours = [Behaviour(.garbage, for: "session.logout")]
        #expect(try bench.load().blob == nil)
        #expect(bench.lines.lines.contains { $0.contains("not logged out") })
    }

    @Test func silenceEndsWithTheTimeForInit() throws {
        for way in [.silent, .deaf, .stall(40)] as [Misbehaviour] {
            let bench = try Bench { ($0.callMilliseconds, $0.loadMilliseconds) = (100, 300) }
            bench.xapi.behaviours = [Behaviour(way)]
            let start = MonotonicTime.now
            #expect(throws: BackendFailure.toolstack("no answer in time")) { try bench.load() }
            #expect(start.milliseconds(until: .now) >= 299)
        }
    }

    @Test func aStopEndsItWhileNobodyAnswers() throws {
        let bench = try Bench.patient()
        bench.xapi.behaviours = [Behaviour(.silent)]
        var asked = 0
        #expect(throws: BackendFailure.stopped) {
            try bench.backend.load {
                asked += 1
                return asked > 3
            }
        }
        #expect(asked == 4)
        // And afterwards nothing is under way.
        bench.xapi.behaviours = []
        #expect(try bench.load().blob == nil)
    }

    @Test func whereNobodyListensItTriesAgain() throws {
        for removingFile in [false, true] {
            let bench = try Bench { $0.loadMilliseconds = 120_000 }
            try bench.xapi.stopListening(removingFile: removingFile)
            var turns = 0
            #expect(
                try bench.backend.load {
                    turns += 1
                    if turns == 4 {
                        if !removingFile { try? removeFile(path: bench.folder.path + "/xapi") }
                        try? bench.xapi.listen()
                    }
                    return false
                }.blob == nil)
            #expect(turns >= 4)
            #expect(bench.lines.lines.filter { $0.contains("nobody listens") }.count == 1)
        }
    }

    @Test func whereNobodyEverListensItFailsInTime() throws {
        let bench = try Bench()
        try bench.xapi.stopListening(removingFile: true)
        #expect(throws: BackendFailure.toolstack("no answer in time")) { try bench.load() }
        // A path that can be no socket is not tried again.
        let long = XAPIBackend(
            uuid: Bench.uuid, socketPath: "/" + String(repeating: "x", count: 200), loop: bench.loop,
            log: bench.backend.link.log)
        #expect(throws: BackendFailure.self) { try long.load { false } }
    }

    @Test func aReferenceIsNotEndless() throws {
        let bench = try Bench.patient()
        bench.xapi.session = String(repeating: "s", count: 1025)
        #expect(throws: BackendFailure.toolstack("a reference that is none")) { try bench.load() }
        bench.xapi.session = String(repeating: "s", count: 1024)
        #expect(try bench.load().blob == nil)
    }
}
