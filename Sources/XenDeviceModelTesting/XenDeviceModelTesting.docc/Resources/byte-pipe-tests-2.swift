// Tests of BytePipe, on a guest in the sandbox.

import Testing
import XenDeviceModel
import XenDeviceModelTesting

@testable import GuestPipe

@Suite struct BytePipeTests {
    let bench: SandboxBench

    init() throws {
        bench = try SandboxBench()
        try bench.serve(.ports(0x200...0x201), by: BytePipe())
    }

    @Test func bytesComeOutInTheirOrder() throws {
        for byte in [1, 2, 3] as [UInt64] { try bench.guest.write(port: 0x200, .byte, byte) }
        #expect(try bench.guest.read(port: 0x201, .byte) == 3)
        for byte in [1, 2, 3] as [UInt64] { #expect(try bench.guest.read(port: 0x200, .byte) == byte) }
        #expect(try bench.guest.read(port: 0x201, .byte) == 0)
    }

    @Test func aTextGoesThroughByOneInstruction() throws {
        let text = Array("hello".utf8)
        bench.guest.poke(0x5000, text)
        try bench.guest.writeString(port: 0x200, .byte, count: 5, from: 0x5000)
        #expect(try bench.guest.read(port: 0x201, .byte) == 5)
        try bench.guest.readString(port: 0x200, .byte, count: 5, to: 0x6000)
        #expect(bench.guest.peek(0x6000, 5) == text)
    }
}
