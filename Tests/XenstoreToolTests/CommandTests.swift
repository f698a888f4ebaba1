// Runs of the tools against scripted stores: nodes that may not be read, conflicts, servers that go away.

import SystemCalls
import Testing
import XenstoreClient
import XenstoreWire

@testable import xenstore

@Suite("Runs of the tools")
struct CommandTests {
    /// `/` with the children a, b and c; b refuses `operation`.
    private func tree(_ name: String, _ operation: XenstoreOperation, _ code: XenstoreErrorCode) throws -> ScriptedStore
    {
        try ScriptedStore(name) { asked, words in
            if asked == operation, words[0] == "/b" { return .refuse(code) }
            switch asked {
            case .directory: return .reply(words[0] == "/" ? "a|b|c|" : "")
            case .getPermissions: return .reply("n0|r5|")
            default: return .reply("1")
            }
        }
    }

    private func list(_ store: ScriptedStore, permissions: Bool = false) throws -> String {
        let written = Written()
        let look = TreeLook(isFlat: true, showsPermissions: permissions, terminalColumns: nil)
        do throws(ToolFailure) {
            try ListCommand(look: look, console: written.console).show(bytes("/"), try session(store))
        } catch {
            written.console.warn(error.message ?? [])
        }
        written.console.flush()
        return written.text
    }

    private func session(_ store: ScriptedStore) throws(ToolFailure) -> ToolSession {
        guard let session = try? store.session() else { throw ToolFailure("no store") }
        return session
    }

    @Test("ls: a value that can't be read leaves an empty line, and all goes on")
    func unreadable() throws {
        for code in [XenstoreErrorCode.access, .notFound] {
            #expect(try list(tree("read-\(code.name)", .read, code)) == "/a = \"1\"\n/b:\n\n/c = \"1\"\n")
        }
    }

    @Test("ls: a list that can't be had ends it, but a node that has gone meanwhile has none")
    func unlisted() throws {
        #expect(
            try list(tree("list", .directory, .access))
                == "/a = \"1\"\n/b = \"1\"\n[tool: xs_directory (/b): Permission denied\n]")
        #expect(try list(tree("gone", .directory, .notFound)) == "/a = \"1\"\n/b = \"1\"\n/c = \"1\"\n")
    }

    @Test("ls -p: permissions that can't be had are told of, and all goes on")
    func noPermissions() throws {
        #expect(
            try list(tree("permissions", .getPermissions, .access), permissions: true)
                == "/a = \"1\"   (n0,r5)\n/b = \"1\" "
                + "[tool: \ncould not access permissions for b: Permission denied\n]\n"
                + "/c = \"1\"   (n0,r5)\n")
    }

    /// A store whose commits are refused so often.
    private func commits(_ name: String, refused count: Int, _ code: XenstoreErrorCode, _ calls: Calls) throws
        -> ScriptedStore
    {
        try ScriptedStore(name) { asked, words in
            calls.add("\(asked.name) \(words[0])")
            switch asked {
            case .transactionStart: return .reply("1|")
            case .transactionEnd:
                let ends = calls.all.count { $0.hasPrefix("TRANSACTION_END") }
                return ends <= count ? .refuse(code) : .reply("OK|")
            case .read where words[0] == "/none": return .refuse(.notFound)
            default: return .reply("1")
            }
        }
    }

    private func read(_ store: ScriptedStore, _ paths: [String]) throws -> String {
        let written = Written()
        let commands = KeyCommands(settings: ToolSettings(prefixes: true), console: written.console)
        let client = try store.session().client
        do throws(ToolFailure) {
            try ToolSession.transaction(client, written.console) { session throws(ToolFailure) in
                try commands.read(paths.map(bytes), session)
            }
        } catch {
            written.console.warn(error.message ?? [])
        }
        written.console.flush()
        return written.text
    }

    @Test("what was printed in a transaction that came into conflict is forgotten, and printed once")
    func conflict() throws {
        let calls = Calls()
        #expect(try read(commits("again", refused: 2, .tryAgain, calls), ["/a", "/b"]) == "/a: 1\n/b: 1\n")
        #expect(calls.all.filter { $0 == "READ /a" }.count == 3)
    }

    @Test("a failure ends the transaction with F; what was printed before stays")
    func failure() throws {
        let calls = Calls()
        let text = try read(commits("failure", refused: 0, .tryAgain, calls), ["/a", "/none", "/b"])
        #expect(text == "/a: 1\n[tool: couldn't read path /none\n]")
        #expect(calls.all.last == "TRANSACTION_END F" && !calls.all.contains("READ /b"))
    }

    @Test("an end that is refused for another reason is told of, behind the failure that was before")
    func badEnd() throws {
        let text = try read(commits("end", refused: 1, .noSpace, Calls()), ["/a"])
        #expect(text == "/a: 1\n[tool: couldn't end transaction\n]")
        #expect(
            try read(commits("end-2", refused: 1, .noSpace, Calls()), ["/none"])
                == "[tool: couldn't read path /none\n][tool: couldn't end transaction\n]")
    }

    @Test("watch prints so many events, and tells when the server goes away")
    func watch() throws {
        for (count, end) in [(2 as Int32, ""), (-1, "[tool: the server has gone: Bad file descriptor\n]")] {
            let store = try ScriptedStore("watch\(count)") { asked, words in
                .watched(path: words[0], closes: words[0] == "/b")
            }
            let written = Written()
            let command = WatchCommand(settings: ToolSettings(eventCount: count), console: written.console)
            do throws(ToolFailure) {
                let session = try session(store)
                try command.run([bytes("/a"), bytes("/b")], session)
            } catch {
                written.console.warn(error.message ?? [])
            }
            #expect(written.text == "/a\n/b\n" + end)
        }
    }

    @Test("rm -t goes up as long as parents are left without value and children")
    func tidy() throws {
        let calls = Calls()
        let store = try ScriptedStore("tidy") { asked, words in
            calls.add("\(asked.name) \(words[0])")
            switch asked {
            case .read: return .reply(words[0] == "/a" ? "value" : "")
            case .directory: return .reply("")
            default: return .reply("OK|")
            }
        }
        let commands = KeyCommands(settings: ToolSettings(tidies: true), console: Written().console)
        try commands.remove([bytes("/a/b/c")], store.session())
        #expect(calls.all.filter { $0.hasPrefix("RM") } == ["RM /a/b/c", "RM /a/b"])
    }

    @Test(
        "a live update names the program and its arguments, starts, asks again while the server is busy, and gives up")
    func liveUpdate() throws {
        func run(_ name: String, _ words: [String], _ answers: [String]) throws -> (
            calls: [String], failure: ControlFailure?
        ) {
            let calls = Calls()
            let store = try ScriptedStore(name) { _, words in
                calls.add(words.dropLast().joined(separator: " "))
                let number = calls.all.count - 1
                return .reply(number < answers.count ? answers[number] : "OK|")
            }
            let client = try store.session().client
            do throws(ControlFailure) {
                try LiveUpdateCommand(words.map(bytes)).run(client, pauseMilliseconds: 1)
                return (calls.all, nil)
            } catch {
                return (calls.all, error)
            }
        }
        let plain = try run("update-1", ["/x", "-c", "a b", "-F"], [])
        #expect(plain.calls == ["live-update -f /x", "live-update -c a b", "live-update -s -t 60 -F"])
        #expect(plain.failure == nil)
        let busy = try run("update-2", ["-t", "5", "/x"], ["OK|", "BUSY|", "OK|"])
        #expect(busy.calls == ["live-update -f /x", "live-update -s -t 5", "live-update -s -t 5"])
        let refused = try run("update-3", ["/x"], ["OK|", "no|"])
        #expect(refused.calls.last == "live-update -a")
        #expect(refused.failure == ControlFailure(3, "Starting live update failed:\nno"))
        let absent = try run("update-4", ["/x"], ["File not accessible.|"])
        #expect(absent.calls == ["live-update -f /x"])
        #expect(absent.failure == ControlFailure(3, "Setting update binary failed:\nFile not accessible."))
    }
}
