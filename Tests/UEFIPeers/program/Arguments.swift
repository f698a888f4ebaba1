// The command line of uefi-peer-test: options with values, several times where a list is meant.

import Foundation
import UEFIVariables

/// What went wrong, for a person.
struct Complaint: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// `--name value` pairs and flags.
struct Arguments {
    private var values: [String: [String]] = [:]
    private var flags: Set<String> = []

    /// - Parameter flagNames: options that have no value.
    init(_ arguments: some Sequence<String>, flags flagNames: Set<String>) throws {
        var rest = Array(arguments)[...]
        while let option = rest.popFirst() {
            guard option.hasPrefix("--") else { throw Complaint("not an option: \(option)") }
            let name = String(option.dropFirst(2))
            if flagNames.contains(name) {
                flags.insert(name)
            } else {
                guard let value = rest.popFirst() else { throw Complaint("\(option) has no value") }
                values[name, default: []].append(value)
            }
        }
    }

    func has(_ flag: String) -> Bool { flags.contains(flag) }
    func all(_ name: String) -> [String] { values[name] ?? [] }
    func optional(_ name: String) -> String? { values[name]?.last }

    func one(_ name: String) throws -> String {
        guard let value = optional(name) else { throw Complaint("--\(name) is missing") }
        return value
    }

    /// The bytes of the file that the option names.
    func file(_ name: String) throws -> [UInt8] { try read(try one(name)) }
    func files(_ name: String) throws -> [[UInt8]] { try all(name).map(read) }

    private func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw Complaint("can't read \(path)") }
        return Array(data)
    }

    /// Writes to the file that the option names.
    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: try one(name)))
    }

    /// Hexadecimal with 0x, or decimal.
    func attributes() throws -> VariableAttributes {
        let text = optional("attributes") ?? "0x27"
        let value = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
        guard let value else { throw Complaint("no attributes: \(text)") }
        return VariableAttributes(value)
    }

    /// `2026-01-02T03:04:05`.
    func time() throws -> EFITime {
        let text = optional("time") ?? "2026-01-02T03:04:05"
        let parts = text.split { !$0.isNumber }.compactMap { UInt16($0) }
        guard parts.count == 6 else { throw Complaint("no time: \(text)") }
        let small = parts.dropFirst().map(UInt8.init(truncatingIfNeeded:))
        return EFITime(
            year: parts[0], month: small[0], day: small[1], hour: small[2], minute: small[3], second: small[4])
    }

    /// The variable's name and its GUID: that of the key variables unless `--guid` says else.
    func variable() throws -> (name: VariableName, guid: VendorGUID) {
        let name = try one("name")
        if let text = optional("guid") {
            guard let guid = VendorGUID(text: text) else { throw Complaint("no GUID: \(text)") }
            return (VariableName(name), guid)
        }
        return (VariableName(name), ["db", "dbx", "dbt"].contains(name) ? .imageSecurity : .global)
    }
}
