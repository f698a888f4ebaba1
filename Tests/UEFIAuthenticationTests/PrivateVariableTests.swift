// Private authenticated variables from request to status: descriptor, time, signature, binding (varstored.md 7).

import Testing
import UEFIVariables

@testable import UEFIAuthentication

@Suite("Private authenticated variables")
struct PrivateVariableTests {
    static let certificate = Result { try CertificateSketch("Corbel T", TestKeys.leaf).der }
    let signer: SignedDataSketch
    var guest = Guest()

    init() throws { signer = SignedDataSketch(TestKeys.leaf, try Self.certificate.get()) }

    /// A guest with variable A, made by the signer.
    func made() throws -> Guest {
        var guest = guest
        #expect(guest.set(.a, try signer.data(.a, [1])) == 0)
        return guest
    }

    @Test("106: the vector 4.1 makes the variable, with the digest that the specification gives; 107: not twice")
    func vector() throws {
        let request = Vectors.request
        #expect(MessageDigest(.sha256, of: [request[...]]).bytes == Vectors.requestSHA256)
        var services = VariableServices.start(nil, policy: VariablePolicy())
        let verifier = PKCS7Verifier()
        let plan = services.decide(request.span, verifier)
        #expect(services.complete(plan).status == .success)
        let record = try #require(services.store.record(VariableName("A"), variableT))
        #expect(record.data == Array("data".utf8))
        #expect(record.attributes == .key)
        #expect(record.timestamp == time2026)
        #expect(record.digest.bytes == Vectors.digest)
        let again = services.decide(request.span, verifier)
        #expect(services.complete(again).status == .securityViolation)
        #expect(verifier.verificationCount == 1)
    }

    @Test("119: the vector 4.1 with one byte of its signed part changed is refused, wherever it is")
    func changedVector() {
        // Name, GUID, time, payload, attributes: what the signature covers. 18 to 51: name and GUID and a length.
        let request = Vectors.request
        let places = [16, 17] + Array(18..<34) + Array(42..<49) + [1125, 1126, 1127, 1128]
        for place in places {
            var changed = request
            changed[place] ^= 0x04
            var services = VariableServices.start(nil, policy: VariablePolicy())
            let plan = services.decide(changed.span, PKCS7Verifier())
            #expect(services.complete(plan).status == .securityViolation, "byte \(place)")
        }
    }

    @Test("108: an update a second later, wrapped; 109: one with an older or the same time is refused")
    func update() throws {
        var guest = try made()
        var wrapped = signer
        wrapped.isWrapped = true
        var later = EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 6)
        #expect(guest.set(.a, try wrapped.data(.a, [2], at: later)) == 0)
        #expect(guest.record(.a)?.data == [2])
        #expect(guest.record(.a)?.timestamp == later)
        #expect(guest.set(.a, try signer.data(.a, [3], at: later)) == 0x1A)
        later = EFITime(year: 2025, month: 12, day: 31)
        #expect(guest.set(.a, try signer.data(.a, [3], at: later)) == 0x1A)
        #expect(guest.record(.a)?.data == [2])
    }

    @Test("110: an append with an older time is accepted and leaves the time; 111: signed for 0x27 it is refused")
    func append() throws {
        var guest = try made()
        let earlier = EFITime(year: 2001, month: 1, day: 1)
        let appending = VariableAttributes(0x67)
        #expect(
            guest.set(.a, try signer.data(.a, [2], attributes: appending, at: earlier), attributes: appending) == 0)
        #expect(guest.record(.a)?.data == [1, 2])
        #expect(guest.record(.a)?.timestamp == time2026)
        #expect(guest.set(.a, try signer.data(.a, [3]), attributes: appending) == 0x1A)
    }

    @Test("112: another certificate can't update it; 113: nor can a plain write")
    func others() throws {
        var guest = try made()
        let stranger = SignedDataSketch(TestKeys.stranger, try CertificateSketch("Corbel T", TestKeys.stranger).der)
        #expect(guest.set(.a, try stranger.data(.a, [2], at: year(1))) == 0x1A)
        #expect(guest.set(.a, [2], attributes: .ordinary) == 0x02)
        #expect(guest.record(.a)?.data == [1])
    }

    @Test("an empty payload, signed and later, deletes it; another's does not")
    func delete() throws {
        var guest = try made()
        let stranger = SignedDataSketch(TestKeys.stranger, try CertificateSketch("Corbel T", TestKeys.stranger).der)
        #expect(guest.set(.a, try stranger.data(.a, [], at: year(1))) == 0x1A)
        #expect(guest.set(.a, try signer.data(.a, [], at: year(1))) == 0)
        #expect(guest.record(.a) == nil)
    }

    @Test("114: data of 39 bytes is refused, and so is 115: dwLength 23, 0, 0xFFFFFFFF or beyond the data")
    func lengths() throws {
        var guest = guest
        #expect(guest.set(.a, Array(unsigned([]).prefix(39))) == 0x1A)
        let data = try signer.data(.a, [1])
        let right = UInt32(data.count - 1 - 16)
        for length in [23, 0, 0xFFFF_FFFF, right + 2, right + 1, right - 1] as [UInt32] {
            var changed = data
            for index in 0..<4 { changed[16 + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
            #expect(guest.set(.a, changed) == 0x1A)
        }
        #expect(guest.set(.a, data) == 0)
    }

    @Test("116: another certificate type is refused; 117: wRevision is not looked at")
    func types() throws {
        var guest = guest
        let data = try signer.data(.a, [1])
        for (place, value) in [(22, 2), (23, 0), (24, 0), (39, 0)] as [(Int, UInt8)] {
            var changed = data
            changed[place] = value
            #expect(guest.set(.a, changed) == 0x1A)
        }
        var changed = data
        changed[20] = 0
        changed[21] = 0
        #expect(guest.set(.a, changed) == 0)
    }

    @Test("118: pad1, nanosecond, timezone, daylight and pad2 are 0", arguments: 7..<16)
    func pads(_ place: Int) throws {
        var guest = guest
        var time = time2026.bytes
        time[place] = 1
        let signedTime = try #require(EFITime(bytes: time))
        #expect(guest.set(.a, try signer.data(.a, [1], at: signedTime)) == 0x1A)
    }

    @Test("120: a signature for another name, GUID or attributes is refused")
    func elsewhere() throws {
        var guest = guest
        let data = try signer.data(.a, [1])
        #expect(guest.set(Variable("B", variableT), data) == 0x1A)
        #expect(guest.set(Variable("A", .global), data) == 0x1A)
        #expect(guest.set(.a, data, attributes: VariableAttributes(0x23)) == 0x1A)
        #expect(guest.set(.a, data) == 0)
    }

    @Test("144: permissive, a re-signed variable belongs to its new signer; unsigned it stays as it is")
    func permissive() throws {
        var guest = Guest(policy: VariablePolicy(enforcing: false))
        #expect(guest.set(.a, try signer.data(.a, [1])) == 0)
        let first = guest.record(.a)?.digest
        let stranger = SignedDataSketch(TestKeys.stranger, try CertificateSketch("S", TestKeys.stranger).der)
        let earlier = EFITime(year: 2001, month: 1, day: 1)
        #expect(guest.set(.a, try stranger.data(.a, [2], at: earlier)) == 0)
        #expect(guest.record(.a)?.data == [2])
        #expect(guest.record(.a)?.digest != first)
        #expect(guest.set(.a, unsigned([3], at: year(1))) == 0x1A)
    }
}
