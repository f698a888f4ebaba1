// The wire vectors of varstored.md 4, byte for byte, as keys/make has read them from the specification. They want a
// first boot without keys, and a daemon that has not been notified yet.
import Machine

enum Vectors {
    static func run() -> Verdict {
        var judge = Judge()
        var place = Fixture.vectors.start
        while true {
            let text = Piece(&place)
            if text.count == 0 { return judge.verdict("the vectors of section 4", next: .passed) }
            let (request, reply) = (Piece(&place), Piece(&place))
            let buffer = VariableService.buffer
            // What the reply must leave as it is: the bytes behind the longer of the two.
            let end = max(request.count, reply.count)
            Bytewise.fill(32, at: buffer + end, 0xa5)
            Bytewise.copy(request.count, from: request.start, to: buffer)
            VariableService.call()
            var row = Row()
            row.expect(VariableService.status, VariableStatus(rawValue: load64(reply.start)))
            row.expect(Bytewise.areEqual(reply.count, buffer, reply.start))
            row.expect(Bytes.filled(0xa5, count: 32).match(buffer + end))
            judge.tell(row) { $0.ascii(text.start, count: text.count) }
        }
    }

    /// A size in 4 bytes, and as many bytes.
    private struct Piece {
        let start: UInt64
        let count: UInt64

        init(_ place: inout UInt64) {
            count = load32(place)
            start = place + 4
            place = start + count
        }
    }
}
