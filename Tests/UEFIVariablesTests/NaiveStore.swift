// SetVariable's table once more, as slow and plain as can be: what the true store is compared with.
// Not for: key variables, MOR and PPI; random steps leave these to the other tests.

import UEFIVariables

/// Variables in an array, newest first, with the rules of varstored.md 3 and 6 written as they stand there.
struct NaiveStore {
    struct Variable: Equatable {
        var name: [UInt8]
        var guid: VendorGUID
        var attributes: UInt32
        var data: [UInt8]
        var charge: Int { name.count + data.count + 128 }
    }

    var variables: [Variable]
    var latched = false
    var writes = 0

    init(_ records: [VariableRecord]) {
        variables = records.map {
            Variable(name: $0.name.bytes, guid: $0.guid, attributes: $0.attributes.rawValue, data: $0.data)
        }
    }

    var sum: Int { variables.reduce(0) { $0 + $1.charge } }

    private func index(_ name: [UInt8], _ guid: VendorGUID) -> Int? {
        variables.firstIndex { $0.name == name && $0.guid == guid }
    }

    mutating func get(_ name: [UInt8], _ guid: VendorGUID, room: Int, atRuntime: Bool) -> Got? {
        latched = latched || atRuntime
        guard let index = index(name, guid), !latched || variables[index].attributes & 4 != 0 else { return nil }
        let variable = variables[index]
        var got = Got([UInt8](repeating: 0, count: 20) + variable.data)
        got.attributes = variable.attributes
        if variable.data.count > room {
            got = Got([5, 0, 0, 0, 0, 0, 0, 0x80] + [UInt8](repeating: 0, count: 8))
            got.needed = variable.data.count
        }
        return got
    }

    mutating func set(
        _ name: [UInt8], _ guid: VendorGUID, _ attributes: UInt32, _ data: [UInt8], atRuntime: Bool, fails: Bool
    ) -> UInt64 {
        latched = latched || atRuntime
        let append = attributes & 0x40 != 0
        let new = attributes & ~0x40
        if new & 0xFFFF_FF00 != 0 || new & 0x08 != 0 { return 0x02 }
        if new & 0x10 != 0 { return 0x03 }
        if new & 0x80 != 0 { return 0x03 }
        if new & 0x06 == 0x04 { return 0x02 }
        let before = self
        let status = index(name, guid).map { change($0, new, data, append) } ?? create(name, guid, new, data)
        if status != 0 || variables == before.variables { return status }
        let written = (index(name, guid) ?? before.index(name, guid)).map {
            (variables.indices.contains($0) && variables[$0].name == name && variables[$0].guid == guid
                ? variables : before.variables)[$0].attributes & 1 != 0
        }
        if written != true { return 0 }
        writes += 1
        if !fails { return 0 }
        variables = before.variables
        return 0x07
    }

    private mutating func change(_ index: Int, _ new: UInt32, _ data: [UInt8], _ append: Bool) -> UInt64 {
        let stored = variables[index].attributes
        if latched && stored & 4 == 0 { return 0x02 }
        if latched && stored & 1 == 0 { return 0x08 }
        if (data.isEmpty && !append) || new & 6 == 0 {
            variables.remove(at: index)
            return 0
        }
        if stored != new { return 0x02 }
        let count = append ? variables[index].data.count + data.count : data.count
        if count > 57344 { return 0x09 }
        if sum - variables[index].data.count + count > 131072 { return 0x09 }
        variables[index].data = append ? variables[index].data + data : data
        return 0
    }

    private mutating func create(_ name: [UInt8], _ guid: VendorGUID, _ new: UInt32, _ data: [UInt8]) -> UInt64 {
        if data.isEmpty || new & 6 == 0 { return 0x0E }
        if latched && new & 5 != 5 { return 0x02 }
        let variable = Variable(name: name, guid: guid, attributes: new, data: data)
        if sum + variable.charge > 131072 { return 0x09 }
        variables.insert(variable, at: 0)
        return 0
    }

    /// The variable behind the cursor; an error without one.
    mutating func next(_ name: [UInt8], _ guid: VendorGUID, atRuntime: Bool) -> (status: UInt64, next: Variable?) {
        latched = latched || atRuntime
        var start = 0
        if !name.isEmpty {
            guard let index = index(name, guid), !latched || variables[index].attributes & 4 != 0 else {
                return (0x02, nil)
            }
            start = index + 1
        }
        let next = variables[start...].first { !latched || $0.attributes & 4 != 0 }
        return (next == nil ? 0x0E : 0, next)
    }
}
