// The command line: what is taken, and what is refused with which sentence.

import Testing
import XenLinux

@testable import SerialConsole

@Suite struct OptionsTests {
    func options(_ arguments: String...) throws -> Options? {
        guard case .serve(let options) = try Options.parse(arguments) else { return nil }
        return options
    }

    func refusal(_ arguments: String...) -> String? {
        do throws(UsageError) {
            _ = try Options.parse(arguments)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func aDomainIsEnoughAndTheRestIsCOM1() throws {
        #expect(try options("--domain", "5") == Options(domain: 5))
        #expect(Options(domain: 5).ports == 0x3F8...0x3FF)
        #expect(Options(domain: 5).irq == nil)
        #expect(Options(domain: 5).restricts)
    }

    @Test func everyOptionIsTaken() throws {
        let taken = try #require(
            try options(
                "--domain=7", "--hypervisor", "sandbox:/run/x", "--port", "0x2f8", "--irq", "3", "--prefix=", "--log",
                "a", "--input", "--statistics", "-", "--no-restrict", "-q"))
        #expect(taken.domain == 7)
        #expect(taken.hypervisor == .sandbox(path: "/run/x"))
        #expect(taken.ports == 0x2F8...0x2FF)
        #expect(taken.irq == 3)
        #expect(taken.prefix == "")
        #expect(taken.logPath == "a")
        #expect(taken.takesInput && taken.isQuiet && !taken.restricts)
        #expect(taken.statisticsPath == "-")
    }

    @Test func helpAndVersionNeedNoDomain() throws {
        #expect(try Options.parse(["--help"]) == .help)
        #expect(try Options.parse(["-h"]) == .help)
        #expect(try Options.parse(["--version"]) == .version)
    }

    @Test func theLastPortsFit() throws {
        #expect(try options("--domain", "1", "--port", "0xFFF8")?.ports == 0xFFF8...0xFFFF)
        #expect(refusal("--domain", "1", "--port", "0xfff9") == "--port 0xfff9: not a first port (0 to 65528)")
    }

    @Test(arguments: ["", "-1", "+1", "0x", "0x-1", "32752", "65541", "5a", "five", " 5"])
    func whatIsNoDomainIDIsRefused(text: String) {
        #expect(refusal("--domain", text) == "--domain \(text): not a domain id (0 to 32751)")
    }

    @Test func mistakesGetASentence() {
        #expect(refusal() == "--domain is needed: the guest's domain id")
        #expect(refusal("--domain") == "--domain: a value is missing")
        #expect(refusal("--domain", "1", "--irq", "16") == "--irq 16: not an ISA interrupt line (0 to 15)")
        #expect(refusal("--domain", "1", "--nosuch") == "--nosuch: no such option")
        #expect(refusal("--domain", "1", "-x") == "-x: no such option")
        #expect(refusal("--domain", "1", "--input=yes") == "--input: takes no value")
        #expect(refusal("--domain", "1", "more") == "more: not an option")
        #expect(refusal("--domain", "1", "--hypervisor", "kvm")?.hasPrefix("--hypervisor: ") == true)
        #expect(refusal("--domain", "1", "--hypervisor", "sandbox:") != nil)
    }

    @Test func helpNamesEveryOption() {
        for name in [
            "--domain", "--hypervisor", "--port", "--irq", "--prefix", "--log", "--input", "--statistics",
            "--no-restrict", "--quiet", "--version", "--help",
        ] {
            #expect(Options.help.contains(name))
        }
    }
}
