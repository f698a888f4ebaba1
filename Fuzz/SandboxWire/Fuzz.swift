// modules: XenABI StatisticsPage XenPlatform CSystem SystemCalls ServerCalls EventLoop SandboxWire HypervisorModel
// modules: SandboxServer
// sources: Fuzz/Audit/Program.swift Fuzz/Audit/Operations.swift Fuzz/Audit/Invariants.swift
// The sandbox's socket against processes that lie: its packets, its rings, and a whole sandbox that is sent any bytes.
// Not for: what the model answers (Fuzz/Audit), speed, or what users see (Tests/SandboxServerTests).

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    switch first & 7 {
    case 0: checkPackets(Array(bytes.dropFirst()))
    case 1: checkRings(Program(Array(bytes.dropFirst())))
    default: Session(Program(Array(bytes.dropFirst()))).run()
    }
    return 0
}
