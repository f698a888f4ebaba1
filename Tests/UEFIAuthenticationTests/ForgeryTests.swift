// What looks like something else: names and key usages that a careless reader takes for others (varstored.md 8.9).
// Not for: broken signatures and chains that are merely missing (ChainTests, RuleTests).

import Testing
import UEFIVariables

@testable import UEFIAuthentication

@Suite("Forgeries")
struct ForgeryTests {
    typealias Sketch = CertificateSketch

    private func matches(_ one: [UInt8], _ other: [UInt8]) throws -> Bool {
        try DistinguishedName(der: one[...]).matches(DistinguishedName(der: other[...]))
    }

    @Test("8.9: a value that is no string is never the string of its own bytes", arguments: [0x40, 0x60] as [UInt8])
    func noString(_ tag: UInt8) throws {
        // [APPLICATION 0] with three bytes, the last a value of its own when it is constructed.
        let value: [UInt8] = tag == 0x40 ? [0x61, 0x62, 0x63] : [0x04, 0x01, 0x63]
        let text = [tag, 0x03] + value
        let foreign = Sketch.name([(10, tag, value)])
        #expect(try matches(foreign, foreign))
        #expect(try !matches(foreign, Sketch.name([(10, 0x0C, text)])))
        #expect(try !matches(foreign, Sketch.name([(10, 0x04, text)])))
    }

    @Test("8.2, 8.9: keyCertSign among the unused bits of keyUsage is not DER, and makes no authority")
    func unusedBits() throws {
        let leaf = Sketch("leaf", TestKeys.leaf)
        for (value, expected) in [
            ([0x02, 0x04], nil), ([0x00, 0x04], nil), ([0x03, 0x04], .chain), ([0x07, 0x84], .chain),
            ([0x01, 0x84, 0x01], .chain), ([0x08, 0x04, 0x00], .chain), ([0x01], .chain), ([], .chain),
        ] as [([UInt8], AuthenticationRefusal?)] {
            var authority = Sketch.authority("Corbel KEK", TestKeys.kek)
            authority.extensions[1] = Sketch.certificateExtension(15, critical: true, DERBytes.value(0x03, value))
            let certificate = try leaf.issued(by: authority).der
            let bytes = try SignedDataSketch(TestKeys.leaf, certificate).bytes(over: content())
            #expect(refusal(bytes, .kek(try authority.der)) == expected, "\(value)")
        }
    }

    @Test(
        "8.11: long names that differ in one letter's case are not compared anew on each of the ways through a clique")
    func longNames() throws {
        func name(_ last: String) -> [UInt8] {
            Sketch.name([(UInt8, UInt8, [UInt8])](repeating: (3, 12, []), count: 260) + [(10, 12, Array(last.utf8))])
        }
        // Eight authorities that have issued each other, 6.9 KB each: 13700 ways that meet no certificate twice.
        var certificates: [[UInt8]] = []
        for serial in 1...8 as ClosedRange<UInt8> {
            var sketch = Sketch.authority("", TestKeys.leaf)
            (sketch.subject, sketch.issuer, sketch.serial) = (name("A"), name("a"), [serial])
            certificates.append(try sketch.der)
        }
        var signedData = SignedDataSketch(TestKeys.leaf, certificates[0])
        signedData.certificates = certificates
        let bytes = try signedData.bytes(over: content())
        let trusted = try Sketch.authority("stranger", TestKeys.stranger).der
        func duration(_ rule: AuthenticationRule, _ expected: AuthenticationRefusal?) -> Duration {
            let durations = (0..<3).map { _ in
                ContinuousClock().measure { #expect(refusal(bytes, rule) == expected) }
            }
            return durations.min() ?? .zero
        }
        // Measured: the search takes as long as reading the certificates does; it took 85 times that.
        let search = duration(.kek(trusted), .chain)
        let reading = duration(.wellFormed, nil)
        #expect(search < reading * 20)
    }

    @Test("8.2, 8.9: numbers of any size in object identifiers are DER; leading zeros and cut numbers are not")
    func objectIdentifiers() throws {
        func entry(_ identifier: [UInt8], critical: Bool = false) -> [UInt8] {
            DERBytes.sequence(
                DERBytes.value(0x06, identifier), critical ? [0x01, 0x01, 0xFF] : [], DERBytes.octets(DERBytes.null))
        }
        // 2.25 and a UUID of 128 bits.
        let large = [0x69, 0x83] + [UInt8](repeating: 0xFF, count: 17) + [0x7F]
        let cases: [([[UInt8]], AuthenticationRefusal?)] = [
            ([entry(large)], nil), ([entry(large, critical: true)], .chain), ([entry(large), entry(large)], .chain),
            ([entry([0x80, 0x01])], .structure(.certificate)), ([entry([0x2A, 0x80, 0x01])], .structure(.certificate)),
            ([entry([0x2A, 0x81])], .structure(.certificate)), ([entry([])], .structure(.certificate)),
            ([entry([0x2A, 0x81, 0x80, 0x01])], nil),
        ]
        for (extensions, expected) in cases {
            var sketch = Sketch("leaf", TestKeys.leaf)
            let plain = try sketch.der
            sketch.extensions = extensions
            let certificate = try sketch.der
            var signedData = SignedDataSketch(TestKeys.leaf, plain)
            signedData.certificates = [certificate]
            #expect(refusal(try signedData.bytes(over: content()), .new) == expected, "\(extensions)")
            let isRead = expected == nil || expected == .chain
            #expect(PKCS7Verifier().certificateByteCount(certificate) == (isRead ? certificate.count : nil))
        }
    }

    @Test("8.9: an authority that is embedded many times does not hide the certificates of KEK that come later")
    func manyTimes() throws {
        let authority = Sketch.authority("Corbel KEK", TestKeys.kek)
        let leaf = try Sketch("leaf", TestKeys.leaf).issued(by: authority).der
        var signedData = SignedDataSketch(TestKeys.leaf, leaf)
        signedData.certificates += try (0..<12).map { _ in try authority.der }
        let bytes = try signedData.bytes(over: content())
        let stranger = try Sketch.authority("stranger", TestKeys.stranger).der
        #expect(refusal(bytes, .kek(stranger, leaf)) == nil)
        #expect(refusal(bytes, .kek(stranger, try authority.der)) == nil)
        #expect(refusal(bytes, .kek(stranger)) == .chain)
    }
}
