// uefi-peer-test VERB [--option VALUE]...: our side of the tests against other implementations (Tests/UEFIPeers/check).
// Prints one line. Not for: users; it is never installed.

import Foundation

let verbs: [String: (Arguments) throws -> String] = [
    "set": Verbs.set, "content": Verbs.content, "join": Verbs.join, "sign": Verbs.sign, "list": Verbs.list,
    "time": Verbs.time,
]

guard CommandLine.arguments.count > 1, let verb = verbs[CommandLine.arguments[1]] else {
    print("usage: uefi-peer-test \(verbs.keys.sorted().joined(separator: "|")) [--option VALUE]...")
    exit(64)
}
do {
    print(try verb(Arguments(CommandLine.arguments.dropFirst(2), flags: Verbs.flags)))
} catch {
    print("error: \(error)")
    exit(1)
}
