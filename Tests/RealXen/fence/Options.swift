// The command line of xen-fence.

/// A wrong command line.
struct UsageError: Error {
    let message: String
}

struct Options {
    var list: String?
    var also: [String] = []
    var output: String?
    var wantedStatus: Int32 = 0
    var command: [String] = []
    private var givenName: String?

    /// What the rows call the program.
    var name: String { givenName ?? command.joined(separator: " ") }

    /// The lists that a call can be missing from.
    var listNames: String { ([list ?? "stable-list"] + also).joined(separator: ", ") }

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let option = rest.popFirst(), option != "--" {
            guard let value = rest.popFirst() else { throw UsageError(message: "\(option) needs a value") }
            switch option {
            case "--list": list = value
            case "--also": also.append(value)
            case "--name": givenName = value
            case "--output": output = value
            case "--status":
                guard let status = Int32(value), (0...255).contains(status) else {
                    throw UsageError(message: "--status \(value): a number from 0 to 255")
                }
                wantedStatus = status
            default: throw UsageError(message: "there is no option \(option)")
            }
        }
        command = Array(rest)
        if command.isEmpty { throw UsageError(message: "which program? -- PROGRAM") }
    }
}
