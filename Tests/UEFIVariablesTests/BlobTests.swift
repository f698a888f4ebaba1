// The blob: golden bytes, what is refused, put aside and repaired. Source: varstored.md 11.

import Testing
import UEFIVariables

@Suite("Blob") struct BlobTests {
    static let example: [UInt8] = {
        var bytes = hex("5641525302000000 0100000000000000 5900000000000000")
        bytes += [UInt8](repeating: 0, count: 268)
        bytes += hex("0200000000000000 5400 0300000000000000 616263 33221100554477668899aabbccddeeff 07000000")
        return bytes + [UInt8](repeating: 0, count: 48)
    }()

    @Test("180: the blob of 11.2 decodes to T = abc and encodes to the same bytes") func example() throws {
        #expect(Self.example.count == 381)
        let reading = try VariableBlob.read(Self.example)
        #expect(reading.findings.isEmpty)
        #expect(reading.blob.records == [VariableRecord.t("abc")])
        #expect(reading.blob.encoded() == Self.example)
    }
}
