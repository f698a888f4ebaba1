// What the signer makes, the verifier accepts; and the library keeps DER away from C.

import Foundation
import Testing
import UEFIVariables

@testable import UEFIAuthentication

@Suite("The signer")
struct SignerTests {
    let certificate: [UInt8]

    init() throws { certificate = try CertificateSketch("signer", TestKeys.leaf).der }

    @Test(
        "bare or wrapped, with signed attributes or without: accepted as a request",
        arguments: [SignedDataWriter.Form.bare, .wrapped], [false, true])
    func forms(_ form: SignedDataWriter.Form, _ hasAttributes: Bool) throws {
        var signer = try AuthenticationSigner(key: TestKeys.leaf, certificate: certificate, form: form)
        signer.writer.hasSignedAttributes = hasAttributes
        let data = try signer.data(
            name: VariableName("A"), guid: variableT, attributes: .key, time: time2026, payload: [1, 2])
        var guest = Guest()
        #expect(guest.set(.a, data) == 0)
        #expect(guest.record(.a)?.data == [1, 2])
        #expect((data[44...45] == [0x06, 0x09]) == (form == .wrapped))
    }

    @Test("an unsigned descriptor is the one of varstored.md 14.4")
    func unsignedDescriptor() {
        let time = EFITime(year: 2025, month: 7, day: 29, hour: 14, minute: 22)
        let text = AuthenticationSigner.data(time: time, payload: []).map { String(format: "%02x", $0) }.joined()
        #expect(text == "e907071d0e1600000000000000000000180000000002f10e9dd2af4adf68ee498aa9347d375665a7")
    }

    @Test("two signers and an intermediate certificate: each certificate is embedded once, and all is accepted")
    func several() throws {
        let root = CertificateSketch.authority("root", TestKeys.kek)
        let middle = CertificateSketch.authority("middle", TestKeys.intermediate).issued(by: root)
        let one = try CertificateSketch("one", TestKeys.leaf).issued(by: middle).der
        let two = try CertificateSketch("two", TestKeys.stranger).issued(by: root).der
        var writer = SignedDataWriter()
        try writer.addSigner(TestKeys.leaf, certificate: one)
        try writer.addSigner(TestKeys.stranger, certificate: two)
        try writer.addCertificate(try middle.der)
        try writer.addCertificate(one)
        let bytes = try writer.bytes(over: content())
        #expect(try SignedData(bytes[...], allowed: [.sha256]).certificates.count == 3)
        #expect(refusal(bytes, .kek(try root.der)) == nil)
    }

    @Test("a key that is not the certificate's is refused, and so is a certificate that is none")
    func mismatch() {
        #expect(throws: AuthenticationRefusal.key) {
            try AuthenticationSigner(key: TestKeys.stranger, certificate: certificate)
        }
        #expect(throws: AuthenticationRefusal.self) {
            try AuthenticationSigner(key: TestKeys.leaf, certificate: [0x30, 0x00])
        }
    }

    @Test("a key from integers that do not belong together is refused, and so is DER that is no RSA key")
    func keys() {
        #expect(throws: AuthenticationRefusal.key) {
            try RSASigningKey(
                modulus: TestKeys.leaf.modulus, exponent: [1, 0, 1], privateExponent: [3], prime1: [5], prime2: [7])
        }
        #expect(throws: AuthenticationRefusal.key) { try RSASigningKey.generated(bits: 1024) }
        #expect(throws: AuthenticationRefusal.encoding) { try RSASigningKey(der: [1, 2]) }
        let ec = DERBytes.sequence(
            DERBytes.integer(0),
            DERBytes.sequence(DERBytes.value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]), DERBytes.null),
            DERBytes.octets(DERBytes.sequence()))
        #expect(throws: AuthenticationRefusal.key) { try RSASigningKey(der: ec) }
    }
}

@Suite("What authentication is made of")
struct SourceTests {
    @Test("no source of ours uses swift-crypto's DER and PEM initialisers: they lead to a parser in C")
    func sources() throws {
        let sources = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            guard text.contains("import Crypto") || text.contains("CryptoExtras") else { continue }
            count += 1
            for banned in ["derRepresentation", "pemRepresentation", "x963Representation", "PEMDocument"] {
                #expect(
                    text.range(of: banned, options: .caseInsensitive) == nil, "\(file.lastPathComponent): \(banned)")
            }
        }
        #expect(count >= 3)
    }
}
