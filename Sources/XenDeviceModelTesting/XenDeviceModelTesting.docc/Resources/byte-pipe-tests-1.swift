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
}
