// Which options there are and what each means. Source: varstored.md 12.1, 13.1.
// Not for: their form (OptionReader.swift).

internal import DaemonShell
internal import VariableBackends
internal import XenABI
internal import XenLinux

extension Options {
    /// Reads the arguments that follow the program's name. The pid file is made when its option is read.
    static func parse(
        _ arguments: [String], makePidFile: (_ path: String) throws(OptionError) -> Void
    ) throws(OptionError) -> Command {
        var reader = OptionReader(arguments)
        var draft = Draft()
        while let name = try reader.nextName() {
            switch name {
            case "--help": return .help
            case "--version": return .version
            case "--pidfile":
                let path = try reader.text(name)
                try makePidFile(path)
                draft.options.pidFilePath = path
            default:
                if try !draft.take(name, &reader), try !draft.takeOwn(name, &reader) {
                    throw .usage("\(name): no such option")
                }
            }
            try reader.end(name)
        }
        return .serve(try draft.finish())
    }
}

/// Options as far as they were read.
private struct Draft {
    var options = Options(domain: 0, backend: .file(path: ""))
    private var domain: UInt16?
    private var backend: BackendName?
    private var hasArguments = false
    private var arguments: [String: String] = [:]

    /// The options that the C daemon has. False when it is none of them.
    mutating func take(_ name: String, _ reader: inout OptionReader) throws(OptionError) -> Bool {
        switch name {
        case "--domain": domain = try reader.number(name, in: 0...DomainID.caller.rawValue - 1)
        case "--resume": options.resumes = true
        case "--nonpersistent": options.isPersistent = false
        case "--depriv": options.confines = true
        // The last number is the C library's for "none".
        case "--uid": options.userID = try reader.number(name, in: 0...UInt32.max - 1)
        case "--gid": options.groupID = try reader.number(name, in: 0...UInt32.max - 1)
        case "--chroot": options.root = try reader.text(name)
        case "--backend": try choose(try reader.value(name))
        case "--arg": try takeArgument(try reader.value(name))
        default: return false
        }
        return true
    }

    /// Corbel's own options.
    mutating func takeOwn(_ name: String, _ reader: inout OptionReader) throws(OptionError) -> Bool {
        let boolean = [("true", true), ("false", false)]
        switch name {
        case "--auth-dir": options.authDirectory = try reader.text(name)
        case "--keys-required": options.requiresPKOnly = try reader.choice(name, [("all", false), ("pk", true)])
        case "--on-bad-blob":
            options.refusesBadBlobs = try reader.choice(name, [("quarantine", false), ("refuse", true)])
        case "--relaxed-names": options.strictNames = false
        case "--ready": options.isReadyEarly = try reader.choice(name, [("late", false), ("early", true)])
        case "--log-level":
            options.logLevel = try reader.choice(
                name, [("error", .error), ("warn", .warning), ("info", .information), ("debug", .debug)])
        case "--hypervisor":
            let text = try reader.value(name)
            do throws(HypervisorError) {
                options.hypervisor = try HypervisorChoice(text)
            } catch {
                throw .usage("\(name): \(error)")
            }
        case "--xenstore":
            let text = try reader.text(name)
            options.xenstore = text == "none" ? XenstoreChoice.none : .socket(path: text)
        case "--secureboot": options.secureBoot = try reader.choice(name, boolean)
        case "--auth-enforce": options.enforcing = try reader.choice(name, boolean)
        default: return false
        }
        return true
    }

    private mutating func choose(_ name: String) throws(OptionError) {
        guard let choice = BackendName(rawValue: name) else { throw .usage("--backend \(name): no such backend") }
        if hasArguments, backend != choice { throw .usage("--backend \(name): must come before --arg") }
        backend = choice
    }

    /// The first argument without a backend chooses `file`.
    private mutating func takeArgument(_ text: String) throws(OptionError) {
        let backend = backend ?? .file
        self.backend = backend
        hasArguments = true
        guard let colon = text.firstIndex(of: ":") else { throw .usage("--arg \(text): must be NAME:VALUE") }
        let name = String(text[..<colon])
        let value = String(text[text.index(after: colon)...])
        guard backend.arguments.contains(name) else {
            throw .usage("--arg \(text): \(backend.rawValue) has no argument \(name)")
        }
        if value.isEmpty { throw .usage("--arg \(text): a value is missing") }
        arguments[name] = value
    }

    /// What was read, if it is enough.
    consuming func finish() throws(OptionError) -> Options {
        guard let domain else { throw .usage("--domain is needed: the guest's domain id") }
        options.domain = domain
        switch backend {
        case nil: throw .usage("a backend is needed: --backend or --arg")
        case .file:
            guard let path = arguments["path"] else { throw .usage("--arg path:PATH is needed: the file of the blob") }
            options.backend = .file(path: path)
        case .xapidb:
            guard let uuid = arguments["uuid"] else { throw .usage("--arg uuid:UUID is needed: the virtual machine") }
            options.backend = .xapidb(uuid: uuid, socket: arguments["socket"] ?? XAPIBackend.standardSocketPath)
        }
        options.savePath = arguments["save"]
        options.resumePath = arguments["resume"]
        if options.resumePath != nil, !options.resumes { throw .usage("--arg resume: only with --resume") }
        if case .file(let path) = options.backend, let save = options.savePath, places(save) == places(path) {
            // The save would be written over the blob, volatile variables with it.
            throw .usage("--arg save:\(save): must not be the file of --arg path")
        }
        return options
    }

    /// The names that a path leads through; one that starts at the root, or from a new root, begins with none.
    private func places(_ path: String) -> [Substring] {
        let isWhole = path.hasPrefix("/") || options.root != nil
        return (isWhole ? [""] : []) + path.split(separator: "/").filter { $0 != "." }
    }
}

/// A backend by its name.
private enum BackendName: String {
    case file, xapidb

    /// Its arguments (varstored.md 13.1).
    var arguments: [String] {
        switch self {
        case .file: ["path", "uuid", "save", "resume"]
        case .xapidb: ["uuid", "socket", "save", "resume"]
        }
    }
}
