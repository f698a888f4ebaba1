// A variable as a file has it, before any rule has looked at it. ImportRules makes a VariableRecord of it.

public import UEFIVariables

/// A variable that was read from a file: nothing about it has been checked but what the format itself asks for.
public struct ForeignVariable: Equatable, Sendable {
    /// The variable.
    public var record: VariableRecord
    /// Where it is in the file, in bytes; in JSON its place among the variables.
    public var offset: Int

    /// A variable at a place.
    public init(_ record: VariableRecord, at offset: Int) {
        self.record = record
        self.offset = offset
    }
}

/// What a variable is found by.
struct VariableKey: Hashable {
    let name: VariableName
    let guid: VendorGUID
}

extension VariableRecord {
    var key: VariableKey { VariableKey(name: name, guid: guid) }
}
