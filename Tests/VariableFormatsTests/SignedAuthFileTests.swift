// Auth files that UEFIAuthentication's signer signs, before the guest's own rules (varstored.md 7, 16.3).

import Testing
import UEFIAuthentication
import UEFIVariables

@testable import VariableFormats

@Suite("Signed auth files")
struct SignedAuthFileTests {
    private func signer(_ form: SignedDataWriter.Form) throws -> SignedDataWriter {
        var writer = SignedDataWriter()
        writer.form = form
        try writer.addSigner(TestSigner.key, certificate: TestSigner.certificate)
        return writer
    }

    @Test("a PK that signs itself, as a file and read back, ends setup mode; bare and wrapped")
    func enrolled() throws {
        let payload = SignatureLists.list(of: .x509, [(owner: .t, data: TestSigner.certificate)])
        for form in [SignedDataWriter.Form.bare, .wrapped] {
            let written = try AuthFile(
                name: VariableName("PK"), guid: .global, attributes: .key, time: EFITime(year: 2026, month: 1, day: 2),
                payload: payload, signer: try signer(form))
            let file = try AuthFile(written.encoded())
            #expect(file == written)
            var services = VariableServices.start(nil, policy: VariablePolicy())
            let request = VariableRequest.encodeSet(VariableName("PK"), .global, .key, file.encoded())
            let plan = services.decide(request.span, PKCS7Verifier())
            #expect(services.complete(plan).status == .success)
            #expect(services.store.record(VariableName("SetupMode"), .global)?.data == [0])
        }
    }

    @Test("a file that was signed for 0x27 is refused when it is appended, and the other way round")
    func otherAttributes() throws {
        for (signed, sent) in [(0x27, 0x67), (0x67, 0x27)] as [(UInt32, UInt32)] {
            let file = try AuthFile(
                name: VariableName("A"), guid: .t, attributes: VariableAttributes(signed),
                time: EFITime(year: 2026, month: 1, day: 2), payload: [1], signer: try signer(.bare))
            var services = VariableServices.start(nil, policy: VariablePolicy())
            for (attributes, status) in [(sent, VariableStatus.securityViolation), (signed, .success)] {
                let request = VariableRequest.encodeSet(
                    VariableName("A"), .t, VariableAttributes(attributes), file.encoded())
                #expect(services.complete(services.decide(request.span, PKCS7Verifier())).status == status)
            }
        }
    }

    @Test("the real rules tell certificates: a list of others is refused, a store with ours comes back from JSON")
    func realCertificates() throws {
        let pk = VariableRecord.named(
            "PK", .global, .key, SignatureLists.list(of: .x509, [(owner: .t, data: TestSigner.certificate)]))
        let rules = ImportRules(authenticator: PKCS7Verifier())
        let file = try VariableFile(try VariableFile.encode([pk], as: .json).bytes)
        #expect(try rules.records(of: file.variables).records == [pk])
        var broken = pk
        broken.data[28 + 16 + 40] ^= 0x80
        broken.data[28 + 16] = 0x31
        #expect(throws: FormatError(.signatureLists, at: 0)) { try rules.records(of: [ForeignVariable(broken, at: 0)]) }
    }
}
