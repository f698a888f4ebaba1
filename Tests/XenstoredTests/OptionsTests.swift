// The command line: every option of the C daemon, long and short, and what is refused.

import Testing
import XenstoreCore

@testable import xenstored

/// The options of a command line that is right.
private func options(_ arguments: String...) throws -> Options {
    guard case .serve(let options) = try Options.parse(arguments) else {
        Issue.record("no command to serve")
        return Options()
    }
    return options
}

/// The sentence about a command line that is wrong.
private func sentence(_ arguments: String...) -> String {
    do throws(OptionError) {
        return "taken: \(try Options.parse(arguments))"
    } catch {
        return error.sentence
    }
}

@Suite struct OptionsTests {
    @Test func `Each option can be written in all ways of getopt_long`() throws {
        for arguments in [
            ["--pid-file", "/p"], ["--pid-file=/p"], ["-F", "/p"], ["-F/p"], ["-NF/p"], ["-NF", "/p"],
        ] {
            guard case .serve(let options) = try Options.parse(arguments) else { throw OptionError("not served") }
            #expect(options.pidFilePath == "/p")
            #expect(options.staysInForeground == arguments[0].hasPrefix("-N"))
        }
        #expect(try options("--pid-file=a=b").pidFilePath == "a=b")
        #expect(try options("-F", "-N").pidFilePath == "-N")
    }

    @Test func `Flags stand alone or in a bundle, and are off without being named`() throws {
        let off = try options()
        #expect(off == Options())
        let on = try options("-NDPKRVUI", "--require-domain-state")
        #expect(on.staysInForeground && on.isSocketOnly && on.printsProcessID && on.keepsOrphans && on.isLiveUpdate)
        #expect(on.requiresDomainState && !off.requiresDomainState && !off.staysInForeground && !off.isConfined)
        let long = try options(
            "--no-fork", "--no-domain-init", "--output-pid", "--keep-orphans", "--no-recovery", "--verbose",
            "--live-update", "--internal-db", "--require-domain-state")
        #expect(long == on)
        #expect(try options("--confine").isConfined)
    }

    @Test func `Quotas have options of their own, and names`() throws {
        let all = try options(
            "-E", "1", "-S2", "-W", "3", "-t4", "-A", "5", "-M", "6", "--entry-nb=7", "--entry-size=8", "--watch-nb=9",
            "--transaction=10", "--perm-nb=11", "--path-max=12")
        let names = ["nodes", "node-size", "watches", "transactions", "node-permissions", "path-max"]
        #expect(all.quotas.map(\.quota.name) == names + names)
        #expect(all.quotas.map(\.value) == Array(1...12))
        let named = try options("-Q", "memory=0", "--quota=path-length=100", "-Qwatch-events=2147483647")
        #expect(named.quotas.map(\.quota.name) == ["memory", "path-max", "watch-events"])
        #expect(named.quotas.map(\.value) == [0, 100, 2_147_483_647])
        #expect(try options("-q", "memory=5").quotas == [QuotaSetting(quota: .softMemory, value: 5)])
        #expect(try options("--quota-soft=soft-memory=6").quotas == [QuotaSetting(quota: .softMemory, value: 6)])
        #expect(try options("-q", "nodes=5").quotas.isEmpty)
    }

    @Test func `Domains, the own port and the trace log are taken`() throws {
        let all = try options(
            "-m", "3", "-p4", "-e", "17", "-T", "trace", "--trace-control", "-io", "--trace-control=+acc")
        #expect(all.storeDomain == 3 && all.controlDomain == 4 && all.ownPort == 17 && all.tracePath == "trace")
        #expect(all.traceSwitches == ["-io", "+acc"])
        let none = try options()
        #expect(none.storeDomain == nil && none.controlDomain == nil && none.ownPort == nil && none.tracePath == nil)
    }

    @Test func `What has no effect is taken, with and without its value`() throws {
        for arguments in [
            ["-I"], ["-Ion"], ["-I", "off"], ["--internal-db=x"], ["--internal-db", "on"], ["-w", "watch-event=20"],
        ] {
            guard case .serve(let options) = try Options.parse(arguments) else { throw OptionError("not served") }
            #expect(options == Options())
        }
    }

    @Test func `Help and version win over what comes after them`() throws {
        for help in ["-H", "--help"] { #expect(try Options.parse([help, "--nothing"]) == .help) }
        #expect(try Options.parse(["-N", "--version", "x"]) == .version)
    }

    @Test func `Unknown options, missing values and remaining arguments are refused with a sentence`() {
        #expect(sentence("--nothing") == "--nothing: no such option")
        #expect(sentence("--pid") == "--pid: no such option")
        #expect(sentence("-Z") == "-Z: no such option")
        #expect(sentence("-NZ") == "-Z: no such option")
        #expect(sentence("-F") == "-F: a value is missing")
        #expect(sentence("--pid-file") == "--pid-file: a value is missing")
        #expect(sentence("--pid-file=") == "--pid-file: a value is missing")
        #expect(sentence("--no-fork=1") == "--no-fork: takes no value")
        #expect(sentence("-N", "more") == "more: not an option")
        #expect(sentence("-N", "--", "more") == "more: not an option")
        #expect(sentence("-") == "-: not an option")
        #expect(sentence("-I", "x") == "x: not an option")
        #expect(sentence("") == ": not an option")
    }

    @Test func `Numbers are decimal, and within what they may be`() {
        for text in ["", "x", "1x", "-1", "+1", "0x10", "2147483648", "99999999999999999999"] {
            #expect(sentence("-E", text) == "--entry-nb \(text): not a number from 0 to 2147483647")
        }
        #expect(sentence("-m", "32752") == "--master-domid 32752: not a number from 0 to 32751")
        #expect(sentence("-e", "4294967296") == "--event 4294967296: not a number from 0 to 4294967295")
        #expect(sentence("-Q", "nodes") == "--quota nodes: must be NAME=NUMBER")
        #expect(sentence("-Q", "cows=1") == "--quota cows=1: there is no quota of that name")
        #expect(sentence("-Q", "nodes=") == "--quota nodes=: not a number from 0 to 2147483647")
        #expect(sentence("-q", "nodes=x") == "--quota-soft nodes=x: not a number from 0 to 2147483647")
        #expect(sentence("-w", "x=1") == "--timeout x=1: there is watch-event=SECONDS only")
        #expect(sentence("--trace-control", "io").hasPrefix("--trace-control io: must be + or - and one of"))
        #expect(sentence("--trace-control", "+cows").hasPrefix("--trace-control +cows: must be"))
        #expect(sentence("--confine", "-U") == "--confine: there is no live update with it")
    }

    @Test func `The usage names every option`() {
        for option in Options.names {
            #expect(Options.usage.contains("--\(option.long)"))
            if let short = option.short { #expect(Options.usage.contains("-\(short), --\(option.long)")) }
        }
    }

    @Test func `Paths are the environment's, where it has any`() {
        let none = StorePaths(path: nil, runDirectory: nil, library: nil)
        #expect(none.socket == "/run/xenstored/socket" && none.library == "/var/lib/xen/xenstore")
        #expect(StorePaths(path: nil, runDirectory: "/r", library: "").socket == "/r/socket")
        #expect(StorePaths(path: "/s", runDirectory: "/r", library: "/l").socket == "/s")
        #expect(StorePaths(path: "", runDirectory: "", library: nil) == none)
    }
}
