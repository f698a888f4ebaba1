// Which options there are and what each means. Source: xenstored.md 14.1.
// Not for: their form (OptionReader.swift).

internal import XenstoreCore

extension Options {
    /// All options.
    static let names: [OptionName] = [
        OptionName("pid-file", "F", .required), OptionName("no-fork", "N"), OptionName("no-domain-init", "D"),
        OptionName("help", "H"), OptionName("version", nil), OptionName("output-pid", "P"),
        OptionName("trace-file", "T", .required), OptionName("trace-control", nil, .required),
        OptionName("entry-nb", "E", .required), OptionName("entry-size", "S", .required),
        OptionName("watch-nb", "W", .required), OptionName("transaction", "t", .required),
        OptionName("perm-nb", "A", .required), OptionName("path-max", "M", .required),
        OptionName("quota", "Q", .required), OptionName("quota-soft", "q", .required),
        OptionName("timeout", "w", .required), OptionName("keep-orphans", "K"),
        OptionName("master-domid", "m", .required), OptionName("priv-domid", "p", .required),
        OptionName("event", "e", .required), OptionName("live-update", "U"), OptionName("check-state", nil, .required),
        OptionName("internal-db", "I", .optional(["on", "off"])), OptionName("no-recovery", "R"),
        OptionName("verbose", "V"), OptionName("require-domain-state", nil), OptionName("confine", nil),
    ]

    /// Quotas that have options of their own.
    private static let quotaOptions: [String: Quota] = [
        "entry-nb": .nodes, "entry-size": .nodeSize, "watch-nb": .watches, "transaction": .transactions,
        "perm-nb": .nodePermissions, "path-max": .pathMax,
    ]
    /// Parts of the trace log.
    private static let traceNames = ["obj", "io", "wrl", "acc", "tdb"]

    /// What a command line asks for.
    static func parse(_ arguments: [String]) throws(OptionError) -> Command {
        var reader = OptionReader(arguments, names: names)
        var options = Options()
        while let (option, value) = try reader.next() {
            switch option.long {
            case "help": return .help
            case "version": return .version
            default:
                if options.takeFlag(option.long) { continue }
                // The reader has a value for each that needs one.
                try options.take(option.long, value ?? "")
            }
        }
        if options.isConfined, options.isLiveUpdate { throw OptionError("--confine: there is no live update with it") }
        if let path = options.checkedStatePath { return .checkState(options, path: path) }
        return .serve(options)
    }

    /// An option without a value; false when it is none.
    private mutating func takeFlag(_ name: String) -> Bool {
        switch name {
        case "no-fork": staysInForeground = true
        case "no-domain-init": isSocketOnly = true
        case "output-pid": printsProcessID = true
        case "keep-orphans": keepsOrphans = true
        case "live-update": isLiveUpdate = true
        case "require-domain-state": requiresDomainState = true
        case "confine": isConfined = true
        case "internal-db", "no-recovery", "verbose": break
        default: return false
        }
        return true
    }

    private mutating func take(_ name: String, _ value: String) throws(OptionError) {
        switch name {
        case "pid-file": pidFilePath = try Self.text(name, value)
        case "check-state": checkedStatePath = try Self.text(name, value)
        case "trace-file": tracePath = try Self.text(name, value)
        case "trace-control":
            guard let sign = value.first, "+-".contains(sign), Self.traceNames.contains(String(value.dropFirst()))
            else { throw OptionError("--\(name) \(value): must be + or - and one of \(Self.list(Self.traceNames))") }
            traceSwitches.append(value)
        case "quota", "quota-soft": try takeQuota(name, value, isSoft: name == "quota-soft")
        case "timeout":
            let (word, seconds) = try Self.assignment(name, value)
            if word != "watch-event" { throw OptionError("--\(name) \(value): there is watch-event=SECONDS only") }
            _ = try Self.number("--\(name) \(word)=", seconds, max: UInt32.max)
        case "master-domid": storeDomain = try Self.number("--\(name) ", value, max: UInt16(0x7FEF))
        case "priv-domid": controlDomain = try Self.number("--\(name) ", value, max: UInt16(0x7FEF))
        case "event": ownPort = try Self.number("--\(name) ", value, max: UInt32.max)
        default:
            guard let quota = Self.quotaOptions[name] else { throw OptionError("--\(name): no such option") }
            quotas.append(QuotaSetting(quota: quota, value: try Self.quotaValue("--\(name) ", value)))
        }
    }

    private mutating func takeQuota(_ option: String, _ text: String, isSoft: Bool) throws(OptionError) {
        let (word, number) = try Self.assignment(option, text)
        // The C daemon's name for it.
        let name = word == "path-length" ? "path-max" : word
        guard let quota = Quota(name: Array(name.utf8)) else {
            throw OptionError("--\(option) \(text): there is no quota of that name")
        }
        let value = try Self.quotaValue("--\(option) \(word)=", number)
        // Of the others there is no soft quota: they are taken, as the C daemon's are, and change nothing.
        if isSoft, quota != .memory, quota != .softMemory { return }
        quotas.append(QuotaSetting(quota: isSoft ? .softMemory : quota, value: value))
    }

    // MARK: Values

    private static func text(_ name: String, _ value: String) throws(OptionError) -> String {
        if value.isEmpty { throw OptionError("--\(name): a value is missing") }
        return value
    }

    /// `name=value`, taken apart.
    private static func assignment(_ name: String, _ text: String) throws(OptionError) -> (String, String) {
        guard let equals = text.firstIndex(of: "=") else { throw OptionError("--\(name) \(text): must be NAME=NUMBER") }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private static func quotaValue(_ name: String, _ text: String) throws(OptionError) -> Int {
        Int(try number(name, text, max: UInt32(Int32.max)))
    }

    /// A decimal number.
    private static func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ name: String, _ text: String, max: Number
    ) throws(OptionError) -> Number {
        // A sign is no digit, though Swift would take it.
        guard let first = text.utf8.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first,
            let number = Number(text, radix: 10), number <= max
        else { throw OptionError("\(name)\(text): not a number from 0 to \(max)") }
        return number
    }

    private static func list(_ words: [String]) -> String { words.joined(separator: ", ") }
}
