// Live updates of the built program, with clients that go on on the same sockets (xenstored.md 13.5; rows 193 to 195).

import SystemCalls
import Testing
import XenstoreWire

@Suite("A live update of the program")
struct LiveUpdateTests {
    /// Begins a transaction that reads `/x` and writes `/y`.
    private func transaction(_ client: RawClient) throws -> UInt32 {
        #expect(try client.ask(.write, "/x|1") == "OK|")
        let number = try #require(UInt32(try client.ask(.transactionStart, "|").dropLast()))
        #expect(try client.ask(.read, "/x|", transaction: number) == "1")
        #expect(try client.ask(.write, "/y|2", transaction: number) == "OK|")
        return number
    }

    private func update(_ store: StoreProcess, _ client: RawClient, _ options: String...) throws -> String {
        let begun = try client.liveUpdate("-f", store.program)
        return begun == "OK|" ? try client.ask(.control, "live-update|-s|" + options.map { $0 + "|" }.joined()) : begun
    }

    @Test("193: watches, half a request, unsent events and an open transaction go on in the next program")
    func goesOn() throws {
        let store = try StoreProcess()
        let (client, other) = (try store.connect(), try store.connect())
        for token in ["t1", "t2"] { #expect(try client.ask(.watch, "/w|\(token)|") == "OK|") }
        #expect(try client.ask(.watch, "/w|t3|1|") == "OK|")
        let number = try transaction(client)
        // More than the kernel takes for one who does not read.
        let count = 3000
        for first in stride(from: 0, to: count, by: 100) {
            for index in first..<first + 100 { try other.send(.write, "/w/\(index)|\(index)") }
            for _ in 0..<100 { #expect(try other.next().text == "OK|") }
        }
        let half = RawClient.request(.read, "/w/17|")
        try client.send(Array(half[..<19]))
        #expect(try update(store, other) == "OK|")
        #expect(try store.isUpdated())
        #expect(!fileAccess(path: store.folder + "/state_dump").exists)
        try client.send(Array(half[19...]))
        try client.send(.transactionEnd, "T|", transaction: number)
        var events: [String] = []
        while let message = try Optional(client.next()), message.operation == .watchEvent {
            events.append(message.text)
        }
        // The first event of each watch may stand behind the reply of the last WATCH.
        let expected = (0..<count).flatMap { index in ["t1", "t2", "t3"].map { "/w/\(index)|\($0)|" } }
        #expect(events.suffix(expected.count) == expected[...])
        #expect(try client.next().text == "OK|")
        #expect(try other.ask(.read, "/y|") == "2")
        // And again, from the program that was updated.
        #expect(try update(store, other) == "OK|")
        #expect(try other.ask(.write, "/w/new|") == "OK|")
        #expect(try client.next().text == "/w/new|t1|")
    }

    @Test("194: a transaction that was in conflict before the update ends in EAGAIN")
    func conflict() throws {
        let store = try StoreProcess()
        let (client, other) = (try store.connect(), try store.connect())
        let number = try transaction(client)
        #expect(try other.ask(.write, "/x|other") == "OK|")
        #expect(try update(store, other) == "OK|")
        #expect(try store.isUpdated())
        // As it was when the transaction began: it would commit if nobody remembered.
        #expect(try other.ask(.write, "/x|1") == "OK|")
        #expect(try client.ask(.transactionEnd, "T|", transaction: number) == "EAGAIN|")
        #expect(try other.ask(.read, "/y|") == "ENOENT|")
    }

    @Test("195: a program that refuses the stream, or can't be executed, is no next one: all goes on")
    func refusal() throws {
        let store = try StoreProcess()
        let (client, other) = (try store.connect(), try store.connect())
        let number = try transaction(client)
        let programs = [
            ("silent", "#!/bin/sh\n[ \"$1\" != --version ] || echo 'xenstored (Corbel) 9'\n", "The program refuses"),
            (
                "loud", "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'xenstored (Corbel) 9'; else echo no; fi\n",
                "The state was not read as it is: no; "
            ),
            ("nothing", "\u{7f}ELF", "Domains with open transactions: 0"),
        ]
        for (name, text, answer) in programs {
            #expect(try other.liveUpdate("-f", try store.file(name, text)) == "OK|")
            #expect(try other.liveUpdate("-s", "-t", "0").hasPrefix(answer), "\(name)")
            #expect(!fileAccess(path: store.folder + "/state_dump").exists)
        }
        #expect(try client.ask(.transactionEnd, "T|", transaction: number) == "OK|")
        // Without transactions it gets as far as to the exec.
        #expect(try other.liveUpdate("-f", store.folder + "/nothing") == "OK|")
        #expect(try other.liveUpdate("-s").hasPrefix("The program can't be executed: "))
        #expect(try !store.isUpdated())
        #expect(try client.ask(.read, "/y|") == "2")
        #expect(try store.connect().ask(.read, "/y|") == "2")
        #expect(try update(store, other) == "OK|")
        #expect(try client.ask(.read, "/y|") == "2")
    }

    @Test("a session has a program, perhaps arguments, one start, and an end")
    func session() throws {
        let store = try StoreProcess()
        let client = try store.connect()
        #expect(try client.liveUpdate("-s") == "There is no live update session: -f begins one.\n|")
        #expect(try client.liveUpdate("-f", "/nowhere/xenstored") == "File not accessible.\n|")
        let plain = try store.file("plain", "", permissions: 0o600)
        #expect(try client.liveUpdate("-f", plain) == "File not executable.\n|")
        #expect(try client.liveUpdate("-f", store.program) == "OK|")
        #expect(try client.liveUpdate("-f", store.program).hasPrefix("A live update session is active already"))
        for words in [["-f"], ["-c"], ["-x"], ["-a", "b"], ["-s", "-t"], ["-s", "-v", "3"], ["-s", "-t", "-1"]] {
            #expect(try client.ask(.control, "live-update|" + words.map { $0 + "|" }.joined()) == "EINVAL|", "\(words)")
        }
        #expect(try client.liveUpdate("-a") == "OK|")
        #expect(try client.liveUpdate("-c", "-D") == "There is no live update session: -f begins one.\n|")
        #expect(try client.liveUpdate("-f", store.program) == "OK|")
        #expect(try client.liveUpdate("-c", "-D  -N -E 77") == "OK|")
        #expect(try client.liveUpdate("-s") == "OK|")
        #expect(try store.commandLine().suffix(5) == ["-D", "-N", "-E", "77", "-U"])
    }

    @Test("a session whose connection ends before its start is in nobody's way")
    func abandoned() throws {
        let store = try StoreProcess()
        let client = try store.connect()
        do {
            let other = try store.connect()
            #expect(try other.liveUpdate("-f", store.program) == "OK|")
            #expect(try client.liveUpdate("-f", store.program).hasPrefix("A live update session is active already"))
        }
        // Each answer is a round of the server, which sees the end in one of them.
        var answer = ""
        for _ in 0..<1000 where answer != "OK|" { answer = try client.liveUpdate("-f", store.program) }
        #expect(answer == "OK|")
        #expect(try client.liveUpdate("-s") == "OK|")
    }

    @Test("version 1 says what it would lose before anything happens")
    func versionOne() throws {
        let store = try StoreProcess()
        let client = try store.connect()
        #expect(try update(store, client, "-v", "1") == "OK|")
        #expect(try client.ask(.watch, "/|t|1|") == "OK|")
        let answer = "Version 1 of the state can't hold the depth of watches: -F goes on without.\n|"
        #expect(try update(store, client, "-v", "1") == answer)
        #expect(try update(store, client, "-v", "1", "-F") == "OK|")
    }

    @Test("a program that does not answer is not waited for, and others are served meanwhile")
    func slowProgram() throws {
        let store = try StoreProcess()
        let (client, other) = (try store.connect(), try store.connect())
        let number = try transaction(client)
        let slow = try store.file("slow", "#!/bin/sh\nexec sleep 60\n")
        #expect(try other.liveUpdate("-f", slow) == "OK|")
        try other.send(.control, "live-update|-s|-t|0|")
        #expect(try client.ask(.read, "/x|") == "1")
        #expect(try other.next().text.hasPrefix("Domains with open transactions: 0"))
        #expect(try client.ask(.transactionEnd, "F|", transaction: number) == "OK|")
    }
}
