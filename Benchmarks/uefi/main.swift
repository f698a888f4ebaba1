// How long the variable services take for a request, on private memory: no guest, no backend, no signatures; and what
// the device around them takes (Commands.swift).
//     corbel-uefi-bench ROUNDS        a line for each measurement: name, value
// Benchmarks/uefi.awk makes a table of it. Not for: signed changes (SignedAppend.swift).

import CSpawn
import SystemCalls
import UEFIVariables

/// No signature is checked here.
final class NoSignatures: VariableAuthenticator {
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

func report(_ name: String, _ value: Double) {
    try? StandardStream.output.write("\(name) \(value)\n")
}

/// Nanoseconds of processor time that each of `count` turns takes.
func nanosecondsEach(_ count: Int, _ body: () -> Void) -> Double {
    let start = corbel_bench_processor_time()
    body()
    return Double(corbel_bench_processor_time() - start) / Double(count)
}

private func measureGet() {
    var service = Service(variables: 250)
    var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
    let requests = (0..<250).map { VariableRequest.encodeGet(Service.name($0), .global, room: 4096) }
    var allocations: UInt64 = 0
    let time = nanosecondsEach(400 * 250) {
        let before = corbel_bench_allocations()
        for _ in 0..<400 { for request in requests { service.run(request, into: &buffer) } }
        allocations = corbel_bench_allocations() - before
    }
    report("get-250-ns", time)
    report("get-250-allocations", Double(allocations) / Double(400 * 250))
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
    report("set-250-ns", time)
    report("set-250-allocations", Double(corbel_bench_allocations() - before) / Double(200 * 500))
}

private func measureEnumeration() {
    var times: [Double] = []
    for count in [125, 250, 500, 840] {
        var service = Service(variables: count)
        var found = 0
        times.append(nanosecondsEach(20 * count) { for _ in 0..<20 { found = service.enumerate() } })
        // All of them, and those that every guest has.
        if found != count + 9 { times[times.count - 1] = .infinity }
        report("next-\(count)-ns", times[times.count - 1])
    }
    report("next-growth", times[times.count - 1] / times[0])
}

/// An append of hashes that are there already, in setup mode, where no signature is looked at.
private func measureFilter() {
    var times: [Double] = []
    let counts = [111, 222, 443]
    for count in counts {
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
        times.append(nanosecondsEach(50) { for _ in 0..<50 { service.run(append, into: &buffer) } })
        report("known-\(count)-ns", times[times.count - 1])
    }
    report(
        "known-growth",
        times[times.count - 1] / Double(counts[counts.count - 1]) / (times[0] / Double(counts[0])))
}

private func run(rounds: Int) throws {
    let append = try SignedAppend(hashes: 443)
    for _ in 0..<rounds {
        measureGet()
        measureSet()
        measureEnumeration()
        measureFilter()
        report("dbx-append-ns", try append.measure())
        try CommandBench().measure()
    }
}

do {
    guard CommandLine.arguments.count == 2, let rounds = Int(CommandLine.arguments[1]), rounds > 0 else {
        throw BenchmarkFailure(description: "usage: corbel-uefi-bench ROUNDS")
    }
    try run(rounds: rounds)
} catch {
    try? StandardStream.error.write("corbel-uefi-bench: \(error)\n")
    exitProgram(1)
}
