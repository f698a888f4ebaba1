// The descriptor, times and private variables, with fake signatures. Source: varstored.md 7; rows 106 to 120 and 144.
// Not for: PKCS#7 itself (rows 121 to 143; UEFIAuthenticationTests).

import Testing
import UEFIVariables

@Suite("Authentication without PKCS#7") struct DescriptorTests {
    @Test("106 and 107: vector 4.1 asks for exactly its bytes, and is stale when sent again") func vector() throws {
        var guest = Guest()
        let digest = try #require(
            SignerDigest(bytes: hex("94a1d957d939037bf85e0a6c8508ca02e39025c7768fc07482869df27546b95e")))
        guest.authenticator.verdict = .accepted(digest: digest)
        #expect(guest.status(signedPrivateVariable) == 0)
        let asked = try #require(guest.authenticator.asked.last)
        #expect(asked.signedData.count == 1043 && asked.rule == .selfAnchored(bound: nil))
        let signed = hex("4100 33221100554477668899aabbccddeeff 27000000 ea0701020304050000000000000000 00 64617461")
        #expect(Array(asked.content.joined()) == signed)
        let record = try #require(guest.services.store.record(VariableName("A"), .t))
        #expect(record.data == Array("data".utf8) && record.digest == digest && record.attributes == .key)
        #expect(record.timestamp == later)
        #expect(guest.status(signedPrivateVariable) == 0x1A)
        #expect(guest.authenticator.asked.count == 1, "a stale time is found before any signature")
    }

    /// A guest that has private variable A, signed by the platform's certificate.
    static var withA: Guest {
        var guest = Guest()
        #expect(guest.sign(.a, [1, 2], by: .platform) == 0)
        return guest
    }

    @Test("108: an update one second later is taken") func update() {
        var guest = Self.withA
        let next = EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 6)
        #expect(guest.sign(.a, [3], by: .platform, at: next) == 0)
        #expect(guest.data(.a) == [3] && guest.time(.a) == next)
    }

    @Test("109: an older time is a SECURITY_VIOLATION, whichever field is older") func older() {
        var guest = Self.withA
        let times = [
            EFITime(year: 2025, month: 12, day: 31, hour: 23, minute: 59, second: 59),
            EFITime(year: 2026, month: 1, day: 1, hour: 23, minute: 59, second: 59),
            EFITime(year: 2026, month: 1, day: 2, hour: 2, minute: 59, second: 59),
            EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 3, second: 59),
            EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 4), later,
        ]
        for time in times { #expect(guest.sign(.a, [3], by: .platform, at: time) == 0x1A) }
        #expect(guest.data(.a) == [1, 2])
    }

    @Test("110: an append may be older, and the stored time stays the later one") func append() {
        var guest = Self.withA
        #expect(guest.sign(.a, [3], by: .platform, at: EFITime(year: 2001, month: 1, day: 1), 0x67) == 0)
        #expect(guest.data(.a) == [1, 2, 3] && guest.time(.a) == later)
        #expect(guest.sign(.a, [4], by: .platform, at: .minutes(9), 0x67) == 0)
        #expect(guest.data(.a) == [1, 2, 3, 4] && guest.time(.a) == .minutes(9))
    }

    @Test("111: the append bit is signed too") func appendSignedWithout() {
        var guest = Self.withA
        let data = signed(.a, [3], by: .platform, at: .minutes(1), 0x27)
        #expect(guest.set(.a, 0x67, data) == 0x1A)
    }

    @Test("112: another signer is a SECURITY_VIOLATION") func otherSigner() {
        var guest = Self.withA
        #expect(guest.sign(.a, [3], by: .stranger, at: .minutes(1)) == 0x1A)
        #expect(guest.sign(.a, [3], by: .stranger, at: .minutes(1), 0x67) == 0x1A)
        #expect(guest.sign(.a, [], by: .stranger, at: .minutes(1)) == 0x1A)
    }

    @Test("113: without authentication it is INVALID_PARAMETER") func plain() {
        var guest = Self.withA
        #expect(guest.set(.a, 7, [3]) == 0x02)
        #expect(guest.set(.a, 7, []) == 0x02)
        #expect(guest.set(.a, 0x47, [3]) == 0x02)
    }

    @Test("112: its signer deletes it by an empty payload") func delete() {
        var guest = Self.withA
        #expect(guest.sign(.a, [], by: .platform, at: .minutes(1)) == 0)
        #expect(guest.data(.a) == nil)
        #expect(guest.sign(.a, [], by: .platform, at: .minutes(2)) == 0x0E)
        #expect(guest.sign(.a, [9], by: .stranger, at: .minutes(3)) == 0, "who comes next may make it anew")
    }

    @Test("114: a descriptor of every length below 40 is a SECURITY_VIOLATION", arguments: 1..<40) func cut(
        _ count: Int
    ) {
        var guest = Guest()
        let data = Array(descriptor(later, [], []).prefix(count))
        for named in Named.keys + [.a] { #expect(guest.set(named, data) == 0x1A) }
        #expect(guest.authenticator.asked.isEmpty)
    }

    @Test("115: dwLength below 24 or beyond the data is a SECURITY_VIOLATION") func lengths() {
        let good = descriptor(later, [], hashes(1))
        for length in [0, 23, UInt32(good.count - 15), 0x7FFF_FFFF, 0xFFFF_FFFF] {
            var guest = Guest()
            var data = good
            for byte in 0..<4 { data[16 + byte] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(byte))) }
            #expect(guest.set(.db, data) == 0x1A, "\(length)")
        }
        var guest = Guest()
        #expect(guest.set(.db, good) == 0)
        var whole = good
        whole[16] = UInt8(good.count - 16)
        #expect(guest.set(.dbx, whole) == 0x0E, "all of it is CertData: the payload is empty")
    }

    @Test("116: another certificate type or GUID is a SECURITY_VIOLATION") func types() {
        for place in [22, 23, 24, 31, 32, 39] {
            var guest = Guest()
            var data = descriptor(later, [], hashes(1))
            data[place] ^= 1
            #expect(guest.set(.db, data) == 0x1A)
        }
    }

    @Test("117: any revision is taken") func revision() {
        var guest = Guest()
        var data = descriptor(later, [], hashes(1))
        data[21] = 0
        #expect(guest.set(.db, data) == 0)
    }

    @Test("118: a field of the time that is to be 0 and is not is a SECURITY_VIOLATION", arguments: 7..<16)
    func time(_ place: Int) {
        var guest = Guest()
        var data = descriptor(later, [], hashes(1))
        data[place] = 1
        #expect(guest.set(.db, data) == 0x1A)
    }

    @Test("119 and 120: payload, name, GUID, attributes and time are signed") func content() {
        var guest = Guest()
        var data = signed(.a, [1, 2], by: .platform)
        data[data.count - 1] ^= 1
        #expect(guest.set(.a, data) == 0x1A)
        #expect(guest.set(.a, signed(Named(name: "B", guid: .t), [1], by: .platform)) == 0x1A)
        #expect(guest.set(.a, signed(Named(name: "A", guid: .global), [1], by: .platform)) == 0x1A)
        #expect(guest.set(.a, signed(.a, [1], by: .platform, 0x26)) == 0x1A)
        data = signed(.a, [1], by: .platform)
        data[6] ^= 1
        #expect(guest.set(.a, data) == 0x1A)
        #expect(guest.set(.a, signed(.a, [1], by: .platform)) == 0)
    }

    @Test("106: a private variable may have other attributes, which stay") func otherAttributes() {
        var guest = Guest()
        #expect(guest.sign(.a, [1], by: .platform, 0x22) == 0)
        #expect(guest.get("A").attributes == 0x22 && guest.writes == 0)
        #expect(guest.sign(.a, [1], by: .platform, at: .minutes(1), 0x27) == 0x02)
    }

    @Test("144: permissive: another signer is bound") func rebind() {
        var guest = Guest(VariablePolicy(enforcing: false))
        #expect(guest.sign(.a, [1], by: .platform) == 0)
        #expect(guest.sign(.a, [1], by: .stranger) == 0)
        let digest = guest.services.store.record(VariableName("A"), .t)?.digest
        #expect(digest == FakeSignature.digest(.stranger) && guest.writes == 2)
        #expect(guest.set(.a, descriptor(.minutes(1), [], [2])) == 0x1A, "a signature is needed all the same")
    }

    @Test("a tool deletes a private variable without a signature, and does no more without one") func tool() throws {
        let blob = try VariableBlob.read(Self.withA.services.backendBlob()).blob
        var tool = Guest(.tool(blob))
        #expect(tool.set(.a, descriptor(.zero, [], [5])) == 0x1A)
        #expect(tool.set(.a, descriptor(.zero, [], [])) == 0)
        #expect(tool.data(.a) == nil && tool.writes == 1)
    }

    @Test("a refused change of any kind leaves everything, the time too") func refused() {
        var guest = Self.withA
        let before = guest.services.store.records
        guest.authenticator.verdict = .refused
        for attributes in [0x27, 0x67] as [UInt32] {
            #expect(guest.sign(.a, [3], by: .platform, at: .minutes(1), attributes) == 0x1A)
            #expect(guest.sign(.a, [], by: .platform, at: .minutes(1), attributes) == 0x1A)
        }
        #expect(guest.services.store.records == before)
    }
}
