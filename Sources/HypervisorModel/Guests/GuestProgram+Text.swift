// A guest's program as text: writing it. Reading it: GuestScript.

internal import XenABI

extension GuestProgram: CustomStringConvertible {
    /// A script that reads as this program.
    public var description: String {
        var lines: [String] = []
        for (index, steps) in steps.enumerated() where index == 0 || !steps.isEmpty {
            if index > 0 { lines.append("vcpu \(index)") }
            var depth = 0
            for step in steps {
                if step == .end { depth = max(0, depth - 1) }
                lines.append(String(repeating: "  ", count: depth) + step.description)
                if case .repeated = step { depth += 1 }
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension GuestStep: CustomStringConvertible {
    /// As a line of a script.
    public var description: String {
        switch self {
        case .access(let access, let expected): access.line + Self.expectation(expected)
        case .move(let source, let target, let size, let count, let descending):
            "rep movs \(target.hexadecimal) \(size.rawValue) count \(count) from \(source.hexadecimal)"
                + (descending ? " down" : "")
        case .readPCI(let function, let register, let size, let expected):
            "pci read \(function.text) \(UInt64(register).hexadecimal) \(size.rawValue)" + Self.expectation(expected)
        case .writePCI(let function, let register, let size, let value):
            "pci write \(function.text) \(UInt64(register).hexadecimal) \(size.rawValue) \(value.hexadecimal)"
        case .write(let address, let bytes): "write \(address.hexadecimal)\(Self.text(bytes))"
        case .fill(let address, let count, let byte): "fill \(address.hexadecimal) \(count) \(UInt64(byte).hexadecimal)"
        case .expectMemory(let address, let bytes): "expect memory \(address.hexadecimal)\(Self.text(bytes))"
        case .waitInterrupt(let vector): "wait interrupt \(UInt64(vector).hexadecimal)"
        case .waitEvent(let vector): "wait event" + (vector.map { " " + UInt64($0).hexadecimal } ?? "")
        case .apic(let isOn): "apic \(isOn ? "on" : "off")"
        case .setClock(let seconds): "clock \(seconds)"
        case .invalidate: "invalidate"
        case .balloon(let frame, let count): "balloon \(frame.hexadecimal) \(count)"
        case .handleFaults: "handle faults"
        case .shutdown(let reason): "shutdown \(reason.rawValue)"
        case .note(let text): "note \(text)"
        case .repeated(let count): "repeat \(count)"
        case .end: "end"
        }
    }

    private static func expectation(_ value: UInt64?) -> String { value.map { " expect " + $0.hexadecimal } ?? "" }

    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? " 0" : " ") + String($0, radix: 16) }.joined()
    }
}

extension GuestAccess {
    fileprivate var line: String {
        let place = "\(address.hexadecimal) \(size.rawValue)"
        if let memoryAddress {
            let tail =
                " count \(count) \(isRead ? "to" : "from") \(memoryAddress.hexadecimal)" + (isDescending ? " down" : "")
            if space == .port { return "rep \(isRead ? "ins" : "outs") \(place)\(tail)" }
            let (target, source) = isRead ? (memoryAddress, address) : (address, memoryAddress)
            return "rep movs \(target.hexadecimal) \(size.rawValue) count \(count) from \(source.hexadecimal)"
                + (isDescending ? " down" : "")
        }
        let name = space == .port ? (isRead ? "in" : "out") : (isRead ? "load" : "store")
        return "\(name) \(place)" + (isRead ? "" : " \(value.hexadecimal)")
    }
}
