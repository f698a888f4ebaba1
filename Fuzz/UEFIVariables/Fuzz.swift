// modules: UEFIVariables
// Requests, blobs and signature lists from arbitrary bytes, on a ladder: noise, noise in a right frame, right requests
// with hostile contents, right contents whose signatures are as the input says. Not for: PKCS#7 itself.

import UEFIVariables

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let rung = bytes.popLast() else { return 0 }
    switch rung % 6 {
    case 0: fuzzRequest(bytes)
    case 1: fuzzRequest(framed(bytes))
    case 2, 3: fuzzProgram(bytes, userMode: rung % 6 == 3)
    case 4: fuzzBlob(bytes)
    default: fuzzBlob(VariableBlob().encoded().prefix(8) + bytes)
    }
    return 0
}

/// One request, as it is.
private func fuzzRequest(_ bytes: [UInt8]) {
    var guest = Guest(userMode: true)
    guest.send(bytes)
    guest.check()
}

/// A request whose version and command are right.
private func framed(_ bytes: [UInt8]) -> [UInt8] {
    [1, 0, 0, 0, (bytes.first ?? 0) % 5, 0, 0, 0] + bytes.dropFirst()
}

/// Requests that are well formed, one after the other.
private func fuzzProgram(_ bytes: [UInt8], userMode: Bool) {
    var program = Program(bytes: bytes)
    var guest = Guest(userMode: userMode)
    while let request = program.next() {
        guest.backendFails = program.byte() % 8 == 0
        guest.signatures.isGood = program.byte() % 4 != 0
        guest.send(request)
        guest.check()
    }
    guest.saveAndResume()
}

/// A blob: what is read of it is whole, and is read again as it was.
private func fuzzBlob(_ bytes: some Sequence<UInt8>) {
    guard let reading = try? VariableBlob.read(Array(bytes)) else { return }
    let encoded = reading.blob.encoded()
    guard let again = try? VariableBlob.read(encoded) else { preconditionFailure("what we write is refused") }
    precondition(again.blob == reading.blob && again.findings.isEmpty, "what we write is read otherwise")
    for services in [
        VariableServices.start(reading.blob, policy: VariablePolicy()),
        VariableServices.resume(reading.blob, policy: VariablePolicy()), VariableServices.tool(reading.blob),
    ] {
        var guest = Guest(services)
        let blob = guest.services.saveBlob()
        precondition(blob.records.count <= reading.blob.records.count + 9)
        guest.send(VariableRequest.encodeSet(VariableName("T"), .global, .ordinary, [1, 2, 3]))
        _ = guest.services.untrustedKeys(guest.signatures)
    }
}
