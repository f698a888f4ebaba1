// Linked, never run: Tests/Embedded/check links what these functions reach, and no allocator must be among it. It
// compiles them with the sources of XenABI as one module.
// Not for: descriptions and `encodedBytes`, which allocate by design.

/// The way of every device-model operation: payload to frame, and back.
public func operationAndBack(_ frame: inout DMOPFrame) -> UInt64 {
    let id = IOREQServerID(1)
    let first = GuestFrame(0x100)
    frame = DMOPFrame(DMOP.CreateIOREQServer(handling: .atomic))
    let server = frame.payload(DMOP.CreateIOREQServer.self).id
    frame = DMOPFrame(DMOP.GetIOREQServerInfo(id: server, flags: .noGFNs))
    let port = frame.payload(DMOP.GetIOREQServerInfo.self).bufferedPort
    frame = DMOPFrame(DMOP.MapIORange(id: id, type: .memory, start: 0, end: 0xfff))
    frame = DMOPFrame(DMOP.UnmapIORange(id: id, type: .memory, start: 0, end: 0xfff))
    frame = DMOPFrame(DMOP.SetIOREQServerState(id: id, enabled: true))
    frame = DMOPFrame(DMOP.DestroyIOREQServer(id: id))
    frame = DMOPFrame(DMOP.TrackDirtyVRAM(count: 16, first: first))
    frame = DMOPFrame(DMOP.SetPCIINTxLevel(segment: 0, bus: 0, device: 2, pin: 1, level: 1))
    frame = DMOPFrame(DMOP.SetISAIRQLevel(irq: 4, level: 1))
    frame = DMOPFrame(DMOP.SetPCILinkRoute(link: 0, irq: 5))
    frame = DMOPFrame(DMOP.ModifiedMemory(extentCount: 1))
    frame = DMOPFrame(DMOP.SetMemoryType(count: 1, type: .ramReadOnly, first: first))
    frame = DMOPFrame(
        DMOP.InjectEvent(
            vcpu: VCPUID(0), vector: 14, type: .hardwareException, instructionByteCount: 0, errorCode: 2, extra: 0))
    frame = DMOPFrame(DMOP.InjectMSI(address: 0xfee0_0000, data: 0x40))
    frame = DMOPFrame(DMOP.MapMemoryType(id: id, type: .ioreqServer, flags: .write))
    frame = DMOPFrame(DMOP.RemoteShutdown(reason: .powerOff))
    frame = DMOPFrame(DMOP.RelocateMemory(count: 1, source: first, destination: GuestFrame(0x200)))
    frame = DMOPFrame(DMOP.PinMemoryCacheAttribute(start: first, end: first, type: .writeBack))
    frame = DMOPFrame(DMOP.SetIRQLevel(irq: 33, level: 1))
    frame = DMOPFrame(DMOP.VCPUCount())
    return UInt64(port.rawValue) + UInt64(frame.payload(DMOP.VCPUCount.self).count) + UInt64(frame.headerPad)
}

/// The way of every request: slot to values, and back; pads looked at.
public func requestAndBack(_ slot: inout MutableSpan<UInt8>, _ bytes: Span<UInt8>) -> Bool {
    guard let request = try? IOREQ(decoding: bytes), let write = try? BufferedIOREQ(decoding: bytes) else {
        return false
    }
    request.encode(into: &slot)
    write.encode(into: &slot)
    DMOP.Extent(count: 1, first: GuestFrame(1)).encode(into: &slot)
    return (try? DMOP.Extent.hasZeroPads(in: bytes)) ?? false
}
