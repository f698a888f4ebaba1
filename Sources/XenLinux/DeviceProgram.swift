// A device model as a program: its command line, its platform, its last words and its exit status.
// Not for: what it serves; nor programs with options of their own.

public import SystemCalls
public import XenABI
public import XenDeviceModel

/// A program that serves one domain with one device model: `NAME DOMID [OPERAND...]`.
///
/// ```swift
/// @main enum Echo: DeviceProgram {
///     static let (name, version) = ("Echo", "1.0.0")
///
///     static func serve(
///         _ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals
///     ) throws(XenError) {
///         let server = try domain.makeIOREQServer().mapPages()
///         try server.claim(.ports(0x300...0x303), for: EchoPorts()).enable().serve(until: stop)
///     }
/// }
/// ```
///
/// `--help` and `--version` are answered. The platform is the real Xen, or what `CORBEL_HYPERVISOR` says, restricted to
/// the domain. SIGTERM, SIGINT and SIGHUP make `stop` readable. The exit status is 0 when `serve` returns; 1, with a
/// sentence on standard error, when it throws or there is no such platform or domain; 2 when the command line is wrong.
public protocol DeviceProgram {
    /// The program's name, for messages.
    static var name: String { get }
    /// Its version, such as `1.0.0`.
    static var version: String { get }
    /// What the words after DOMID are, in capitals; all of them must be given. None by default.
    static var operands: [String] { get }
    /// Serves the domain until `stop` is readable or the domain goes away. `operands` are the words after DOMID, as
    /// many as the property names.
    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError)
}

extension DeviceProgram {
    /// None.
    public static var operands: [String] { [] }

    /// What `body` answers. When a system call in it fails, that is the program's failure, under a name that its user
    /// knows: `opening IMAGE`.
    public static func attempt<Answer: ~Copyable>(
        _ call: StaticString, _ body: @autoclosure () throws(SystemError) -> Answer
    ) throws(XenError) -> Answer {
        do throws(SystemError) {
            return try body()
        } catch {
            throw XenError(error, call)
        }
    }

    #if !hasFeature(Embedded)  // which has no command line
        /// The whole program.
        public static func main() {
            exitProgram(run(Array(CommandLine.arguments.dropFirst())))
        }
    #endif

    /// The whole program, as a status.
    static func run(_ arguments: [String]) -> Int32 {
        let command = DeviceCommand(arguments, operandCount: operands.count)
        switch command {
        case .help: return say(usage)
        case .version: return say("\(name) \(version)")
        case .wrong(let reason): return complain("\(reason)\n\(usage)", status: 2)
        case .serve(let domain, let operands):
            // First: a signal from here on ends what is done in order.
            let stop = StopSignals()
            do throws(HypervisorError) {
                try serve(domain, operands, stop)
                return 0
            } catch {
                return complain(error.description, status: 1)
            }
        }
    }

    private static func serve(_ id: DomainID, _ operands: [String], _ stop: StopSignals) throws(HypervisorError) {
        let platform = try HypervisorChoice.choose(option: nil).open()
        do throws(XenError) {
            try serve(platform.domain(id, restricted: true), operands, until: stop)
        } catch {
            throw .xen(error)
        }
    }

    private static var usage: String {
        operands.reduce("usage: \(name) DOMID") { "\($0) \($1)" }
    }

    private static func say(_ text: String) -> Int32 {
        do throws(SystemError) {
            try StandardStream.output.write(text + "\n")
            return 0
        } catch {
            return complain("standard output: \(error.description)", status: 1)
        }
    }

    private static func complain(_ text: String, status: Int32) -> Int32 {
        // Who has closed standard error does not want to be told.
        try? StandardStream.error.write("\(name): \(text)\n")
        return status
    }
}

/// What a command line asks for.
enum DeviceCommand {
    case help
    case version
    case serve(DomainID, [String])
    case wrong(String)

    /// Reads the words after the program's name. By bytes: comparing strings would bring Unicode's tables into Embedded
    /// Swift.
    init(_ words: [String], operandCount: Int) {
        let first = words.first ?? ""
        if words.count == 1, first.utf8.elementsEqual("--help".utf8) || first.utf8.elementsEqual("-h".utf8) {
            self = .help
        } else if words.count == 1, first.utf8.elementsEqual("--version".utf8) {
            self = .version
        } else if words.count > 0, first.utf8.starts(with: "-".utf8) {
            self = .wrong("there is no option \(first)")
        } else if words.count != operandCount + 1 {
            self = .wrong(words.count <= operandCount ? "too few words" : "too many words")
        } else if let number = UInt16(first), !DomainID(number).isReserved {
            self = .serve(DomainID(number), Array(words.dropFirst()))
        } else {
            self = .wrong("DOMID is the number of a domain, not \"\(first)\"")
        }
    }
}
