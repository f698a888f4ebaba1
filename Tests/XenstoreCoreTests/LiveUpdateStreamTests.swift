// The stream of a live update (xenstored.md 13.1 to 13.4): the example byte for byte, each refusal, every truncation.

import Testing
import XenstoreCore
import XenstoreWire

/// The example of xenstored.md 13.3.
let stateExample = hex(
    """
    78656e73746f72650000000200000000
    0100000008000000
      0300000005000000
    0600000020000000
      02000000e8030000800000006e6f64657300776174636865
      7300000000000000
    0200000020000000
      010000000100000007000000000000000800000000000000
      0200000009000000
    0300000010000000
      01000000030002002f61007400000000
    0200000020000000
      02000000000001000500f47f210000000000000000000000
      2211000000000000
    0800000020000000
      020000000f000200010000004072656c65617365446f6d61
      696e007400000000
    0500000018000000
      000000000000000002000000000001006e0000002f000000
    0500000020000000
      000000000000000003000100000002006e00000072000500
      2f61003100000000
    0500000028000000
      00000000000000000f000000000002006e0000007200f57f
      4072656c65617365446f6d61696e0000
    0500000028000000
      000000000000000011000000000001006e00000040696e74
      726f64756365446f6d61696e00000000
    0700000018000000
      050001000f000000e80300006e6f64657300000000000000
    0000000000000000
    """)

func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

/// What the example says.
let stateExampleRecords: [StateRecord] = [
    .global(listening: 3, events: 5),
    .quotas([quota("nodes", 1000), quota("watches", 128)], global: []),
    .connection(
        StateConnection(
            id: 1, transport: .socket(descriptor: 7), input: [2, 0, 0, 0, 9, 0, 0, 0])),
    .watch(StateWatch(connection: 1, path: bytes("/a"), token: bytes("t"))),
    .connection(
        StateConnection(id: 2, transport: .ring(domain: 5, target: nil, port: 33), uniqueID: 0x1122)),
    .watch(StateWatch(connection: 2, path: bytes("@releaseDomain"), token: bytes("t"), depth: 1)),
    .node(StateNode(path: bytes("/"), entries: [StateEntry(.none, domain: 0)])),
    .node(
        StateNode(
            path: bytes("/a"), value: bytes("1"),
            entries: [StateEntry(.none, domain: 0), StateEntry(.read, domain: 5)])),
    .node(
        StateNode(
            path: bytes("@releaseDomain"),
            entries: [StateEntry(.none, domain: 0), StateEntry(.read, domain: XenstorePermission.anyDomain)])),
    .node(StateNode(path: bytes("@introduceDomain"), entries: [StateEntry(.none, domain: 0)])),
    .domain(StateDomain(domain: 5, features: 15, quotas: [quota("nodes", 1000)])),
    .end,
]

func quota(_ name: String, _ value: UInt32) -> StateQuota { StateQuota(name: bytes(name), value: value) }

func written(_ records: [StateRecord], _ format: StateFormat = StateFormat()) -> [UInt8] {
    var writer = StateWriter(format)
    for record in records { writer.put(record) }
    return writer.bytes
}

func read(_ stream: [UInt8]) throws(StateError) -> [StateRecord] {
    var reader = try StateReader(stream)
    var records: [StateRecord] = []
    while let record = try reader.next() { records.append(record) }
    return records
}

/// One of each record, and all that a field can say.
private let allRecords: [StateRecord] =
    stateExampleRecords.dropLast() + [
        .connection(
            StateConnection(
                id: 3, transport: .ring(domain: 6, target: 5, port: 0), input: [1, 2, 3], output: [4, 5, 6, 7],
                unfinishedByteCount: 2, uniqueID: .max)),
        .transaction(connection: 3, id: 7),
        .log(
            StateLog(
                connection: 3, transaction: 7, isDoomed: true, hasFailed: true,
                requests: [
                    StateRequest(operation: 11, existed: true, error: 0, payload: bytes("/a|1"), reply: bytes("OK|")),
                    StateRequest(operation: 2, existed: false, error: 2, payload: bytes("/b|"), reply: []),
                ])),
        .node(
            StateNode(
                connection: 3, transaction: 7, path: bytes("/a"), value: bytes("2"), access: 3,
                entries: [StateEntry(.both, domain: 9, isStale: true)])),
        .quotas([quota("nodes", 1)], global: [quota("pages", 2), quota("soft-memory", .max)]),
        .end,
    ]

@Suite("The stream of a live update")
struct LiveUpdateStreamTests {
    @Test("the example of 13.3 is written byte for byte, and read back")
    func example() throws {
        #expect(written(stateExampleRecords) == stateExample)
        #expect(try read(stateExample) == stateExampleRecords)
    }

    @Test("every record is read as it was written, in both byte orders")
    func roundTrip() throws {
        #expect(try read(written(allRecords)) == allRecords)
        let big = written(allRecords, StateFormat(isBigEndian: true))
        #expect(try read(big) == allRecords)
        #expect(big[15] == 1)
        #expect(Array(big[16..<24]) == [0, 0, 0, 1, 0, 0, 0, 8])
    }

    @Test("version 1 has no depth of watches and no features, and is read")
    func versionOne() throws {
        let stream = written(stateExampleRecords, StateFormat(version: 1))
        var expected = stateExampleRecords
        expected[5] = .watch(StateWatch(connection: 2, path: bytes("@releaseDomain"), token: bytes("t")))
        expected[10] = .domain(StateDomain(domain: 5, features: 0, quotas: [quota("nodes", 1000)]))
        #expect(try read(stream) == expected)
        // Version 2's record of a watch is not one of version 1.
        var other = stateExample
        other[11] = 1
        #expect(try read(other)[5] == .unknown(8))
    }

    @Test("lengths without their padding are read too")
    func unpadded() throws {
        // TRANSACTION_DATA and a watch whose lengths end with their last byte.
        var stream = Array(stateExample[..<16])
        stream += hex("0300000009000000 01000000010002000074 00 00000000 0000")
        stream += hex("0000000000000000")
        #expect(try read(stream) == [.badWatch, .end])
        stream = Array(stateExample[..<16])
        stream += hex("030000000d000000 01000000030002002f61007400 000000") + hex("0000000000000000")
        #expect(try read(stream) == [stateExampleRecords[3], .end])
    }

    @Test("an unknown record is skipped, and what stands behind END is not looked at")
    func unknown() throws {
        var stream = Array(stateExample[..<16])
        stream += hex("7700000003000000 0102030000000000 0000000000000000 ffff")
        #expect(try read(stream) == [.unknown(0x77), .end])
    }

    @Test("a stream that is cut off anywhere is refused")
    func truncated() {
        let stream = written(allRecords)
        for count in 0..<stream.count {
            #expect(throws: StateError.self, "\(count)") { try read(Array(stream[..<count])) }
        }
    }

    @Test("any byte that is wrong is refused or read, and never more than that")
    func damaged() {
        let stream = written(allRecords)
        for index in stream.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var other = stream
                other[index] = value
                _ = try? read(other)
                let core = XenstoreCore { $0 < 8 ? UInt64($0) : nil }
                var effects: [Effect] = []
                _ = try? core.restore(other, now: 1, into: &effects)
            }
        }
    }
}

/// Restores records into a new store.
func restore(_ stream: [UInt8]) throws(StateError) -> (core: XenstoreCore, state: RestoredState) {
    let core = XenstoreCore { $0 < 8 ? UInt64($0) + 100 : nil }
    var effects: [Effect] = []
    return (core, try core.restore(stream, now: 1000, into: &effects))
}

@Suite("What a live update refuses")
struct LiveUpdateRefusalTests {
    private let root = StateRecord.node(StateNode(path: bytes("/"), entries: [StateEntry(.none, domain: 0)]))

    private func node(_ path: String, _ connection: UInt32 = 0) -> StateRecord {
        .node(StateNode(connection: connection, path: bytes(path), entries: [StateEntry(.none, domain: 0)]))
    }

    private func refuse(_ stream: [UInt8], _ sentence: String, _ location: SourceLocation = #_sourceLocation) {
        do throws(StateError) {
            _ = try restore(stream)
            Issue.record("not refused: \(sentence)", sourceLocation: location)
        } catch {
            #expect("\(error)" == sentence, sourceLocation: location)
        }
    }

    private func refuse(_ records: [StateRecord], _ sentence: String, _ location: SourceLocation = #_sourceLocation) {
        refuse(written(records), sentence, location)
    }

    @Test("a wrong magic, version or byte order is refused")
    func header() {
        refuse([UInt8](), "the state is no stream of a Xenstore server")
        var stream = stateExample
        stream[0] = UInt8(ascii: "X")
        refuse(stream, "the state is no stream of a Xenstore server")
        stream = stateExample
        stream[11] = 0
        refuse(stream, "the state has version 0, known are 1 and 2")
        stream[11] = 3
        refuse(stream, "the state has version 3, known are 1 and 2")
        refuse(
            written(stateExampleRecords, StateFormat(isBigEndian: true)),
            "the state is in another byte order than this machine's")
    }

    @Test("a length beyond the end and a missing END are refused")
    func lengths() {
        refuse(Array(stateExample.dropLast(8)), "the state has no END")
        var stream = stateExample
        stream[20] = 0xff
        stream[23] = 0xff
        refuse(stream, "the record at byte 16 of the state ends behind the state's end")
        stream = Array(stateExample[..<16]) + hex("0100000004000000 0000000000000000 0000000000000000")
        refuse(stream, "the record at byte 16 of the state, of type 1, is wrong")
    }

    @Test("a node's path has to be one, and its parent before it, once")
    func nodes() {
        refuse([root, node("/a//b"), .end], "a node of the state has the path \"/a//b\", which is none")
        refuse([root, node("a"), .end], "a node of the state has the path \"a\", which is none")
        refuse([root, node("/a\\07"), .end], "a node of the state has the path \"/a.\", which is none")
        let long = String(repeating: "a", count: 79)
        refuse([root, node("/{a*3072}"), .end], "a node of the state has the path \"/\(long)\", which is none")
        refuse([root, node("/a/b"), .end], "the node /a/b of the state has no parent before it")
        refuse([root, node("/a/b"), node("/a"), .end], "the node /a/b of the state has no parent before it")
        refuse([node("/a"), root, .end], "the node /a of the state has no parent before it")
        refuse([root, node("/a"), node("/a"), .end], "the node /a is in the state twice")
        refuse([root, root, .end], "the node / is in the state twice")
        refuse(
            [root, node("@releaseDomain"), node("@releaseDomain"), .end],
            "the node @releaseDomain is in the state twice")
        refuse(
            [root, .node(StateNode(path: bytes("/a"), entries: [])), .end],
            "the record at byte 48 of the state, of type 5, is wrong")
    }

    @Test("a connection that is not there, or there twice, is refused")
    func connections() {
        let socket = StateRecord.connection(StateConnection(id: 1, transport: .socket(descriptor: 7)))
        let sentence = "a record of the state names connection 2, which is not there"
        refuse([socket, .watch(StateWatch(connection: 2, path: bytes("/"), token: [])), .end], sentence)
        refuse([socket, .transaction(connection: 2, id: 1), .end], sentence)
        refuse([socket, node("/a", 2), .end], sentence)
        let log = StateLog(connection: 2, transaction: 1, isDoomed: false, hasFailed: false, requests: [])
        refuse([socket, .log(log), .end], sentence)
        refuse([socket, socket, .end], "connection 1 of the state is there twice")
        let same = StateRecord.connection(StateConnection(id: 2, transport: .socket(descriptor: 7)))
        refuse([socket, same, .end], "connection 2 of the state is there twice")
        let rings = [1, 2].map { id in
            StateRecord.connection(StateConnection(id: id, transport: .ring(domain: 5, target: nil, port: 1)))
        }
        refuse(rings + [.end], "connection 2 of the state is there twice")
        refuse(
            [socket, .transaction(connection: 1, id: 3), .transaction(connection: 1, id: 3), .end],
            "the requests of transaction 3 in the state belong to none")
        let output = StateRecord.connection(
            StateConnection(id: 1, transport: .socket(descriptor: 7), output: [1, 2, 3], unfinishedByteCount: 1))
        refuse([output, .end], "the record at byte 16 of the state, of type 2, is wrong")
    }

    @Test("a watch with bad lengths or a bad path is left out, with a line; the rest goes on")
    func watches() throws {
        let socket = StateRecord.connection(StateConnection(id: 1, transport: .socket(descriptor: 7)))
        var stream = written([
            socket, .watch(StateWatch(connection: 1, path: bytes("/a//"), token: bytes("t"))),
            .watch(StateWatch(connection: 1, path: bytes("/a"), token: bytes("t"))), root,
        ])
        stream += hex("0300000008000000 0100000009000900") + written([.end])[16...]
        let (core, state) = try restore(stream)
        #expect(core.counts.watches == 1)
        #expect(
            state.lines == [
                "a watch of connection 1 in the state has a wrong path: left out",
                "the watch at byte \(stream.count - 24) of the state is wrong: left out",
            ])
    }

    @Test("nodes come in any order in which parents are first")
    func order() throws {
        let paths = ["/b", "/a", "/b/c", "/a/c", "/a/b", "/b/c/d", "/a/c/d", "/bb", "/b/d", "/a/c/d/e", "/a/c/e"]
        let (core, _) = try restore(written([root] + paths.map { node($0) } + [.end]))
        #expect(core.nodeCount(of: 0) == paths.count + 3)
        let transcript = Transcript(core, Transcript.Machine(), clients: [:], now: 1)
        try verify(
            """
            S> DIRECTORY /|
            S< a|b|bb|
            S> DIRECTORY /a/c|
            S< d|e|
            S> DIRECTORY /b|
            S< c|d|
            """, transcript)
        for path in paths {
            refuse([root] + paths.map { node($0) } + [node(path), .end], "the node \(path) is in the state twice")
        }
    }

    @Test("special nodes that are missing get the permissions of a new store")
    func special() throws {
        let (core, state) = try restore(written([root, .end]))
        #expect(state.lines == [])
        #expect(core.counts.nodes == 3)
        let transcript = Transcript(core, Transcript.Machine(), clients: [:], now: 1)
        try verify(
            """
            S> GET_PERMS @releaseDomain|
            S< n0|r32757|
            S> GET_PERMS @introduceDomain|
            S< n0|
            S> READ /tool|
            S< ENOENT
            """, transcript)
    }
}
