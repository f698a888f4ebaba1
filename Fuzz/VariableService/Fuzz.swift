// modules: XenABI StatisticsPage XenPlatform XenDeviceModel CSystem SystemCalls ServerCalls EventLoop SandboxWire
// modules: HypervisorModel SandboxServer XenDeviceModelTesting DaemonShell UEFIVariables VariableService
// varstored's device over a backend that does what the input says: accesses of two vCPUs, buffers of noise and of
// requests that are nearly right, answers that come at once, late, twice or never, and an end at any time. Each access
// is answered once, nothing traps, and what is confirmed at the end is what is published.
// Not for: SetVariable's rules (Fuzz/UEFIRules).

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do {
        var run = try DeviceRun(bytes)
        try run.run()
    } catch {
        fatalError("\(error)")
    }
    return 0
}

/// Ends the program when what must hold does not.
func hold(_ condition: Bool, _ what: StaticString) {
    if !condition { fatalError("\(what)") }
}
