// The command line (varstored.md 12.1, 13.1).

import DaemonShell
import Testing
import XenLinux

@testable import varstored

@Suite struct OptionsTests {
    private func parse(_ line: String) throws(OptionError) -> Options? {
        let words = line.split(separator: " ").map(String.init)
        guard case .serve(let options) = try Options.parse(words, makePidFile: { _ in }) else { return nil }
        return options
    }

    private func usage(_ line: String) -> String? {
        do throws(OptionError) {
            _ = try parse(line)
        } catch {
            if case .usage(let sentence) = error { return sentence }
        }
        return nil
    }

    private func failure(_ line: String) -> String? {
        do throws(OptionError) {
            _ = try parse(line)
        } catch {
            if case .failed(let sentence) = error { return sentence }
        }
        return nil
    }

    @Test("as xenopsd starts it")
    func xenopsd() throws {
        let options = try parse(
            """
            --domain 7 --chroot /var/run/xen/varstored-root-7 --depriv --uid 65542 --gid 998 --backend xapidb \
            --arg socket:/xapi-depriv-socket --pidfile /run/p --arg uuid:U --nonpersistent --resume \
            --arg resume:/efi-vars-resume.dat --arg save:/efi-vars-save.dat
            """)
        var expected = Options(domain: 7, backend: .xapidb(uuid: "U", socket: "/xapi-depriv-socket"))
        expected.root = "/var/run/xen/varstored-root-7"
        expected.confines = true
        expected.userID = 65542
        expected.groupID = 998
        expected.pidFilePath = "/run/p"
        expected.isPersistent = false
        expected.resumes = true
        expected.resumePath = "/efi-vars-resume.dat"
        expected.savePath = "/efi-vars-save.dat"
        #expect(options == expected)
    }

    @Test("the first --arg without --backend chooses file; a value may have colons, and = joins it")
    func file() throws {
        let options = try parse("--domain=0x10 --arg=path:/a:b --arg uuid:ignored")
        #expect(options == Options(domain: 16, backend: .file(path: "/a:b")))
    }

    @Test("xapidb has a socket of its own unless another one is given")
    func standardSocket() throws {
        let options = try parse("--domain 1 --backend xapidb --arg uuid:U")
        #expect(options?.backend == .xapidb(uuid: "U", socket: "/var/lib/xcp/xapi"))
    }

    @Test("Corbel's own options, and what holds without them")
    func own() throws {
        let plain = try #require(try parse("--domain 1 --arg path:p"))
        #expect(plain.authDirectory == "/var/lib/varstored")
        #expect(!plain.requiresPKOnly && plain.logLevel == .information && plain.strictNames)
        #expect(!plain.refusesBadBlobs && !plain.isReadyEarly && plain.isPersistent && !plain.confines)
        #expect(plain.hypervisor == nil && plain.xenstore == nil && plain.secureBoot == nil && plain.enforcing == nil)
        let all = try #require(
            try parse(
                """
                --domain 1 --arg path:p --auth-dir /k --keys-required pk --log-level debug --relaxed-names \
                --on-bad-blob refuse --ready early --hypervisor sandbox:/s --xenstore none --secureboot true \
                --auth-enforce false
                """))
        #expect(all.authDirectory == "/k" && all.requiresPKOnly && all.logLevel == .debug && !all.strictNames)
        #expect(all.refusesBadBlobs && all.isReadyEarly && all.hypervisor == .sandbox(path: "/s"))
        #expect(all.xenstore == XenstoreChoice.none && all.secureBoot == true && all.enforcing == false)
        #expect(try parse("--domain 1 --arg path:p --xenstore /x")?.xenstore == .socket(path: "/x"))
    }

    @Test(
        "numbers are decimal, hexadecimal or octal; what is none is a failure and no usage error",
        arguments: [
            ("0", 0), ("10", 10), ("010", 8), ("0x1F", 31), ("0X1f", 31), ("32751", 0x7FEF),
        ])
    func numbers(_ text: String, _ number: UInt16) throws {
        #expect(try parse("--domain \(text) --arg path:p")?.domain == number)
    }

    @Test(
        "a number that is none or too large",
        arguments: [
            "", "x", "-1", "+1", "1x", "08", "0x", "0x-1", "32752", "99999999999999999999",
        ])
    func wrongNumbers(_ text: String) {
        #expect(failure("--arg path:p --domain=\(text)")?.hasPrefix("--domain \(text): not a number") == true)
    }

    @Test(
        "what is wrong with a command line is said",
        arguments: [
            ("", "--domain is needed: the guest's domain id"),
            ("--domain 1", "a backend is needed: --backend or --arg"),
            ("--arg path:p", "--domain is needed: the guest's domain id"),
            ("--domain 1 --frob", "--frob: no such option"),
            ("--domain 1 stray", "stray: not an option"),
            ("--domain 1 -h", "-h: not an option"),
            ("--domain", "--domain: a value is missing"),
            ("--domain 1 --resume=yes --arg path:p", "--resume: takes no value"),
            ("--domain 1 --backend db", "--backend db: no such backend"),
            ("--domain 1 --arg path:p --backend xapidb", "--backend xapidb: must come before --arg"),
            ("--domain 1 --arg path", "--arg path: must be NAME:VALUE"),
            ("--domain 1 --arg path:", "--arg path:: a value is missing"),
            ("--domain 1 --arg socket:s", "--arg socket:s: file has no argument socket"),
            ("--domain 1 --backend xapidb --arg path:p", "--arg path:p: xapidb has no argument path"),
            ("--domain 1 --backend file", "--arg path:PATH is needed: the file of the blob"),
            ("--domain 1 --backend xapidb", "--arg uuid:UUID is needed: the virtual machine"),
            ("--domain 1 --arg path:p --arg resume:r", "--arg resume: only with --resume"),
            ("--domain 1 --arg path:/a/p --arg save:/a/p", "--arg save:/a/p: must not be the file of --arg path"),
            ("--domain 1 --arg save://a/./p --arg path:/a/p", "--arg save://a/./p: must not be the file of --arg path"),
            ("--domain 1 --arg path:p --arg save:./p", "--arg save:./p: must not be the file of --arg path"),
            (
                "--domain 1 --arg path:p --arg save:/p --chroot /r", "--arg save:/p: must not be the file of --arg path"
            ),
            ("--domain 1 --arg path:p --keys-required db", "--keys-required db: must be all or pk"),
            ("--domain 1 --arg path:p --secureboot yes", "--secureboot yes: must be true or false"),
        ])
    func usageErrors(_ line: String, _ sentence: String) { #expect(usage(line) == sentence) }

    @Test("the save file may be another one in the same folder, and the resume file may be the blob's")
    func otherFiles() throws {
        #expect(try parse("--domain 1 --arg path:/p --arg save:p")?.savePath == "p")
        #expect(try parse("--domain 1 --arg path:/a/p --arg save:/a/q")?.savePath == "/a/q")
        #expect(try parse("--domain 1 --arg path:/p --resume --arg resume:/p")?.resumePath == "/p")
    }

    @Test("a user without a group, and a log in a file under --depriv, are warned of; what xenopsd gives is not")
    func warnings() throws {
        func count(_ line: String, logIsFile: Bool) throws -> Int? {
            try parse("--domain 1 --arg path:p \(line)")?.warnings(logIsFile: logIsFile).count
        }
        #expect(try count("--depriv --uid 1 --gid 1", logIsFile: false) == 0)
        #expect(try count("--uid 1 --gid 1", logIsFile: true) == 0)
        #expect(try count("--gid 1", logIsFile: true) == 0)
        #expect(try count("--uid 1", logIsFile: false) == 1)
        #expect(try count("--depriv --uid 1 --gid 0", logIsFile: true) == 2)
    }

    @Test("help and version end the reading; what stands before them has been read")
    func helpAndVersion() throws {
        #expect(try Options.parse(["--help", "--frob"], makePidFile: { _ in }) == .help)
        #expect(try Options.parse(["--domain", "1", "--version"], makePidFile: { _ in }) == .version)
        #expect(throws: OptionError.usage("--frob: no such option")) {
            try Options.parse(["--frob", "--help"], makePidFile: { _ in })
        }
    }

    @Test("the pid file is made when its option is read: before a mistake that follows it, not after one before it")
    func pidFile() {
        var made: [String] = []
        func parse(_ words: [String]) {
            _ = try? Options.parse(words) { path throws(OptionError) in made.append(path) }
        }
        parse(["--pidfile", "/first", "--frob"])
        parse(["--frob", "--pidfile", "/second"])
        #expect(made == ["/first"])
    }

    @Test("a pid file that can't be made ends the reading as a failure")
    func pidFileFailure() {
        #expect(throws: OptionError.failed("no")) {
            try Options.parse(["--pidfile", "/p"]) { _ throws(OptionError) in throw .failed("no") }
        }
    }

    @Test("the usage names every option")
    func usageNames() {
        let names = [
            "domain", "resume", "nonpersistent", "depriv", "uid", "gid", "chroot", "pidfile", "backend", "arg",
            "auth-dir", "keys-required", "log-level", "relaxed-names", "on-bad-blob", "ready", "help", "version",
            "hypervisor", "xenstore", "secureboot", "auth-enforce",
        ]
        for name in names { #expect(Options.usage.contains("  --\(name) "), "--\(name)") }
    }
}
