// The words of each step of a script. The form is documented at GuestProgram.

internal import XenABI

extension GuestScriptLine {
    /// Reads the step that begins with this word.
    mutating func step(_ name: Substring) throws(GuestScriptError) -> GuestStep {
        switch name {
        case "in", "out", "load", "store": return try access(name)
        case "rep": return try string()
        case "pci": return try pci()
        case "write": return .write(try number("the address"), try bytes())
        case "fill":
            let address = try number("the address")
            let count = UInt32(try number("the number of bytes", upTo: 1 << 24))
            return .fill(address, count: count, UInt8(try number("the byte", upTo: 0xff)))
        case "expect":
            try keyword("memory")
            return .expectMemory(try number("the address"), try bytes())
        case "wait": return try wait()
        case "apic": return .apic(isOn: try choice("on", "off"))
        case "clock": return try clock()
        case "invalidate": return .invalidate
        case "balloon":
            return .balloon(
                try number("the frame", upTo: .max >> 12), count: try number("the number of frames", upTo: .max >> 12))
        case "handle":
            try keyword("faults")
            return .handleFaults
        case "shutdown": return .shutdown(ShutdownReason(UInt32(try number("the reason", upTo: 255))))
        case "note": return .note(remainder())
        case "repeat": return .repeated(UInt32(try number("how often", upTo: 1_000_000_000)))
        case "end": return .end
        default: throw error("'\(name)' is not a step")
        }
    }

    private mutating func access(_ name: Substring) throws(GuestScriptError) -> GuestStep {
        let isPort = name == "in" || name == "out"
        let address = isPort ? try number("the port", upTo: 0xffff) : try number("the address")
        let size = isPort ? try portSize() : try size()
        switch name {
        case "in": return .access(.input(UInt16(address), size), expect: try expectation(size))
        case "out": return .access(.output(UInt16(address), size, try value(size)), expect: nil)
        case "load": return .access(.load(address, size), expect: try expectation(size))
        default: return .access(.store(address, size, try value(size)), expect: nil)
        }
    }

    private mutating func string() throws(GuestScriptError) -> GuestStep {
        let name = try word("ins, outs or movs")
        guard name == "ins" || name == "outs" || name == "movs" else {
            throw error("'\(name)' is not ins, outs or movs")
        }
        let isPort = name != "movs"
        let place = isPort ? try number("the port", upTo: 0xffff) : try number("the address")
        let size = isPort ? try portSize() : try size()
        try keyword("count")
        let count = UInt32(try number("the number of elements", upTo: GuestStep.elementsMax))
        try keyword(name == "ins" ? "to" : "from")
        let memory = try number("the address")
        let descending = takes("down")
        switch name {
        case "ins":
            return .access(
                .repeatedInput(UInt16(place), size, count: count, to: memory, descending: descending), expect: nil)
        case "outs":
            return .access(
                .repeatedOutput(UInt16(place), size, count: count, from: memory, descending: descending), expect: nil)
        default: return .move(from: memory, to: place, size, count: count, descending: descending)
        }
    }

    private mutating func pci() throws(GuestScriptError) -> GuestStep {
        let isRead = try choice("read", "write")
        let function = try function()
        let register = UInt32(try number("the register", upTo: 0xfff))
        let size = try portSize()
        if isRead { return .readPCI(function, register: register, size, expect: try expectation(size)) }
        return .writePCI(function, register: register, size, try value(size))
    }

    private mutating func wait() throws(GuestScriptError) -> GuestStep {
        if try choice("interrupt", "event") { return .waitInterrupt(UInt8(try number("the vector", upTo: 0xff))) }
        var copy = self
        guard copy.next() != nil else { return .waitEvent(nil) }
        return .waitEvent(UInt8(try number("the vector", upTo: 0xff)))
    }

    private mutating func clock() throws(GuestScriptError) -> GuestStep {
        let word = try word("the seconds")
        guard let seconds = Int64(word) else { throw error("'\(word)' is not a number of seconds") }
        return .setClock(seconds)
    }

    /// One of two words: whether it is the first.
    private mutating func choice(_ first: String, _ second: String) throws(GuestScriptError) -> Bool {
        guard let word = next() else { throw error("'\(first)' or '\(second)' is missing") }
        guard word == first || word == second else { throw error("'\(word)' is neither '\(first)' nor '\(second)'") }
        return word == first
    }
}
