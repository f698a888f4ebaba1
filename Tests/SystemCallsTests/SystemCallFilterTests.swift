// The filter as a program, run here by an interpreter of the kernel's packet filter: every number, both halves of the
// arguments, other entries. What the kernel makes of it: Tests/Confinement/check.

import SystemCalls
import Testing

/// struct seccomp_data.
private struct Call {
    var number: UInt32
    var architecture = thisMachine
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    #if arch(x86_64)
        static let thisMachine: UInt32 = 0xC000_003E
    #else
        static let thisMachine: UInt32 = 0xC000_00B7
    #endif

    /// A word at an offset; nil where the kernel would not take the program.
    func word(_ offset: UInt32) -> UInt32? {
        switch offset {
        case 0: return number
        case 4: return architecture
        case 16..<64 where offset % 4 == 0:
            let argument = arguments[Int(offset - 16) / 8]
            return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
        default: return nil
        }
    }
}

/// Runs a program; nil when it is not one that ends with a verdict.
private func verdict(_ filter: SystemCallFilter, _ call: Call) -> UInt32? {
    var accumulator: UInt32 = 0
    var index = 0
    while index < filter.program.count {
        let instruction = filter.program[index]
        index += 1
        switch instruction.code {
        case 0x20:
            guard let word = call.word(instruction.operand) else { return nil }
            accumulator = word
        case 0x54: accumulator &= instruction.operand
        case 0x15: index += Int(accumulator == instruction.operand ? instruction.skipIfTrue : instruction.skipIfFalse)
        case 0x35: index += Int(accumulator >= instruction.operand ? instruction.skipIfTrue : instruction.skipIfFalse)
        case 0x06: return instruction.operand
        default: return nil
        }
    }
    return nil
}

private func allows(_ filter: SystemCallFilter, _ call: SystemCall, _ arguments: UInt64...) -> Bool {
    let padded = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
    let answer = verdict(filter, Call(number: call.number, arguments: padded))
    #expect(answer == SystemCallFilter.allow || answer == SystemCallFilter.kill)
    return answer == SystemCallFilter.allow
}

@Suite struct SystemCallFilterTests {
    @Test("Numbers without a rule end the process, those with one do not")
    func numbers() {
        let rules = [SystemCallRule(.read), SystemCallRule(.exitGroup), SystemCallRule(.futex)]
        let filter = SystemCallFilter(rules)
        let allowed = Set(rules.map(\.call.number))
        for number in UInt32(0)..<2000 {
            let answer = verdict(filter, Call(number: number))
            #expect(answer == (allowed.contains(number) ? SystemCallFilter.allow : SystemCallFilter.kill), "\(number)")
        }
        #expect(verdict(SystemCallFilter([]), Call(number: 0)) == SystemCallFilter.kill)
    }

    @Test("With a refusal that is no end, what no rule allows is EPERM; other entries still end the process")
    func refusals() {
        let rules = [SystemCallRule(.read), SystemCallRule(.socket, [ArgumentCheck(0, [1])])]
        let filter = SystemCallFilter(rules, refusal: .notPermitted)
        let refused: UInt32 = 0x0005_0001
        for number in UInt32(0)..<2000 where number != SystemCall.socket.number {
            let wanted = number == SystemCall.read.number ? SystemCallFilter.allow : refused
            #expect(verdict(filter, Call(number: number)) == wanted, "\(number)")
        }
        let number = SystemCall.socket.number
        #expect(verdict(filter, Call(number: number, arguments: [1, 0, 0, 0, 0, 0])) == SystemCallFilter.allow)
        #expect(verdict(filter, Call(number: number, arguments: [2, 0, 0, 0, 0, 0])) == refused)
        #expect(verdict(filter, Call(number: number | 0x4000_0000)) == SystemCallFilter.kill)
    }

    @Test("The x32 numbers and those of other entries end the process whatever they are")
    func foreignEntries() {
        let filter = SystemCallFilter([SystemCallRule(.read), SystemCallRule(.write), SystemCallRule(.getpid)])
        for call in [SystemCall.read, .write, .getpid] {
            #expect(verdict(filter, Call(number: call.number | 0x4000_0000)) == SystemCallFilter.kill)
            #expect(verdict(filter, Call(number: call.number | 0x8000_0000)) == SystemCallFilter.kill)
            // AUDIT_ARCH_I386, ARM, and x86-64 without its flags.
            for architecture: UInt32 in [0x4000_0003, 0x4000_0028, 0x3E, 0, .max] {
                let other = Call(number: call.number, architecture: architecture)
                #expect(verdict(filter, other) == SystemCallFilter.kill)
            }
        }
        // The number of i386's getpid is that of another call here.
        #expect(verdict(filter, Call(number: 20, architecture: 0x4000_0003)) == SystemCallFilter.kill)
    }

    @Test("Memory is mapped and protected without PROT_EXEC only, whatever else is asked for")
    func executableMemory() {
        let filter = SystemCallFilter(SystemCallRule.unexecutableMemory)
        for call in [SystemCall.mmap, .mprotect] {
            for protection in UInt64(0)..<64 {
                #expect(allows(filter, call, 0, 4096, protection) == (protection & 4 == 0))
                #expect(allows(filter, call, 4, 4, protection | 1 << 32) == (protection & 4 == 0))
            }
            // PROT_GROWSDOWN beside.
            #expect(allows(filter, call, 0, 0, 0x0100_0003))
            #expect(!allows(filter, call, 0, 0, 0x0100_0004))
        }
        #expect(!allows(filter, .munmap, 0, 0, 0))
    }

    @Test("Sockets are of bytes and of this machine, with the two flags that change nothing else")
    func sockets() {
        let filter = SystemCallFilter([.localStreamSocket])
        for family in UInt64(0)..<50 { #expect(allows(filter, .socket, family, 1, 0) == (family == 1)) }
        for type in UInt64(0)..<16 { #expect(allows(filter, .socket, 1, type, 0) == (type == 1)) }
        for flags: UInt64 in [0x800, 0x80000, 0x80800] { #expect(allows(filter, .socket, 1, 1 | flags, 0)) }
        for flags: UInt64 in [0x10, 0x100, 0x400, 0x1000, 0x40000, 0x8000_0000] {
            #expect(!allows(filter, .socket, 1, 1 | flags, 0))
        }
        #expect(!allows(filter, .socket, 1, 1, 6))
        #expect(!allows(filter, .socket, 2, 1 | 0x80000, 0))
    }

    @Test("Of several rules for one call one is enough, and each of its checks must pass")
    func alternatives() {
        let filter = SystemCallFilter([
            .ioctl([0x10, 0x20]),
            SystemCallRule(.read, [ArgumentCheck(0, [3]), ArgumentCheck(5, mask: 0xF0, [0x10, 0x30])]),
            SystemCallRule(.ioctl, [ArgumentCheck(0, [7]), ArgumentCheck(1, [0x30])]),
            SystemCallRule(.write, [ArgumentCheck(0, [])]),
        ])
        #expect(allows(filter, .ioctl, 1, 0x10) && allows(filter, .ioctl, 7, 0x20))
        #expect(allows(filter, .ioctl, 7, 0x30) && !allows(filter, .ioctl, 8, 0x30))
        #expect(!allows(filter, .ioctl, 7, 0x40) && !allows(filter, .ioctl, 0x10, 0))
        #expect(allows(filter, .read, 3, 0, 0, 0, 0, 0x1F) && allows(filter, .read, 3, 0, 0, 0, 0, 0x30))
        #expect(!allows(filter, .read, 3, 0, 0, 0, 0, 0x20) && !allows(filter, .read, 2, 0, 0, 0, 0, 0x10))
        #expect(!allows(filter, .write, 0), "without a value nothing passes")
        let open = SystemCallFilter([.ioctl([0x10]), SystemCallRule(.ioctl)])
        #expect(allows(open, .ioctl, 1, 0x99), "a rule without checks makes the others idle")
    }

    @Test("The kernel's int arguments are looked at in their lower half, as the kernel does")
    func halves() {
        let filter = SystemCallFilter([.ioctl([0x0010_5005]), .signalToSelf])
        #expect(allows(filter, .ioctl, 1, 0x0010_5005 | 7 << 32))
        #expect(!allows(filter, .ioctl, 1, 0x0010_5005 << 32))
        let own = UInt64(processID)
        #expect(allows(filter, .tgkill, own, own, 6))
        #expect(!allows(filter, .tgkill, own + 1, own, 6) && !allows(filter, .tgkill, 1, own, 6))
        #expect(!allows(filter, .tgkill, own << 32, own, 6))
    }

    @Test("Many values reach over the longest jump that there is")
    func longRules() {
        let many = (0..<250).map { UInt32($0 * 2) }
        let filter = SystemCallFilter([.ioctl(many), SystemCallRule(.read)])
        for value in UInt64(0)..<520 {
            #expect(allows(filter, .ioctl, 0, value) == (value < 500 && value % 2 == 0), "\(value)")
        }
        #expect(allows(filter, .read) && !allows(filter, .write))
    }
}
