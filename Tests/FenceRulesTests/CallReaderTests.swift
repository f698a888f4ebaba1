// From numbers and bytes to a verdict: the pure part of the fence, without Xen and without ptrace.

import FenceRules
import Testing
import XenABI

@Suite struct CallReaderTests {
    /// A program's memory: bytes by address.
    private final class Memory {
        private var bytes: [UInt64: UInt8] = [:]

        func put(_ address: UInt64, _ new: [UInt8]) {
            for (index, byte) in new.enumerated() { bytes[address + UInt64(index)] = byte }
        }

        func read(_ address: UInt64, _ count: Int) -> [UInt8]? {
            let found = (0..<count).compactMap { bytes[address + UInt64($0)] }
            return found.count == count ? found : nil
        }
    }

    /// Hypercalls with what lies at their argument.
    typealias Calls = [(UInt64, [UInt32])]

    private let memory = Memory()

    /// Descriptor 3 is privcmd, 4 evtchn, 5 a file.
    private func text(
        _ number: UInt64, _ arguments: [UInt64], architecture: UInt32 = TracedCall.nativeArchitecture
    ) throws -> String {
        let kinds: [Int32: String] = [3: "privcmd", 4: "evtchn", 5: "file"]
        let reader = CallReader(
            names: try StableList.builtIn().names, kind: { kinds[$0] ?? "unknown" }, memory: memory.read)
        return reader.text(of: TracedCall(architecture: architecture, number: number, arguments: arguments))
    }

    private func privcmd(_ request: UInt32, _ address: UInt64 = 0x1000) throws -> String {
        try text(16, [3, UInt64(request), address])
    }

    private func operation(_ number: UInt32, pad: UInt32 = 0, buffers: UInt16 = 1, size: UInt64 = 32) throws -> String {
        memory.put(0x1000, PrivcmdDMOP(domain: DomainID(7), count: buffers, buffers: 0x2000).encodedBytes)
        memory.put(0x2000, PrivcmdBuffer(address: 0x3000, byteLength: size).encodedBytes)
        memory.put(
            0x3000, [number, pad].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
        return try privcmd(PrivcmdCall.dmOp)
    }

    private func hypercall(_ number: UInt64, _ words: [UInt32]) throws -> String {
        memory.put(0x1000, PrivcmdHypercall(number: number, argument0: 0x4000).encodedBytes)
        memory.put(0x4000, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
        return try privcmd(PrivcmdCall.hypercall)
    }

    private func isAllowed(_ call: String) throws -> Bool { try StableList.builtIn().allows(call) }

    @Test func everyOperationThatExistsPasses() throws {
        for code in DMOpcode.all {
            #expect(try isAllowed(operation(code.rawValue, buffers: code.usesSecondBuffer ? 2 : 1)))
        }
    }

    @Test(arguments: [0, 21, 4711, UInt32.max]) func anOperationThatDoesNotExistFails(_ number: UInt32) throws {
        let call = try operation(number)
        #expect(call == "ioctl privcmd 0x00105005 op=\(number) buffers=1")
        #expect(try !isAllowed(call))
    }

    @Test func anOperationInAFormThatNotEveryReleaseTakesFails() throws {
        let forms = try [
            operation(5, buffers: 2), operation(7, buffers: 1), operation(5, buffers: 0), operation(5, size: 16),
            operation(5, size: 4), operation(5, pad: 1),
        ]
        let start = "ioctl privcmd 0x00105005 "
        #expect(
            forms
                == [
                    "op=5 buffers=2", "op=7 buffers=1", "buffers=0", "op=5 buffers=1 size=16", "buffers=1 size=4",
                    "op=5 buffers=1 pad=1",
                ].map { start + $0 })
        for form in forms { #expect(try !isAllowed(form)) }
    }

    @Test func whatCanNotBeReadFails() throws {
        #expect(try privcmd(PrivcmdCall.dmOp) == "ioctl privcmd 0x00105005 unreadable")
        memory.put(0x1000, PrivcmdDMOP(domain: DomainID(7), count: 1, buffers: 0x2000).encodedBytes)
        #expect(try privcmd(PrivcmdCall.dmOp) == "ioctl privcmd 0x00105005 unreadable")
        memory.put(0x2000, PrivcmdBuffer(address: 0x3000, byteLength: 32).encodedBytes)
        #expect(try privcmd(PrivcmdCall.dmOp) == "ioctl privcmd 0x00105005 buffers=1 unreadable")
        memory.put(0x1000, PrivcmdHypercall(number: 36, argument0: 0x9000).encodedBytes)
        #expect(try privcmd(PrivcmdCall.hypercall) == "ioctl privcmd 0x00305000 hypercall=36 unreadable")
        for call in ["unreadable", "buffers=1 unreadable"] {
            #expect(try !isAllowed("ioctl privcmd 0x00105005 " + call))
        }
    }

    @Test func oneDomctlPasses() throws {
        #expect(try isAllowed(hypercall(36, [90, 0])))
    }

    @Test(arguments: [(36, [90, 0x17]), (36, [5, 0x15]), (35, [6, 0x15]), (7, [3, 1]), (35, [90, 0])] as Calls)
    func otherDomctlsSysctlsAndPlatformCallsFail(_ number: UInt64, _ words: [UInt32]) throws {
        let call = try hypercall(number, words)
        #expect(call == "ioctl privcmd 0x00305000 hypercall=\(number) command=\(words[0]) version=\(words[1])")
        #expect(try !isAllowed(call))
    }

    @Test func otherHypercallsFailWithTheirFirstArgument() throws {
        memory.put(0x1000, PrivcmdHypercall(number: 17, argument0: 6).encodedBytes)
        let call = try privcmd(PrivcmdCall.hypercall)
        #expect(call == "ioctl privcmd 0x00305000 hypercall=17 command=6")
        #expect(try !isAllowed(call))
    }

    @Test(arguments: [(UInt32(0), true), (1, false), (2, false), (9, false)])
    func resourcesByType(_ type: UInt32, _ passes: Bool) throws {
        var argument = PrivcmdMMAPResource(
            domain: DomainID(7), type: ResourceType(rawValue: type), id: 0, firstFrame: 0, count: 1, address: 4096)
        memory.put(0x1000, argument.encodedBytes)
        let mapping = try privcmd(PrivcmdCall.mmapResource)
        argument.count = 0
        argument.address = 0
        memory.put(0x1000, argument.encodedBytes)
        let question = try privcmd(PrivcmdCall.mmapResource)
        #expect(mapping == "ioctl privcmd 0x00205007 type=\(type)")
        #expect(question == "ioctl privcmd 0x00205007 type=\(type) size-query")
        #expect(try isAllowed(mapping) == passes)
        #expect(try isAllowed(question) == passes)
    }

    @Test(arguments: [0x0010_5002, 0x0018_5003, 0x0030_5063, 0x0000_50FF] as [UInt32])
    func otherIoctlsOfPrivcmdFail(_ request: UInt32) throws {
        #expect(try !isAllowed(privcmd(request)))
    }

    @Test func anIoctlCountsForTheNodeThatItGoesTo() throws {
        #expect(try text(16, [5, 0x0010_5005, 0]) == "ioctl file 0x00105005")
        #expect(try text(16, [4, 0x0004_4504, 0]) == "ioctl evtchn 0x00044504")
        #expect(try text(16, [3, 0x0004_4504, 0]) == "ioctl privcmd 0x00044504")
        #expect(try text(16, [9, 0x0010_5005, 0]) == "ioctl unknown 0x00105005")
        for node: UInt64 in [3, 5, 9] { #expect(try !isAllowed(text(16, [node, 0x0004_4504, 0]))) }
        // The kernel looks at 32 bits of descriptor and request.
        #expect(try isAllowed(text(16, [1 << 32 | 4, 1 << 32 | 0x0004_4504, 0])))
    }

    @Test func mappingsAreNamedAfterWhatIsMapped() throws {
        #expect(try text(9, [0, 4096, 3, 0x22, 3, 0]) == "mmap none")
        #expect(try text(9, [0, 4096, 3, 1, 3, 0]) == "mmap privcmd")
        #expect(try text(9, [0, 4096, 3, 1, UInt64.max, 0]) == "mmap unknown")
    }

    @Test func aCallByAnotherEntryFails() throws {
        let old = try text(20, [], architecture: 0x4000_0003)
        let x32 = try text(1 << 30 | 16, [4, 0x0004_4504, 0])
        #expect(old == "foreign-entry architecture=0x40000003 number=20")
        #expect(x32 == "call 1073741840")
        #expect(try !isAllowed(old))
        #expect(try !isAllowed(x32))
    }

    @Test func aCallWithoutANameFailsByItsNumber() throws {
        #expect(try text(9999, []) == "call 9999")
        #expect(try !isAllowed("call 9999"))
    }
}
