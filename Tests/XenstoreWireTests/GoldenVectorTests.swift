// The specification's examples, read and written (xenstored.md 3).

import Testing
import XenstoreWire
import XenstoreVectors

@Suite("Golden vectors")
struct GoldenVectorTests {
    @Test("every operation from 0 to 26 has an example")
    func complete() {
        let operations = goldenVectors.compactMap { header($0.request)?.operation.rawValue }
        #expect(operations.count == goldenVectors.count)
        #expect(Set(operations) == Set(0..<27))
        #expect(goldenVectors.allSatisfy { !$0.replies.isEmpty })
    }

    @Test("requests, replies and events are written as they were read")
    func roundTrip() {
        for vector in goldenVectors {
            for bytes in [vector.request] + vector.replies {
                let found = parse(bytes, pieces: [4112])
                #expect(found.messages.map(\.bytes) == [bytes], "\(vector.name)")
            }
        }
    }

    @Test("each header names its operation as the table does")
    func names() {
        for vector in goldenVectors {
            guard let name = vector.name.split(separator: ",").first?.split(separator: " ").first, name != "with",
                name.allSatisfy({ $0.isUppercase || $0 == "_" }),
                let header = header(vector.request)
            else { continue }
            #expect("\(header.operation.name)" == name)
        }
    }

    @Test("acknowledgements and refusals are the bytes of the examples")
    func replies() throws {
        var acknowledged = 0
        var refused = 0
        for vector in goldenVectors {
            let request = try #require(header(vector.request))
            let reply = try #require(vector.replies.first)
            var writer = XenstoreWriter()
            let text = reply[16...]
            if text.elementsEqual(payload("OK|")) {
                writer.acknowledge(request)
                acknowledged += 1
            } else if reply[0] == 16 {
                writer.refuse(request, errorCode(Array(text)))
                refused += 1
            } else {
                writer.reply(to: request) { $0.put(Array(text)) }
            }
            #expect(writer.bytes == reply, "\(vector.name)")
        }
        #expect(acknowledged >= 15 && refused >= 5)
    }

    @Test("the events of the examples are written from path and token")
    func events() throws {
        var count = 0
        for vector in goldenVectors {
            for bytes in vector.replies.dropFirst() {
                let event = try #require(watchEvent(Array(bytes[16...])))
                var writer = XenstoreWriter()
                let isWritten = put(event, into: &writer)
                #expect(isWritten)
                #expect(writer.bytes == bytes)
                count += 1
            }
        }
        #expect(count == 2)
    }

    @Test("the operations that clients may ask for are 0 to 26 without 15, 16 and 20")
    func requests() {
        let refused = (UInt32(0)...40).filter { !XenstoreOperation(rawValue: $0).isRequest }
        #expect(refused == [15, 16, 20] + Array(27...40))
        #expect(!XenstoreOperation(rawValue: .max).isRequest)
        #expect("\(XenstoreOperation(rawValue: 27).name)" == "UNKNOWN")
    }
}
