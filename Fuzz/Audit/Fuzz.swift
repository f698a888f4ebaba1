// modules: XenABI StatisticsPage XenPlatform HypervisorModel
// The model of Xen and of its kernel's checks against callers, device models and guests that lie: whatever they do, it
// never traps, answers errnos that there are, and what the specification promises of its state holds after each step.
// Not for: which errno it is (Tests/HypervisorModelTests), nor bytes of the sandbox's socket (Fuzz/SandboxWire).

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let scenario = try? Scenario(Program(bytes)) else { return 0 }
    scenario.run()
    return 0
}
