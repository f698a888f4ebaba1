// The seccomp filter: rules as a program of the kernel's packet filter (classic BPF).
// Not for: what is allowed (SystemCallRule), putting a process under it (DaemonConfinement).

/// One instruction. Source: linux/filter.h, linux/bpf_common.h.
public struct FilterInstruction: Equatable, Sendable {
    /// What it does.
    public var code: UInt16
    /// Instructions that are skipped when a comparison holds.
    public var skipIfTrue: UInt8
    /// Instructions that are skipped when it does not.
    public var skipIfFalse: UInt8
    /// Its number.
    public var operand: UInt32

    /// A = 32 bits of struct seccomp_data, at an offset in bytes.
    static func load(_ offset: UInt32) -> FilterInstruction { FilterInstruction(0x20, offset) }
    /// A = A & mask.
    static func and(_ mask: UInt32) -> FilterInstruction { FilterInstruction(0x54, mask) }
    /// The verdict.
    static func answer(_ verdict: UInt32) -> FilterInstruction { FilterInstruction(0x06, verdict) }
    /// A == value?
    static func ifEqual(_ value: UInt32, skip: UInt8, else otherwise: UInt8) -> FilterInstruction {
        FilterInstruction(0x15, value, skip, otherwise)
    }
    /// A >= value?
    static func ifAtLeast(_ value: UInt32, skip: UInt8, else otherwise: UInt8) -> FilterInstruction {
        FilterInstruction(0x35, value, skip, otherwise)
    }

    private init(_ code: UInt16, _ operand: UInt32, _ skipIfTrue: UInt8 = 0, _ skipIfFalse: UInt8 = 0) {
        self.code = code
        self.skipIfTrue = skipIfTrue
        self.skipIfFalse = skipIfFalse
        self.operand = operand
    }

    /// As the kernel takes it: struct sock_filter, on the machines that we know (little-endian).
    package var encoded: UInt64 {
        UInt64(code) | UInt64(skipIfTrue) << 16 | UInt64(skipIfFalse) << 24 | UInt64(operand) << 32
    }
}

/// What becomes of a call that no rule allows.
public enum CallRefusal: Sendable {
    /// It ends the process at once, by SIGSYS.
    case end
    /// It answers EPERM, and nothing has happened.
    case notPermitted

    /// SECCOMP_RET_KILL_PROCESS, or SECCOMP_RET_ERRNO with EPERM.
    var verdict: UInt32 { self == .end ? SystemCallFilter.kill : 0x0005_0001 }
}

/// Allows the calls of its rules. Any other is refused; one by another entry of the kernel, with numbers of its own,
/// always ends the process.
public struct SystemCallFilter: Sendable {
    /// Instructions that the kernel takes (BPF_MAXINSNS).
    public static var instructionCountMax: Int { 4096 }
    /// SECCOMP_RET_KILL_PROCESS.
    public static var kill: UInt32 { 0x8000_0000 }
    /// SECCOMP_RET_ALLOW.
    public static var allow: UInt32 { 0x7fff_0000 }

    /// The program.
    public let program: [FilterInstruction]

    /// AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64: calls by any other entry, the 32-bit one say, have other numbers.
    private static var architecture: UInt32 {
        #if arch(x86_64)
            0xC000_003E
        #elseif arch(arm64)
            0xC000_00B7
        #else
            #error("which number has this machine's kind in linux/audit.h?")
        #endif
    }
    /// On x86-64 the numbers from here on are those of the x32 ABI; nowhere are there others.
    private static var foreignNumbers: UInt32 { 0x4000_0000 }
    private static var numberOffset: UInt32 { 0 }
    private static var architectureOffset: UInt32 { 4 }
    /// Of an argument's low half.
    private static func offset(ofArgument index: Int) -> UInt32 { 16 + 8 * UInt32(index) }

    /// The filter of these rules. What is asked first is found first: the calls made most belong at the beginning.
    public init(_ rules: [SystemCallRule], refusal: CallRefusal = .end) {
        var program: [FilterInstruction] = [
            .load(Self.architectureOffset),
            .ifEqual(Self.architecture, skip: 1, else: 0),
            .answer(Self.kill),
            .load(Self.numberOffset),
            .ifAtLeast(Self.foreignNumbers, skip: 0, else: 1),
            .answer(Self.kill),
        ]
        var done: [SystemCall] = []
        for rule in rules where !done.contains(rule.call) {
            done.append(rule.call)
            let block = Self.block(rules.filter { $0.call == rule.call }, refusal)
            program.append(.ifEqual(rule.call.number, skip: 0, else: Self.skip(block.count)))
            program += block
        }
        program.append(.answer(refusal.verdict))
        precondition(program.count <= Self.instructionCountMax, "more rules than a filter has room for")
        self.program = program
    }

    /// What is done for a call that has rules: it ends with a verdict, so that A need not be loaded anew after it.
    private static func block(_ rules: [SystemCallRule], _ refusal: CallRefusal) -> [FilterInstruction] {
        if rules.contains(where: { $0.checks.isEmpty }) { return [.answer(allow)] }
        return rules.flatMap { alternative($0.checks) } + [.answer(refusal.verdict)]
    }

    /// Allows when all checks pass, and goes on behind itself when one does not. Built from its end.
    private static func alternative(_ checks: [ArgumentCheck]) -> [FilterInstruction] {
        var rest: [FilterInstruction] = [.answer(allow)]
        for check in checks.reversed() {
            precondition((0...5).contains(check.argument), "a call has six arguments")
            var comparisons: [FilterInstruction] = []
            for (index, value) in check.values.enumerated() {
                let left = check.values.count - 1 - index
                let isLast = left == 0
                comparisons.append(.ifEqual(value, skip: skip(left), else: isLast ? skip(rest.count) : 0))
            }
            // Without a value nothing passes.
            if comparisons.isEmpty { comparisons = [.ifEqual(0, skip: skip(rest.count), else: skip(rest.count))] }
            let mask: [FilterInstruction] = check.mask == .max ? [] : [.and(check.mask)]
            rest = [.load(offset(ofArgument: check.argument))] + mask + comparisons + rest
        }
        return rest
    }

    private static func skip(_ count: Int) -> UInt8 {
        precondition(count <= 255, "a rule longer than a jump")
        return UInt8(count)
    }
}
