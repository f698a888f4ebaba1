// modules: UEFIVariables
// SetVariable's rules beside a naive reading of the specification (NaiveGuest): guests whose requests are well formed,
// well signed, badly signed, and well signed but wrong get the same statuses, replies and variables from both. Beside
// that, blobs and signature lists whose frames hold.
// Not for: requests of noise, MOR and PPI (Fuzz/UEFIVariables); PKCS#7 and RSA (Fuzz/UEFIAuthentication).

import UEFIVariables

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let step = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch step % 8 {
    case 0: Soundness.framedBlob(rest)
    case 1: Soundness.lists(rest)
    default:
        var guest = GuestRun(Program(rest), settings: step >> 3)
        guest.run()
    }
    return 0
}

func assume(_ holds: Bool, _ text: @autoclosure () -> String = "", line: Int = #line) {
    if !holds { fatalError("line \(line): \(text())") }
}
