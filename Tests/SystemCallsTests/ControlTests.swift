// ioctl and mappings: what is handed to the kernel, and that refusals are answers.

import SystemCalls
import Testing

/// Any request that a regular file doesn't know.
private let unknown: UInt32 = 0x0010_5005

@Suite struct ControlTests {
    private static func plainFile() throws -> OwnedDescriptor {
        try OwnedDescriptor.memoryFile(name: "corbel-test", byteCount: 4096)
    }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
    }

    @Test func aFileThatKnowsNoControlAnswersENOTTY() throws {
        let file = try Self.plainFile()
        var code: Int32 = 0
        do throws(SystemError) { _ = try file.control(unknown) } catch { code = error.code }
        #expect(code == 25)
        code = 0
        var argument = [UInt8](repeating: 0, count: 16)
        var span = argument.mutableSpan
        do throws(SystemError) { _ = try file.control(unknown, &span) } catch { code = error.code }
        #expect(code == 25)
    }

    @Test func theDriverWritesIntoTheArgument() throws {
        let pipe = try Pipe()
        let sent: [UInt8] = [1, 2, 3, 4, 5]
        try pipe.writing.writeAll(sent.span)
        var argument = [UInt8](repeating: 0xFF, count: 4)
        var span = argument.mutableSpan
        // FIONREAD: bytes that can be read, as an int.
        #expect(try pipe.reading.control(0x541B, &span) == 0)
        #expect(argument == [5, 0, 0, 0])
    }

    @Test func twoAddressesAreFilledInAtTheirOffsetsAndNowhereElse() throws {
        let file = try Self.plainFile()
        var argument = [UInt8](repeating: 0xA5, count: 32)
        let input: [UInt64] = [1, 2]
        var output: [Int32] = [0, 0]
        var code: Int32 = 0
        var span = argument.mutableSpan
        var results = output.mutableSpan
        do throws(SystemError) {
            _ = try file.control(unknown, &span, addressAt: 16, of: input.span, addressAt: 24, of: &results)
        } catch { code = error.code }
        #expect(code == 25)
        #expect(argument.prefix(16).allSatisfy { $0 == 0xA5 })
        let first = Self.word(argument, at: 16)
        let second = Self.word(argument, at: 24)
        #expect(first != 0 && first % 8 == 0 && second != 0 && second % 4 == 0 && first != second)
    }

    @Test func theAddressOfTheVectorIsFilledInAtItsOffset() throws {
        let file = try Self.plainFile()
        var argument = [UInt8](repeating: 0, count: 16)
        var first = [UInt8](repeating: 0, count: 32)
        var second: [UInt8] = []
        var span = argument.mutableSpan
        var one = first.mutableSpan
        var two = second.mutableSpan
        var code: Int32 = 0
        do throws(SystemError) {
            _ = try file.control(unknown, &span, vectorAt: 8, &one, &two)
        } catch { code = error.code }
        #expect(code == 25)
        #expect(Self.word(argument, at: 0) == 0)
        #expect(Self.word(argument, at: 8) != 0)
    }

    @Test func aSharedMappingShowsWhatTheOtherWrites() throws {
        let file = try Self.plainFile()
        let one = try MappedMemory(sharing: file, byteCount: 4096, access: .readWrite)
        let two = try MappedMemory(sharing: file, byteCount: 4096, access: .read)
        #expect(one.address != two.address)
        let sent: [UInt8] = [9, 8, 7]
        one.copyIn(at: 4093, from: sent.span)
        var received = [UInt8](repeating: 0, count: 3)
        var span = received.mutableSpan
        two.copyOut(from: 4093, into: &span)
        #expect(received == sent)
    }

    @Test func lockedMemoryIsZeroedAndPageAligned() throws {
        let memory = try MappedMemory.locked(byteCount: 4096)
        #expect(memory.address % 4096 == 0)
        var bytes = [UInt8](repeating: 1, count: 4096)
        var span = bytes.mutableSpan
        memory.copyOut(from: 0, into: &span)
        #expect(bytes.allSatisfy { $0 == 0 })
    }

    @Test func aMappingThatTheKernelRefusesIsAnError() throws {
        let file = try Self.plainFile()
        var code: Int32 = 0
        do throws(SystemError) {
            _ = try MappedMemory(sharing: file, byteCount: 0, access: .read).address
        } catch { code = error.code }
        #expect(code == 22)
    }

    @Test func anAccessOutsideOfAMappingTraps() async {
        await #expect(processExitsWith: .failure) {
            let memory = try MappedMemory.locked(byteCount: 4096)
            let bytes: [UInt8] = [1, 2]
            memory.copyIn(at: 4095, from: bytes.span)
        }
    }

    @Test func waitingForAClosedDescriptorTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = try waitUntilReadable(1000, milliseconds: 0)
        }
    }
}
