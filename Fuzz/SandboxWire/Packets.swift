// Bodies of packets from arbitrary bytes: what is read, written and read again is the same value.
// Not for: what a sandbox does with them (Session).

import SandboxWire

func checkPackets(_ bytes: [UInt8]) {
    checkHeader(bytes)
    check(Hello.self, bytes)
    check(Welcome.self, bytes)
    check(DeviceModelCall.self, bytes)
    check(DeviceModelAnswer.self, bytes)
    check(HypercallRequest.self, bytes)
    check(HypercallAnswer.self, bytes)
    check(FrameMapping.self, bytes)
    check(ResourceMapping.self, bytes)
    check(MappedPieces.self, bytes)
    check(DomainArgument.self, bytes)
    check(NumberArgument.self, bytes)
    check(NumberAnswer.self, bytes)
    check(BindInterdomain.self, bytes)
    check(NoBody.self, bytes)
    check(DomainRequest.self, bytes)
    check(DomainList.self, bytes)
    check(TextRequest.self, bytes)
    check(TextAnswer.self, bytes)
}

private func checkHeader(_ bytes: [UInt8]) {
    var reader = WireReader(bytes, 0..<bytes.count)
    do throws(WireError) {
        let header = try WireHeader(from: &reader)
        hold(bytes.count >= WireHeader.byteCount, "a header has its bytes")
        var writer = WireWriter()
        header.begin(&writer)
        hold(Array(writer.bytes.prefix(12)) == Array(bytes.prefix(12)), "a header is written as it was read")
        let result = try WireResult(from: &reader)
        writer.begin()
        result.encode(into: &writer)
        hold(writer.bytes == Array(bytes[16..<24]), "a result is written as it was read")
    } catch {
        hold(error.offset >= 0 && error.offset <= bytes.count, "an error's place lies in the packet")
    }
}

private func check<Body: WireBody>(_: Body.Type, _ bytes: [UInt8]) {
    var reader = WireReader(bytes, 0..<bytes.count)
    do throws(WireError) {
        let value = try Body(from: &reader)
        hold(reader.offset + reader.remaining == bytes.count, "reading stays in the packet")
        var writer = WireWriter()
        value.encode(into: &writer)
        let again = try Body(whole: WireReader(writer.bytes, 0..<writer.bytes.count))
        hold(again == value, "\(Body.self) is written as it was read")
        // Nothing takes more room than it was given, but for what was no UTF-8.
        hold(writer.bytes.count <= 3 * reader.offset + 8, "\(Body.self) does not grow")
    } catch {
        hold(error.offset >= 0 && error.offset <= bytes.count, "an error's place lies in the packet")
    }
}
