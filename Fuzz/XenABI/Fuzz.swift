// modules: XenABI
// Every structure of the ABI from arbitrary bytes: what is read, written and read again is the same value.
// Not for: whether values make sense.

import XenABI

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    checkPayloads(bytes)
    checkArguments(bytes)
    checkFrame(bytes)
    return 0
}

private func checkPayloads(_ bytes: [UInt8]) {
    check(DMOP.CreateIOREQServer.self, bytes)
    check(DMOP.GetIOREQServerInfo.self, bytes)
    check(DMOP.MapIORange.self, bytes)
    check(DMOP.UnmapIORange.self, bytes)
    check(DMOP.SetIOREQServerState.self, bytes)
    check(DMOP.DestroyIOREQServer.self, bytes)
    check(DMOP.TrackDirtyVRAM.self, bytes)
    check(DMOP.SetPCIINTxLevel.self, bytes)
    check(DMOP.SetISAIRQLevel.self, bytes)
    check(DMOP.SetPCILinkRoute.self, bytes)
    check(DMOP.ModifiedMemory.self, bytes)
    check(DMOP.Extent.self, bytes)
    check(DMOP.SetMemoryType.self, bytes)
    check(DMOP.InjectEvent.self, bytes)
    check(DMOP.InjectMSI.self, bytes)
    check(DMOP.MapMemoryType.self, bytes)
    check(DMOP.RemoteShutdown.self, bytes)
    check(DMOP.RelocateMemory.self, bytes)
    check(DMOP.PinMemoryCacheAttribute.self, bytes)
    check(DMOP.SetIRQLevel.self, bytes)
    check(DMOP.VCPUCount.self, bytes)
}

private func checkArguments(_ bytes: [UInt8]) {
    check(IOREQ.self, bytes)
    check(BufferedIOREQ.self, bytes)
    check(AcquireResource.self, bytes)
    check(GetDomainState.self, bytes)
    check(PrivcmdHypercall.self, bytes)
    check(PrivcmdMMAPBatchV2.self, bytes)
    check(PrivcmdDMOP.self, bytes)
    check(PrivcmdBuffer.self, bytes)
    check(PrivcmdRestrict.self, bytes)
    check(PrivcmdMMAPResource.self, bytes)
    check(EventChannelArgument.self, bytes)
    check(EventChannelBindInterdomain.self, bytes)
    check(EventChannelRestrict.self, bytes)
    check(GrantReferencePair.self, bytes)
    check(MapGrantReference.self, bytes)
    check(UnmapGrantReference.self, bytes)
    check(GetOffsetForAddress.self, bytes)
    check(SetMaxGrants.self, bytes)
    check(SetUnmapNotify.self, bytes)
}

/// Reads, writes, reads. What is lost on the way is in pads, and `hasZeroPads` knows.
private func check<Layout: WireLayout>(_: Layout.Type, _ bytes: [UInt8]) {
    guard bytes.count >= Layout.byteCount else {
        precondition((try? Layout(decoding: bytes.span)) == nil, "too few bytes were accepted")
        return
    }
    do {
        let value = try Layout(decoding: bytes.span)
        let encoded = value.encodedBytes
        let again = try Layout(decoding: encoded.span)
        let encodedPads = try Layout.hasZeroPads(in: encoded.span)
        let originalPads = try Layout.hasZeroPads(in: bytes.span)
        precondition(encoded.count == Layout.byteCount)
        precondition(again == value)
        precondition(encodedPads)
        precondition(originalPads == (encoded == Array(bytes.prefix(Layout.byteCount))))
    } catch {
        preconditionFailure("enough bytes were refused: \(error)")
    }
}

/// A frame of arbitrary bytes answers every question about itself.
private func checkFrame(_ bytes: [UInt8]) {
    var frame = DMOPFrame()
    for index in 0..<min(bytes.count, DMOPFrame.byteCount) { frame.bytes[index] = bytes[index] }
    precondition(frame.opcode.payloadByteCount <= DMOPFrame.payloadBytesMax)
    precondition(frame.opcode.isKnown == (1...20).contains(frame.opcode.rawValue))
    let info = frame.payload(DMOP.GetIOREQServerInfo.self)
    precondition(DMOPFrame(info).payload(DMOP.GetIOREQServerInfo.self) == info)
    _ = frame.headerPad
}
