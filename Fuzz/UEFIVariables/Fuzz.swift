// modules: UEFIVariables
// The variable services against hostile guests, in steps: noise; a request's frame around noise; blobs and signature
// lists; whole guests whose well-formed requests, well signed, badly signed and well signed but wrong, are answered
// beside a naive reading of the specification (NaiveGuest).
// Not for: PKCS#7 and RSA (UEFIAuthentication).

import UEFIVariables

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let step = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch step % 8 {
    case 0: Noise.request(rest)
    case 1: Noise.framedRequests(rest)
    case 2: Noise.blob(rest)
    case 3: Noise.framedBlob(rest)
    case 4: Noise.lists(rest)
    default:
        var guest = GuestRun(Program(rest), settings: step >> 3)
        guest.run()
    }
    return 0
}

func assume(_ holds: Bool, _ text: @autoclosure () -> String = "", line: Int = #line) {
    if !holds { fatalError("line \(line): \(text())") }
}
