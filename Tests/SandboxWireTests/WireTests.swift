// Packets: golden bytes, round trips, every truncation, every surplus, values out of bounds.

import SandboxWire
import Testing
import XenABI

/// A packet of this body.
func packet(_ kind: WireKind, _ body: some WireBody, flags: UInt16 = 0, sequence: UInt32 = 7) -> [UInt8] {
    var writer = WireWriter()
    WireHeader(kind, flags: flags, sequence: sequence).begin(&writer)
    body.encode(into: &writer)
    WireHeader.seal(&writer)
    return writer.bytes
}

func bytes(_ body: some WireBody) -> [UInt8] {
    var writer = WireWriter()
    body.encode(into: &writer)
    return writer.bytes
}

/// The body comes back as it was; with a byte less, at each length, or one more it does not come at all.
func verify<Body: WireBody>(_ body: Body) {
    let all = bytes(body)
    #expect((try? Body(whole: WireReader(all, 0..<all.count))) == body)
    for length in 0..<all.count {
        #expect(throws: WireError.self) { _ = try Body(whole: WireReader(all, 0..<length)) }
    }
    #expect(throws: WireError.self) { _ = try Body(whole: WireReader(all + [0], 0..<all.count + 1)) }
}

@Suite("Packets") struct WireTests {
    private let call = DeviceModelCall(
        DomainID(5),
        [
            CallBuffer(address: 0x1000, byteCount: 3, bytes: [1, 2, 3]),
            CallBuffer(address: 0x2000, byteCount: 9000, bytes: [], isWritable: false),
        ])

    @Test("every body comes back, and no other length is one") func roundTrips() {
        verify(Hello(caller: DomainID(3), privilege: .deviceModel, target: DomainID(4), opensNodes: false))
        verify(Welcome(eventByteCount: 20480, processID: 77, release: "4.17"))
        verify(call)
        verify(DeviceModelCall(DomainID(1), [], count: 2))
        verify(DeviceModelAnswer([.init(index: 1, bytes: [9, 8])]))
        verify(HypercallRequest(number: 36, arguments: [1, 2, 3, 4, 5], memory: call.buffers))
        verify(HypercallAnswer(value: 1, DeviceModelAnswer([.init(index: 1, bytes: [9, 8])])))
        verify(DomainArgument(DomainID(9)))
        verify(NumberArgument(9))
        verify(NumberAnswer(9))
        verify(BindInterdomain(domain: 1, port: 2))
        verify(FrameMapping(DomainID(2), isWritable: true, [1, UInt64.max]))
        verify(ResourceMapping(DomainID(2), .ioreqServer, id: 1, firstFrame: 2, count: 3))
        verify(
            MappedPieces(
                mapping: 4, fileCount: 1, [.init(file: 0, page: 7, count: 2), .init(refused: .einval, count: 1)]))
        verify(DomainRequest(kind: 1, id: DomainID(6), vcpuCount: 2, isArm: true))
        verify(DomainRequest(hasIOMMU: true))
        verify(
            DomainList([.init(id: DomainID(1), kind: 2, serverCount: 1, life: 1, vcpuCount: 4, frameCount: 1024)]))
        verify(TextRequest(DomainID(1), "in 0x100"))
        verify(TextAnswer("ü"))
    }

    @Test("a device-model operation, byte by byte") func goldenCall() {
        #expect(
            packet(.dmOp, call) == [
                0x43, 0x53, 0x42, 0x01,  // CSB, version 1
                16, 0, 0, 0,  // kind, flags
                7, 0, 0, 0,  // sequence
                75, 0, 0, 0,  // bytes
                5, 0, 2, 0,  // domain, buffers claimed
                2, 0, 0, 0,  // buffers
                0, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,  // address, size
                1, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3,  // writable, bytes sent
                0, 0x20, 0, 0, 0, 0, 0, 0, 0x28, 0x23, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test("a mapping and its answer, byte by byte") func goldenMapping() {
        #expect(
            bytes(FrameMapping(DomainID(2), isWritable: true, [0x102])) == [
                2, 0, 1, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0,
            ])
        #expect(
            bytes(MappedPieces(mapping: 4, fileCount: 1, [.init(file: 0, page: 3, count: 2)])) == [
                4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
            ])
        #expect(
            bytes(MappedPieces(mapping: 4, fileCount: 0, [.init(refused: .einval, count: 1)])).suffix(16) == [
                0xFF, 0xFF, 22, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test("hello and its answer, byte by byte") func goldenHello() {
        #expect(bytes(Hello()) == [0, 0, 0, 0, 0, 1, 0, 0])
        #expect(
            bytes(Welcome(eventByteCount: 0x5000, processID: 2, release: "4.9")) == [
                0, 0x50, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x34, 0x2E, 0x39,
            ])
    }

    @Test("results are an errno and who said so") func results() throws {
        var writer = WireWriter()
        WireResult(.eperm, .kernel).encode(into: &writer)
        #expect(writer.bytes == [1, 0, 0, 0, 1, 0, 0, 0])
        var reader = WireReader(writer.bytes, 0..<8)
        #expect(try WireResult(from: &reader) == WireResult(.eperm, .kernel))
        for wrong: [UInt8] in [[0, 0x10, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0]] {
            var reader = WireReader(wrong, 0..<wrong.count)
            #expect(throws: WireError.self) { _ = try WireResult(from: &reader) }
        }
    }

    @Test("a header is of this protocol and of its packet's size") func headers() throws {
        let all = packet(.status, NoBody(), flags: 3, sequence: 9)
        var reader = WireReader(all, 0..<all.count)
        #expect(try WireHeader(from: &reader) == WireHeader(.status, flags: 3, sequence: 9))
        for index in [0, 3, 12, 15] {
            var wrong = all
            wrong[index] ^= 0x40
            var reader = WireReader(wrong, 0..<wrong.count)
            #expect(throws: WireError.self) { _ = try WireHeader(from: &reader) }
        }
        for length in 0..<all.count {
            var reader = WireReader(all, 0..<length)
            #expect(throws: WireError.self) { _ = try WireHeader(from: &reader) }
        }
    }

    @Test("counts are bounded by limits and by the bytes that are there") func counts() {
        func refuses<Body: WireBody>(_: Body.Type, _ bytes: [UInt8]) {
            #expect(throws: WireError.self) { _ = try Body(whole: WireReader(bytes, 0..<bytes.count)) }
        }
        refuses(FrameMapping.self, [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0])
        let many = FrameMapping(DomainID(1), isWritable: false, [UInt64](repeating: 0, count: 8193))
        refuses(FrameMapping.self, bytes(many))
        refuses(DeviceModelCall.self, bytes(DeviceModelCall(DomainID(1), Array(repeating: call.buffers[0], count: 18))))
        let large = CallBuffer(address: 0, byteCount: 5000, bytes: [UInt8](repeating: 0, count: 4097))
        refuses(DeviceModelCall.self, bytes(DeviceModelCall(DomainID(1), [large])))
        let more = CallBuffer(address: 0, byteCount: 2, bytes: [1, 2, 3])
        refuses(DeviceModelCall.self, bytes(DeviceModelCall(DomainID(1), [more])))
        refuses(MappedPieces.self, bytes(MappedPieces(mapping: 1, fileCount: 17, [])))
        refuses(MappedPieces.self, bytes(MappedPieces(mapping: 1, fileCount: 1, [.init(file: 1, page: 0, count: 1)])))
        refuses(MappedPieces.self, bytes(MappedPieces(mapping: 1, fileCount: 1, [.init(file: 0, page: 0, count: 0)])))
        refuses(Hello.self, [0, 0, 0, 0, 0, 2, 0, 0])
        refuses(Hello.self, [0, 0, 0, 0, 0, 0, 0, 1])
        refuses(DomainRequest.self, [3] + bytes(DomainRequest()).dropFirst())
    }

    @Test("the largest requests and answers fit into a packet") func largest() {
        let frames = FrameMapping(DomainID(1), isWritable: true, [UInt64](repeating: 9, count: 8192))
        #expect(packet(.mapFrames, frames).count <= WireLimits.packetByteCount)
        let piece = MappedPieces.Piece(file: 0, page: 1, count: 1)
        let pieces = MappedPieces(mapping: 1, fileCount: 1, [MappedPieces.Piece](repeating: piece, count: 8192))
        #expect(packet(.mapFrames, pieces).count + 8 <= WireLimits.packetByteCount)
        let buffer = CallBuffer(address: 0, byteCount: 4096, bytes: [UInt8](repeating: 1, count: 4096))
        let call = DeviceModelCall(DomainID(1), [CallBuffer](repeating: buffer, count: WireLimits.buffersPerCall))
        #expect(packet(.dmOp, call).count <= WireLimits.packetByteCount)
        let text = TextAnswer(String(repeating: "x", count: WireLimits.textByteCount))
        #expect(packet(.status, text).count + 8 <= WireLimits.packetByteCount)
    }

    @Test("noise is refused or read, and never read beyond its end") func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let noise = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
                UInt8.random(in: 0...3, using: &generator)
            }
            let reader = WireReader(noise, 0..<noise.count)
            _ = try? DeviceModelCall(whole: reader)
            _ = try? DeviceModelAnswer(whole: reader)
            _ = try? FrameMapping(whole: reader)
            _ = try? HypercallRequest(whole: reader)
            if let pieces = try? MappedPieces(whole: reader) { #expect(pieces.fileCount <= 16) }
        }
    }
}
