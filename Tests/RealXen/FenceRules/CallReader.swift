// A system call as a line of text, with everything in it that the fence judges by.
// Not for: judging (see StableList); for fetching the tracee's memory (see xen-fence).

import XenABI

/// A system call at its entry.
public struct TracedCall: Equatable, Sendable {
    /// `AUDIT_ARCH_X86_64`: entered as 64-bit programs do, not by `int 0x80` and the like.
    public static let nativeArchitecture: UInt32 = 0xC000_003E

    public var architecture: UInt32
    public var number: UInt64
    /// Six of them.
    public var arguments: [UInt64]

    public init(architecture: UInt32 = nativeArchitecture, number: UInt64, arguments: [UInt64]) {
        self.architecture = architecture
        self.number = number
        self.arguments = arguments + Array(repeating: 0, count: max(0, 6 - arguments.count))
    }
}

/// Reads calls. The text is what a line of the stable list says: the call's name, what its descriptor leads to, and for
/// Xen's nodes what is asked of them.
public struct CallReader {
    private let names: [UInt64: String]
    private let kind: (Int32) -> String
    private let memory: (UInt64, Int) -> [UInt8]?

    /// `kind` says what a descriptor leads to, `memory` reads so many bytes of the program's memory, nil: not readable.
    public init(
        names: [UInt64: String], kind: @escaping (Int32) -> String, memory: @escaping (UInt64, Int) -> [UInt8]?
    ) {
        self.names = names
        self.kind = kind
        self.memory = memory
    }

    /// The call as text.
    public func text(of call: TracedCall) -> String {
        guard call.architecture == TracedCall.nativeArchitecture else {
            return "foreign-entry architecture=\(Self.hex(call.architecture)) number=\(call.number)"
        }
        // The x32 entry has numbers with bit 30 set, which no name is for.
        guard let name = names[call.number] else { return "call \(call.number)" }
        switch name {
        case "read", "write", "readv", "writev", "pread64", "pwrite64", "ftruncate", "sendto", "recvfrom", "sendmsg",
            "recvmsg":
            return "\(name) \(kind(Self.descriptor(call.arguments[0])))"
        case "mmap":
            let isAnonymous = call.arguments[3] & 0x20 != 0
            return "mmap \(isAnonymous ? "none" : kind(Self.descriptor(call.arguments[4])))"
        case "ioctl":
            let node = kind(Self.descriptor(call.arguments[0]))
            let request = UInt32(truncatingIfNeeded: call.arguments[1])
            let details = node == "privcmd" ? detailsOfPrivcmd(request, call.arguments[2]) : ""
            return "ioctl \(node) \(Self.hex(request))\(details)"
        default: return name
        }
    }

    /// What privcmd is asked, after a space; nothing when the request says all.
    private func detailsOfPrivcmd(_ request: UInt32, _ address: UInt64) -> String {
        let details: String?
        switch request {
        case PrivcmdCall.hypercall: details = hypercall(address)
        case PrivcmdCall.dmOp: details = deviceModelOperation(address)
        case PrivcmdCall.mmapResource: details = resource(address)
        default: details = ""
        }
        return details ?? " unreadable"
    }

    private func hypercall(_ address: UInt64) -> String? {
        guard let call = structure(PrivcmdHypercall.self, at: address) else { return nil }
        let start = " hypercall=\(call.number)"
        switch call.number {
        case 7, 35, Hypercall.domctl:
            // platform_op, sysctl, domctl: a structure that begins with the command and the interface's version.
            guard let bytes = memory(call.argument0, 8), bytes.count == 8 else { return start + " unreadable" }
            return start + " command=\(Self.word(bytes, at: 0)) version=\(Self.word(bytes, at: 4))"
        default: return start + " command=\(call.argument0)"
        }
    }

    /// What is not as dmop.md section 14 rule 1 wants it, is told: buffer 0 of another size, a pad that is not 0.
    private func deviceModelOperation(_ address: UInt64) -> String? {
        guard let call = structure(PrivcmdDMOP.self, at: address) else { return nil }
        if call.count == 0 { return " buffers=0" }
        guard let first = structure(PrivcmdBuffer.self, at: call.buffers) else { return nil }
        guard first.byteLength >= 8 else { return " buffers=\(call.count) size=\(first.byteLength)" }
        guard let bytes = memory(first.address, 8), bytes.count == 8 else {
            return " buffers=\(call.count) unreadable"
        }
        let pad = Self.word(bytes, at: 4)
        return " op=\(Self.word(bytes, at: 0)) buffers=\(call.count)"
            + (first.byteLength == UInt64(DMOPFrame.byteCount) ? "" : " size=\(first.byteLength)")
            + (pad == 0 ? "" : " pad=\(pad)")
    }

    private func resource(_ address: UInt64) -> String? {
        guard let call = structure(PrivcmdMMAPResource.self, at: address) else { return nil }
        return " type=\(call.type.rawValue)" + (call.count == 0 && call.address == 0 ? " size-query" : "")
    }

    private func structure<Layout: WireLayout>(_ type: Layout.Type, at address: UInt64) -> Layout? {
        guard let bytes = memory(address, Layout.byteCount) else { return nil }
        return try? Layout(decoding: bytes.span)
    }

    private static func descriptor(_ argument: UInt64) -> Int32 { Int32(truncatingIfNeeded: argument) }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }

    private static func hex(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
