// What others do between the last look at open transactions and the hand-over of a live update (xenstored.md 13.5).
// Not for: the hand-over itself (XenstoredTests).

import SystemCalls
import Testing
import XenstoreCore
import XenstoreWire

@testable import XenstoreServer

/// Lets who asks wait.
private final class WaitingControl: StoreControl {
    var asker: ConnectionID?

    func control(_ payload: [UInt8], from connection: ConnectionID, on server: StoreServer) -> ControlAnswer? {
        asker = connection
        return nil
    }
}

@Suite("Live update and who is served meanwhile")
struct UpdateRaceTests {
    private let bench: StoreBench
    private let control = WaitingControl()
    private let update: LiveUpdate
    private let asker: TestSocket
    private let other: TestSocket

    init() throws {
        bench = try StoreBench()
        // No state can be written there: no hand-over gets further than that.
        update = LiveUpdate(bench.server, stateFile: "/nowhere/state_dump", arguments: [])
        bench.server.control = control
        asker = try bench.connect()
        other = try bench.connect()
        _ = try asker.send(Message(.control, "live-update|-s|"))
        _ = try bench.ask(other, Message(.read, "/|"))
        let connection: ConnectionID = try #require(control.asker)
        update.session = LiveUpdate.Session(file: "/nowhere/xenstored", asker: connection)
    }

    /// The answer to who has asked, when the other one does something in the turn before the hand-over.
    private func answer(_ message: Message) throws -> String {
        update.look()
        _ = try bench.ask(other, message)
        try bench.settle()
        let payload = try #require(try asker.messages().first).payload
        return String(decoding: payload, as: UTF8.self)
    }

    @Test("a transaction that begins after the last look is in the way, too, when the next program isn't Corbel's")
    func transaction() throws {
        #expect(try answer(Message(.transactionStart, "|")).hasPrefix("Domains with open transactions: 0"))
    }

    @Test("one that is forced ends it")
    func forced() throws {
        update.session?.isForced = true
        #expect(try answer(Message(.transactionStart, "|")).hasPrefix("The state can't be written"))
        #expect(bench.core.transactionCount == 0)
    }

    @Test("a depth of a watch that comes after the first look is not lost in version 1")
    func depth() throws {
        #expect(try answer(Message(.watch, "/|t|1|")).hasPrefix("Version 1 of the state can't hold"))
    }
}
