// The command line as a value. By hand, because a parser package would be larger than the program.
// Not for: acting on it (see Program).

import XenLinux

/// This program's version.
let version = "0.1.0"

/// A command line that can't be used: the sentence to show.
struct UsageError: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}

/// What to do.
enum Command: Equatable {
    case serve(Options)
    case help
    case version
}

/// How to serve.
struct Options: Equatable {
    /// The target domain's id.
    var domain: UInt16
    /// nil: what the environment says, else real Xen.
    var hypervisor: HypervisorChoice?
    /// The first of the eight ports.
    var firstPort: UInt16 = 0x3F8
    /// The ISA interrupt line to drive, 0 to 15.
    var irq: UInt8?
    /// What each shown line begins with.
    var prefix = "guest| "
    /// Where the guest's bytes go, unchanged.
    var logPath: String?
    /// Whether the standard input goes to the guest.
    var takesInput = false
    /// Where the numbers go; "-" is the standard output.
    var statisticsPath: String?
    /// Whether the handles are limited to the domain first.
    var restricts = true
    var isQuiet = false

    var ports: ClosedRange<UInt16> { firstPort...firstPort + UInt16(UART16550.registerCount - 1) }

    init(domain: UInt16) { self.domain = domain }

    static let help = """
        Usage: SerialConsole --domain N [options]
        Serves the serial port COM1 of a Xen guest and shows what the guest writes.

          --domain N             the guest's domain id (required)
          --hypervisor WHERE     xen, or sandbox:PATH (default: $CORBEL_HYPERVISOR, else xen)
          --port P               first of the 8 ports (default 0x3f8)
          --irq N                drive this ISA interrupt line, 4 for COM1 (default: none; HVM guests only)
          --prefix TEXT          what each shown line begins with (default "guest| ")
          --log FILE             append the guest's bytes to FILE, unchanged
          --input                send the standard input to the guest
          --statistics FILE      at the end, a table on standard error and JSON to FILE (-: standard output)
          --no-restrict          do not limit the handles to the domain
          -q, --quiet            say nothing but errors
          --version              show the version
          -h, --help             show this

        Ends with 0 when the domain goes away or on SIGTERM, SIGINT and SIGHUP, 1 on a failure, 2 on a wrong option.

        """

    /// Reads the arguments that follow the program's name.
    static func parse(_ arguments: [String]) throws(UsageError) -> Command {
        var reader = ArgumentReader(arguments)
        var options = Options(domain: 0)
        var domain: UInt16?
        while let name = try reader.nextOption() {
            switch name {
            case "-h", "--help": return .help
            case "--version": return .version
            case "--domain": domain = try reader.number(name, in: 0...0x7FEF, called: "a domain id")
            case "--port": options.firstPort = try reader.number(name, in: 0...0xFFF8, called: "a first port")
            case "--irq": options.irq = try reader.number(name, in: 0...15, called: "an ISA interrupt line")
            case "--prefix": options.prefix = try reader.value(name)
            case "--log": options.logPath = try reader.value(name)
            case "--statistics": options.statisticsPath = try reader.value(name)
            case "--hypervisor": options.hypervisor = try reader.hypervisor(name)
            case "--input": options.takesInput = true
            case "--no-restrict": options.restricts = false
            case "-q", "--quiet": options.isQuiet = true
            default: throw UsageError("\(name): no such option")
            }
            try reader.endOption(name)
        }
        guard let domain else { throw UsageError("--domain is needed: the guest's domain id") }
        options.domain = domain
        return .serve(options)
    }
}

/// Takes arguments apart: `--name VALUE` and `--name=VALUE`.
private struct ArgumentReader {
    private var rest: ArraySlice<String>
    private var attached: String?

    init(_ arguments: [String]) { rest = arguments[...] }

    mutating func nextOption() throws(UsageError) -> String? {
        guard let argument = rest.popFirst() else { return nil }
        guard argument.hasPrefix("-"), argument != "-" else { throw UsageError("\(argument): not an option") }
        guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return argument }
        attached = String(argument[argument.index(after: equals)...])
        return String(argument[..<equals])
    }

    /// A value that nobody asked for is a mistake.
    mutating func endOption(_ name: String) throws(UsageError) {
        if attached != nil { throw UsageError("\(name): takes no value") }
    }

    mutating func value(_ name: String) throws(UsageError) -> String {
        if let value = attached {
            attached = nil
            return value
        }
        guard let value = rest.popFirst() else { throw UsageError("\(name): a value is missing") }
        return value
    }

    mutating func number<Number: FixedWidthInteger>(
        _ name: String, in range: ClosedRange<Number>, called what: String
    ) throws(UsageError) -> Number {
        let text = try value(name)
        let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
        let digits = isHexadecimal ? text.dropFirst(2) : text[...]
        // A sign is no digit, though Swift would take it.
        guard let first = digits.first, first.isHexDigit, let number = Number(digits, radix: isHexadecimal ? 16 : 10),
            range.contains(number)
        else { throw UsageError("\(name) \(text): not \(what) (\(range.lowerBound) to \(range.upperBound))") }
        return number
    }

    mutating func hypervisor(_ name: String) throws(UsageError) -> HypervisorChoice {
        let text = try value(name)
        do throws(HypervisorError) {
            return try HypervisorChoice(text)
        } catch {
            throw UsageError("\(name): \(error)")
        }
    }
}
