// The JSON document of variables that QEMU's uefi-vars and virt-fw-vars have (varstored.md 16.1), read and written.
// Not for: which variables may travel (ImportRules).

public import UEFIVariables

/// The JSON document, version 2.
public enum JSONVariables {
    /// The version that is read and written.
    public static var version: Int { 2 }
    /// Variables in a document at most (varstored.md 16.1).
    public static var variableCountMax: Int { 1024 }
    private static let keys = ["name", "name-hex", "guid", "attr", "data", "time", "digest"]

    // MARK: Writing

    /// The document of `variables`, in their order. Time is written for time-based authenticated variables, a digest
    /// where it isn't zero.
    public static func encode(_ variables: [VariableRecord]) -> [UInt8] {
        var writer = JSONWriter()
        writer.open("{")
        writer.key("version")
        writer.integer(version)
        writer.key("variables")
        writer.open("[")
        for variable in variables {
            writer.element()
            encode(variable, &writer)
        }
        writer.close("]")
        writer.close("}")
        writer.endDocument()
        return writer.text
    }

    private static func encode(_ variable: VariableRecord, _ writer: inout JSONWriter) {
        let units = variable.name.units
        writer.open("{")
        writer.key("name")
        writer.string(units)
        // A name that is no text is there in full as well.
        if !variable.name.bytes.count.isMultiple(of: 2) || !isText(units) {
            writer.key("name-hex")
            writer.hexadecimal(variable.name.bytes)
        }
        writer.key("guid")
        writer.string(variable.guid.description.utf16)
        writer.key("attr")
        writer.integer(variable.attributes.rawValue)
        writer.key("data")
        writer.hexadecimal(variable.data)
        if variable.attributes.contains(.timeAuthenticated) {
            writer.key("time")
            writer.hexadecimal(variable.timestamp.bytes)
            if !variable.digest.isZero {
                writer.key("digest")
                writer.hexadecimal(variable.digest.bytes)
            }
        }
        writer.close("}")
    }

    /// Whether each surrogate among the units has its other half.
    private static func isText(_ units: [UInt16]) -> Bool {
        var index = 0
        while index < units.count {
            if UTF16.isTrailSurrogate(units[index]) { return false }
            if UTF16.isLeadSurrogate(units[index]) {
                guard index + 1 < units.count, UTF16.isTrailSurrogate(units[index + 1]) else { return false }
                index += 1
            }
            index += 1
        }
        return true
    }

    // MARK: Reading

    /// The variables of a document in their order, and what was passed over.
    /// - Throws: `jsonSyntax`, `jsonTooMuch` and their like for text that isn't JSON or too much of it; `jsonVersion`,
    ///   `jsonKey`, `tooManyVariables`, `variableTwice`, `attributes` for a document that isn't this one.
    public static func decode(
        _ text: [UInt8]
    ) throws(FormatError) -> (variables: [ForeignVariable], findings: [FormatFinding]) {
        let document = try JSONReader.value(of: text)
        guard document["version"] == .integer(Int64(version)), case .object(let members) = document,
            case .array(let values) = document["variables"]
        else { throw FormatError(.jsonVersion) }
        guard values.count <= variableCountMax else { throw FormatError(.tooManyVariables, at: variableCountMax) }
        var findings = unknownKeys(members, known: ["version", "variables"], name: "", at: nil)
        var variables: [ForeignVariable] = []
        var seen: Set<VariableKey> = []
        var hasDigest = false
        for (index, value) in values.enumerated() {
            let record = try decode(value, at: index)
            guard seen.insert(record.key).inserted else { throw FormatError(.variableTwice, at: index) }
            if case .object(let members) = value {
                findings += unknownKeys(members, known: keys, name: printable(record.name), at: index)
            }
            if !record.digest.isZero, !hasDigest {
                findings.append(FormatFinding(.digestTaken, name: printable(record.name), at: index))
                hasDigest = true
            }
            variables.append(ForeignVariable(record, at: index))
        }
        return (variables, findings)
    }

    private static func unknownKeys(
        _ members: [JSONMember], known: [String], name: String, at index: Int?
    ) -> [FormatFinding] {
        members.filter { member in !known.contains { member.key.elementsEqual($0.utf16) } }
            .map {
                FormatFinding(.unknownKey(printable(VariableName(units: $0.key))), name: name, at: index ?? $0.offset)
            }
    }

    private static func decode(_ value: JSONValue, at index: Int) throws(FormatError) -> VariableRecord {
        let text = try string("guid", of: value, at: index)
        let guid = VendorGUID(text: String(decoding: text, as: UTF16.self))
        guard let guid else { throw FormatError(.jsonKey("guid"), at: index) }
        guard case .integer(let bits) = value["attr"], let bits = UInt32(exactly: bits) else {
            throw FormatError(.jsonKey("attr"), at: index)
        }
        let attributes = VariableAttributes(bits)
        guard VariableAttributes.known.subtracting(.append).isSuperset(of: attributes) else {
            throw FormatError(.attributes, at: index)
        }
        let data = try hexadecimal("data", of: value, at: index)
        guard let data, !data.isEmpty else { throw FormatError(.jsonKey("data"), at: index) }
        let time = try hexadecimal("time", of: value, at: index, count: 16)
        let digest = try hexadecimal("digest", of: value, at: index, count: 32)
        return VariableRecord(
            guid: guid, name: try name(of: value, at: index), attributes: attributes, data: data,
            timestamp: time.flatMap { EFITime(bytes: $0) } ?? .zero,
            digest: digest.flatMap { SignerDigest(bytes: $0) } ?? .zero)
    }

    /// The name; `name-hex`, if it is there, has it in full and decides.
    private static func name(of value: JSONValue, at index: Int) throws(FormatError) -> VariableName {
        let units = try string("name", of: value, at: index)
        if let bytes = try hexadecimal("name-hex", of: value, at: index) { return VariableName(bytes: bytes) }
        return VariableName(units: units)
    }

    private static func string(
        _ key: String, of value: JSONValue, at index: Int
    ) throws(FormatError) -> [UInt16] {
        guard case .string(let units) = value[key] else { throw FormatError(.jsonKey(key), at: index) }
        return units
    }

    /// The bytes of a key that may be absent; `count` of them where it is given.
    private static func hexadecimal(
        _ key: String, of value: JSONValue, at index: Int, count: Int? = nil
    ) throws(FormatError) -> [UInt8]? {
        guard value[key] != nil else { return nil }
        guard let bytes = Hexadecimal.bytes(of: try string(key, of: value, at: index)),
            count == nil || count == bytes.count
        else { throw FormatError(.jsonKey(key), at: index) }
        return bytes
    }
}
