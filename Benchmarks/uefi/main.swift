// How long the variable services take for a request, on private memory: no guest, no backend, no signatures.
// Prints a line for each figure: NAME VALUE. Not for: signed changes (they are UEFIAuthentication's time).

import CSpawn
import SystemCalls
import UEFIVariables

/// No signature is checked here.
private final class NoSignatures: VariableAuthenticator {
    let verificationCount = 0
    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict { .refused }
    func certificateByteCount(_ entry: [UInt8]) -> Int? { nil }
}

/// A guest with so many variables of its own, and a daemon's buffer.
private struct Service {
    var services = VariableServices.start(nil, policy: VariablePolicy())
    private let signatures = NoSignatures()

    init(variables: Int) {
        var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
        for number in 0..<variables {
            run(
                VariableRequest.encodeSet(Self.name(number), .global, .ordinary, [UInt8](repeating: 1, count: 8)),
                into: &buffer)
        }
    }

    static func name(_ number: Int) -> VariableName { VariableName("Boot\(1000 + number)") }

    /// A request from its bytes to the bytes of its reply; the backend is taken to succeed at once.
    @discardableResult
    mutating func run(_ request: [UInt8], into buffer: inout [UInt8]) -> Int {
        let plan = services.decide(request.span, signatures)
        let reply = services.complete(plan)
        var span = buffer.mutableSpan
        return services.store.encode(reply, into: &span)
    }

    /// From the first variable to the last.
    mutating func enumerate() -> Int {
        var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
        var count = 0
        var request = VariableRequest.encodeNext(after: VariableName(""), .global, room: 4098)
        while run(request, into: &buffer) > 8 {
            count += 1
            let name = Int(buffer[8])
            let guid = buffer[(16 + name)..<(32 + name)]
            request = Array(request[..<16]) + buffer[8..<(16 + name)] + guid + [0]
        }
        return count
    }
}

private func report(_ name: String, _ value: Double) {
    try? StandardStream.output.write("\(name) \(value)\n")
}

/// The best of five times: nanoseconds of processor time that each of `count` turns takes.
private func nanosecondsEach(_ count: Int, _ body: () -> Void) -> Double {
    (0..<5).map { _ in
        let start = corbel_bench_processor_time()
        body()
        return Double(corbel_bench_processor_time() - start) / Double(count)
    }.min() ?? 0
}

private func measureGet() {
    var service = Service(variables: 250)
    var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
    let requests = (0..<250).map { VariableRequest.encodeGet(Service.name($0), .global, room: 4096) }
    let before = corbel_bench_allocations()
    let time = nanosecondsEach(400 * 250) {
        for _ in 0..<400 { for request in requests { service.run(request, into: &buffer) } }
    }
    let allocations = corbel_bench_allocations() - before
    report("get-250", time)
    report("get-250-allocations", Double(allocations) / Double(2000 * 250))
}

private func measureSet() {
    var service = Service(variables: 250)
    var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
    let requests = (0..<500).map { number in
        let value = [UInt8](repeating: number < 250 ? 2 : 3, count: 8)
        return VariableRequest.encodeSet(Service.name(number % 250), .global, .ordinary, value)
    }
    let before = corbel_bench_allocations()
    let time = nanosecondsEach(200 * 500) {
        for _ in 0..<200 { for request in requests { service.run(request, into: &buffer) } }
    }
    report("set-250", time)
    report("set-250-allocations", Double(corbel_bench_allocations() - before) / Double(1000 * 500))
}

private func measureEnumeration() {
    for count in [125, 250, 500, 840] {
        var service = Service(variables: count)
        var found = 0
        let time = nanosecondsEach(20 * count) { for _ in 0..<20 { found = service.enumerate() } }
        report("next-\(count)", found == count + 9 ? time : .infinity)
    }
}

/// An append of hashes that are not there, to a dbx in setup mode, where no signature is looked at.
private func measureAppend() {
    for count in [111, 222, 443] {
        let entries = (0..<count).map { number in
            (VendorGUID.global, (0..<32).map { UInt8(truncatingIfNeeded: number &* 31 &>> ($0 & 1 &* 8)) })
        }
        let list = SignatureLists.list(of: .sha256, entries)
        let time: [UInt8] = [0xE9, 7, 7, 29, 14, 22] + [UInt8](repeating: 0, count: 10)
        let descriptor = time + [24, 0, 0, 0, 0, 2, 0xF1, 0x0E] + VendorGUID.pkcs7.bytes
        let append = VariableRequest.encodeSet(
            VariableName("dbx"), .imageSecurity, VariableAttributes(0x67), descriptor + list)
        var service = Service(variables: 9)
        var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
        service.run(append, into: &buffer)
        report("append-known-\(count)", nanosecondsEach(50) { for _ in 0..<50 { service.run(append, into: &buffer) } })
    }
}

measureGet()
measureSet()
measureEnumeration()
measureAppend()
