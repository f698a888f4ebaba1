// modules: XenstoreWire XenstoreCore
// The stream of a live update from arbitrary bytes: read, restored, and what was restored goes on being a store; what a
// store writes, another one reads, and writes the same.
// Not for: descriptors, programs.

import XenstoreCore
import XenstoreWire

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch first & 3 {
    case 0: check(rest)
    case 1: check(Array("xenstore".utf8) + rest)
    default: check(framed(rest))
    }
    return 0
}

func hold(_ condition: Bool, _ text: StaticString) { precondition(condition, "\(text)") }

/// Right headers and lengths around pieces of the input, `/` before and END behind, so that records are reached.
private func framed(_ bytes: [UInt8]) -> [UInt8] {
    var writer = StateWriter(StateFormat(version: 2))
    writer.put(.connection(StateConnection(id: 1, transport: .socket(descriptor: 3))))
    writer.put(.connection(StateConnection(id: 2, transport: .ring(domain: 5, target: nil, port: 3))))
    writer.put(.node(StateNode(path: Array("/".utf8), entries: [StateEntry(.both, domain: 5)])))
    var stream = writer.bytes
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + 1 + Int(bytes[start] & 127))
        let type: UInt32 = bytes[start] & 15 == 15 ? 0x4342_5458 : UInt32(bytes[start] & 15)
        if type != 0 {
            let body = bytes[(start + 1)..<end]
            for shift in [0, 8, 16, 24] as [UInt32] { stream.append(UInt8(truncatingIfNeeded: type >> shift)) }
            stream += [UInt8(body.count), 0, 0, 0] + body
            while stream.count % 8 != 0 { stream.append(0) }
        }
        start = end
    }
    return stream + [UInt8](repeating: 0, count: 8)
}

private func check(_ stream: [UInt8]) {
    checkRecords(stream)
    guard let (core, state) = restored(stream) else { return }
    use(core, state)
    let first = snapshot(core, state)
    guard let first else { return }
    guard let (other, otherState) = restored(first) else { return hold(false, "what was written is read") }
    hold(otherState.lines.isEmpty, "and nothing of it is left out")
    hold(snapshot(other, otherState) == first, "and is written again as it was")
}

private func checkRecords(_ stream: [UInt8]) {
    guard var reader = try? StateReader(stream) else { return }
    var writer = StateWriter(reader.format)
    var records: [StateRecord] = []
    while let record = try? reader.next() {
        hold(reader.offset <= stream.count, "records lie in the stream")
        if case .unknown = record { continue }
        if record == .badWatch { continue }
        writer.put(record)
        records.append(record)
    }
    guard records.last == .end, var again = try? StateReader(writer.bytes) else { return }
    for record in records { hold((try? again.next()) == record, "a record is written as it was read") }
}

private func restored(_ stream: [UInt8]) -> (XenstoreCore, RestoredState)? {
    let core = XenstoreCore { $0 & 1 == 1 ? UInt64($0) : nil }
    var effects: [Effect] = []
    guard let state = try? core.restore(stream, now: 5, into: &effects) else { return nil }
    return (core, state)
}

/// A few requests of every client: no state makes them trap.
private func use(_ core: XenstoreCore, _ state: RestoredState) {
    var effects: [Effect] = []
    for client in state.clients.prefix(8) {
        for (operation, text) in [
            (XenstoreOperation.directory, "/\0"), (.write, "/a/b\0c"), (.remove, "/a\0"), (.transactionEnd, "T\0"),
            (.getPermissions, "@releaseDomain\0"), (.watch, "/\0t\0"),
        ] {
            let payload = Array(text.utf8)
            for transaction in 0...2 as ClosedRange<UInt32> {
                let header = XenstoreHeader(
                    operation, requestID: 1, transactionID: transaction, payloadByteCount: UInt32(payload.count))
                core.handle(client.id, header, payload.span, now: 6, into: &effects)
            }
        }
    }
    core.tick(now: 100, into: &effects)
}

private func snapshot(_ core: XenstoreCore, _ state: RestoredState) -> [UInt8]? {
    var outline = StateOutline()
    outline.clients = state.clients
    var effects: [Effect] = []
    core.settle(now: 200, into: &effects)
    return try? core.snapshot(outline, now: 200)
}
