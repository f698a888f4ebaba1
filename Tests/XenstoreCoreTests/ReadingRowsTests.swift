// Rows 41 to 61 of xenstored.md 18: reading, writing, making and removing.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Reading and writing")
struct ReadingRowsTests {
    @Test("41, 42, 43: READ gives the value, DIRECTORY the children in ascending order")
    func reading() throws {
        try verify(
            """
            S> READ /pub|
            S< pub
            S> DIRECTORY /|
            S< drop|local|pub|sec|tool|
            S> DIRECTORY /pub|
            S< 
            """)
    }

    /// A node below `/pub` whose list of children has so many bytes, in names of 64 bytes with their NULs.
    private func listing(_ byteCount: Int) throws -> (Transcript, String) {
        let transcript = Transcript.prepared()
        var list = ""
        for number in 0..<63 {
            let name = "n" + String(1000 + number) + String(repeating: "x", count: 58)
            list += name + "|"
        }
        let last = byteCount - list.utf8.count - 1
        list += String(repeating: "z", count: last) + "|"
        for name in list.split(separator: "|").reversed() {
            try verify("S> WRITE /pub/list/\(name)|\nS< OK|", transcript)
        }
        return (transcript, list)
    }

    @Test("44: a list of 4096 bytes is sent")
    func longestList() throws {
        let (transcript, list) = try listing(4096)
        try verify("S> DIRECTORY /pub/list|\nS< \(list)", transcript)
    }

    @Test("45: a list of 4097 bytes is E2BIG")
    func tooLongList() throws {
        let (transcript, _) = try listing(4097)
        try verify("S> DIRECTORY /pub/list|\nS< E2BIG", transcript)
    }

    @Test("46: a long list is read in two parts of the same generation, the second with the end")
    func parts() throws {
        let (transcript, list) = try listing(4097)
        transcript.send("D1", 0, "DIRECTORY_PART /pub/list|0|")
        let first = try #require(transcript.take("D1")?.text)
        #expect(first.count <= 4095 && first.last == 0 && first.dropLast().last != 0)
        let end = try #require(first.firstIndex(of: 0))
        let received = first.count - end - 1
        transcript.send("D1", 0, "DIRECTORY_PART /pub/list|\(received)|")
        let second = try #require(transcript.take("D1")?.text)
        #expect(second[...end] == first[...end])
        #expect(Array(first[(end + 1)...]) + second[(end + 1)...] == bytes(list) + [0])
        try verify(
            "D1> DIRECTORY_PART /pub/list|4097|\nD1< gen||\nD1> DIRECTORY_PART /pub/list|9999999999|\nD1< gen||",
            transcript)
    }

    @Test("47, 48: DIRECTORY_PART of a node without children is its generation and the end; offsets are numbers")
    func emptyPart() throws {
        try verify(
            """
            S> DIRECTORY_PART /pub|0|
            S< gen||
            S> DIRECTORY_PART /pub|x|
            S< EINVAL
            S> DIRECTORY_PART /pub|
            S< EINVAL
            S> DIRECTORY_PART /pub|0|0|
            S< EINVAL
            """)
    }

    @Test("49: the generation changes with value, permissions and children, and with nothing else")
    func generation() throws {
        let transcript = Transcript.prepared()
        func generation() throws -> [UInt8] {
            transcript.send("S", 0, "DIRECTORY_PART /pub|0|")
            let reply = try #require(transcript.take("S")?.text)
            return Array(reply.prefix { $0 != 0 })
        }
        var seen = [try generation()]
        for line in ["WRITE /pub/k|", "WRITE /pub|v", "SET_PERMS /pub|r0|r1|", "RM /pub/k|"] {
            try verify("S> \(line)\nS< OK|", transcript)
            let new = try generation()
            #expect(!seen.contains(new), "\(line)")
            seen.append(new)
        }
        try verify("S> WRITE /sec|v\nS< OK|\nS> MKDIR /pub|\nS< OK|\nS> READ /pub|\nS< v", transcript)
        #expect(try generation() == seen.last)
    }

    @Test("50: missing parents are made, and one event tells of the path itself")
    func parents() throws {
        try verify(
            """
            S> WATCH /|w|
            S< OK|
            S! / w
            S> WRITE /a/b/c|v
            S! /a/b/c w
            S< OK|
            S> DIRECTORY /a|
            S< b|
            S.
            """)
    }

    @Test("51, 52, 53: values are octets: none, and such with NULs")
    func octets() throws {
        try verify(
            """
            S> WRITE /a|
            S< OK|
            S> READ /a|
            S< 
            S> WRITE /a
            S< EINVAL
            S> WRITE /a|\\00\\ff\\00
            S< OK|
            S> READ /a|
            S< \\00\\ff\\00
            """)
    }

    @Test("54: / has a value, too")
    func root() throws {
        try verify("S> WATCH /|w|\nS< OK|\nS! / w\nS> WRITE /|v\nS! / w\nS< OK|\nS> READ /|\nS< v")
    }

    @Test("55, 56: MKDIR of what is there changes nothing; of what isn't, it makes an empty node")
    func makeDirectory() throws {
        try verify(
            """
            S> WATCH /pub|t|
            S< OK|
            S! /pub
            S> MKDIR /pub|
            S< OK|
            S> READ /pub|
            S< pub
            S.
            S> WATCH /m|t|
            S< OK|
            S! /m
            S> MKDIR /m/n|
            S! /m/n
            S< OK|
            S> READ /m/n|
            S< 
            """)
    }

    @Test("57, 58, 59, 60: RM of an absent node is OK where its parent is there; / stays")
    func remove() throws {
        try verify(
            """
            S> WATCH /|w|
            S< OK|
            S! / w
            S> RM /nope|
            S< OK|
            S.
            S> RM /nope/x|
            S< ENOENT
            S> RM /|
            S< EINVAL
            D1> RM /|
            D1< EACCES
            """)
    }

    @Test("61: RM removes all that is below")
    func removeBelow() throws {
        try verify(
            """
            S> WRITE /drop/a/b/c|v
            S< OK|
            S> RM /drop|
            S< OK|
            S> READ /drop/a/b|
            S< ENOENT
            S> DIRECTORY /|
            S< local|pub|sec|tool|
            """)
    }

    @Test("long lists stay in order while names come and go, and DIRECTORY_PART reads them whole")
    func manyChildren() throws {
        let transcript = Transcript.prepared()
        var names: Set<String> = []
        var state: UInt64 = 7
        for step in 0..<3000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let name = "n\(state >> 33 & 1023)"
            if step % 3 != 0 { names.insert(name) } else { names.remove(name) }
            try verify("S> \(step % 3 != 0 ? "WRITE" : "RM") /pub/\(name)|\nS< OK|", transcript)
        }
        var list: [UInt8] = []
        while true {
            transcript.send("S", 0, "DIRECTORY_PART /pub|\(list.count)|")
            let part = try #require(transcript.take("S")?.text)
            let start = try #require(part.firstIndex(of: 0)) + 1
            let isLast = part.count == start + 1 || part[part.count - 2] == 0
            list += part[start...].dropLast(isLast ? 1 : 0)
            if isLast { break }
        }
        #expect(shown(list).hasPrefix("n") && names.count > 400)
        #expect(list == names.sorted().flatMap { Array($0.utf8) + [0] })
    }

    @Test("DIRECTORY_PART from each byte of a list on, with names of all lengths", arguments: [20, 150], [0, 1])
    func everyOffset(count: Int, transaction: UInt32) throws {
        let transcript = Transcript.prepared()
        let names = (1...count).map { String(repeating: $0 % 3 == 0 ? "a" : "b", count: $0 % 45) + "\($0)" }
        for name in names { try verify("S> WRITE /pub/\(name)|\nS< OK|", transcript) }
        try verify("S> TRANSACTION_START |\nS< 1|", transcript)
        let list: [UInt8] = names.sorted().flatMap { Array($0.utf8) + [0] }
        for offset in 0...list.count + 1 {
            transcript.send("S", transaction, "DIRECTORY_PART /pub|\(offset)|")
            let part = try #require(transcript.take("S")?.text)
            let start = try #require(part.firstIndex(of: 0)) + 1
            var wanted = Array(list.dropFirst(offset).prefix(4095 - start))
            let end: [UInt8] = offset + wanted.count >= list.count ? [0] : []
            while let last = wanted.last, last != 0 { wanted.removeLast() }
            #expect(Array(part[start...]) == wanted + end, "from \(offset)")
        }
    }
}
