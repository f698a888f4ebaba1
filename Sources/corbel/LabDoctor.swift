// `corbel lab doctor`: would `corbel lab run` work here, and if not, what helps.
import ArgumentParser
import Foundation
import LabKit

struct LabDoctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what the lab lacks here, and the command that fixes it.",
        discussion: """
            One line for each thing: ok, warn (the lab works) or missing (it does not). Changes nothing and asks no \
            network. Exit status: 0 when corbel lab run would work, 2 when not.
            """)

    @Flag(help: "As JSON: a list of name, state, text and remedy.")
    var json = false

    @OptionGroup var source: PackageSource

    func run() throws {
        let interruption = Interruption()
        interruption.listen()
        let findings = try Doctor(mirrors: try source.choice(), interruption: interruption).examine()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try say(String(decoding: try encoder.encode(findings), as: UTF8.self))
        } else {
            for finding in findings {
                let state = finding.state.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
                try say("\(state)\(finding.name): \(finding.text)")
                if let remedy = finding.remedy { try say("          \(remedy)") }
            }
        }
        Corbel.exit(withStatus: findings.contains { $0.state == .missing } ? 2 : 0)
    }
}
