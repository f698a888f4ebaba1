// A program that confines itself as varstored does, or xenstored by `--confine`, and then does one thing. For
// Tests/Confinement/check.
//     confinement-test list
//     confinement-test ROOT USER GROUP xen|sandbox:PATH NAME
//     confinement-test store NAME
// ROOT, USER and GROUP may be - for none. Status 0: it was done, and is as it should be; 1: it is not; 3: what is
// forbidden came back; 2: a wrong argument. What is forbidden ends the process by SIGSYS; of xenstored's it answers
// EPERM: status 4.

import CForbidden
import DaemonConfinement
import DaemonShell
import SystemCalls
import XenLinux

@main
enum ConfinementTest {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 2, arguments[1] == "list" { return list() }
        if arguments.count == 3, arguments[1] == "store" { return makeAsStore(arguments[2]) }
        guard arguments.count == 6, let choice = try? HypervisorChoice(arguments[4]) else {
            finish(2, "confinement-test list | store NAME | ROOT USER GROUP HYPERVISOR NAME")
        }
        let place = Place(
            root: given(arguments[1]), user: given(arguments[2]).flatMap { UInt32($0) },
            group: given(arguments[3]).flatMap { UInt32($0) }, hypervisor: choice)
        do {
            if let row = stateRows.first(where: { $0.name == arguments[5] }) {
                try row.body(place)
            } else {
                try make(arguments[5], place)
            }
        } catch {
            finish(1, "\(error)")
        }
    }

    private static func given(_ text: String) -> String? { text == "-" ? nil : text }

    /// A call by its name, forbidden or allowed: who has started this knows which.
    private static func make(_ name: String, _ place: Place) throws {
        try place.confinement(isFiltered: true).enterRoot(keeping: .only([])).giveUpRights()
        finish(unsafe cforbidden_make(name) == 1 ? 3 : 2, "\(name) came back")
    }

    /// A call by its name, after what xenstored does (Sources/xenstored/Options+Confinement.swift).
    private static func makeAsStore(_ name: String) {
        do throws(SystemError) {
            try forbidDumping()
            try forbidNewPrivileges()
            endAtCrashes()
            let calls = SystemCallRule.confinedDaemon + SystemCallRule.serving + XenLinux.storeCalls
            try SystemCallFilter(calls, refusal: .notPermitted).install()
        } catch {
            finish(1, "\(error)")
        }
        if unsafe cforbidden_make(name) != 1 { finish(2, "\(name) is no call") }
        let wasRefused = cforbidden_was_refused() == 1
        finish(wasRefused ? 4 : 3, "\(name) \(wasRefused ? "was refused" : "came back")")
    }

    private static func list() {
        var index: Int32 = 0
        while let text = unsafe cforbidden_name(index) {
            unsafe print("forbidden", String(cString: text))
            index += 1
        }
        index = 0
        while let text = unsafe cforbidden_allowed_name(index) {
            unsafe print("allowed", String(cString: text))
            index += 1
        }
        for row in stateRows { print("state", row.name) }
    }
}

/// Where a row runs.
struct Place {
    var root: String?
    var user: UInt32?
    var group: UInt32?
    var hypervisor: HypervisorChoice

    func confinement(isFiltered: Bool) -> Confinement {
        let rules = SystemCallRule.confinedDaemon + hypervisor.confinedCalls
        return Confinement(
            root: root, user: user, group: group, leavesNamespaces: true, limits: .variableDaemon,
            filter: isFiltered ? SystemCallFilter(rules) : nil)
    }
}

/// Ends the program with a word on standard error.
func finish(_ status: Int32, _ text: String) -> Never {
    try? StandardStream.error.write(text + "\n")
    exitProgram(status)
}

/// A condition that must hold.
func expect(_ condition: Bool, _ text: String, line: Int = #line) {
    if !condition { finish(1, "line \(line): not so: \(text)") }
}
