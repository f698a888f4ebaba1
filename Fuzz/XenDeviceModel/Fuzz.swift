// modules: XenABI StatisticsPage XenPlatform XenDeviceModel
// The device-model library against a guest and a Xen that lie: it never traps, it answers every vCPU once, and it
// writes nothing but what is its own.
// Not for: whether honest guests get the right answers (Tests/XenDeviceModelTests).

import XenPlatform

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let scenario = try? Scenario(Program(bytes)) else { return 0 }
    scenario.run()
    return 0
}
