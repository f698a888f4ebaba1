// Auth files (varstored.md 7, 14.4, 16.3): the descriptor, who signs what, every truncation.

import Testing
import UEFIVariables

@testable import VariableFormats

/// Signs with what it was given to sign.
private struct Echo: PayloadSigner {
    func signedData(over pieces: [[UInt8]]) throws(FormatError) -> [UInt8] { Array(pieces.joined()) }
}

private struct Refusing: PayloadSigner {
    struct NoKey: Error {}
    func signedData(over pieces: [[UInt8]]) throws(NoKey) -> [UInt8] { throw NoKey() }
}

@Suite("Auth files")
struct AuthFileTests {
    @Test("the unsigned descriptor of 14.4 is written so and read back, with an empty payload and with one")
    func golden() throws {
        let descriptor = hex("e907071d0e1600000000000000000000 18000000 0002 f10e 9dd2af4adf68ee498aa9347d375665a7")
        let time = EFITime(year: 2025, month: 7, day: 29, hour: 14, minute: 22)
        for payload in [[], [1, 2, 3]] as [[UInt8]] {
            let file = AuthFile(time: time, payload: payload)
            #expect(file.encoded() == descriptor + payload)
            #expect(try AuthFile(descriptor + payload) == file)
        }
        #expect(AuthFile.looksLike(descriptor))
        #expect(!AuthFile.looksLike(SignatureLists.list(of: .sha256, [(owner: .t, data: hex("00"))])))
    }

    @Test("name, GUID, attributes, time and payload are what is signed, as in the vector of section 4")
    func signed() throws {
        let file = try AuthFile(
            name: VariableName("A"), guid: .t, attributes: .key,
            time: EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5), payload: Array("data".utf8),
            signer: Echo())
        let signed = hex("4100 33221100554477668899aabbccddeeff 27000000 ea070102030405000000000000000000 64617461")
        #expect(file.signedData == signed)
        #expect(try AuthFile(file.encoded()) == file)
        #expect(throws: Refusing.NoKey.self) {
            try AuthFile(
                name: VariableName("A"), guid: .t, attributes: .key, time: .zero, payload: [], signer: Refusing())
        }
    }

    @Test("wRevision isn't looked at; type, GUID, lengths and the fields that are zero are")
    func fields() throws {
        let bytes = AuthFile(time: EFITime(year: 2026, month: 1, day: 2), signedData: [9, 9], payload: [1]).encoded()
        func changed(_ offset: Int, _ value: UInt8) -> [UInt8] {
            var bytes = bytes
            bytes[offset] = value
            return bytes
        }
        #expect(try AuthFile(changed(20, 7)).payload == [1])
        for (offset, value) in [(7, 1), (8, 1), (12, 1), (14, 1), (15, 1)] as [(Int, UInt8)] {
            #expect(throws: FormatError(.descriptor, at: 0)) { try AuthFile(changed(offset, value)) }
        }
        #expect(throws: FormatError(.descriptor, at: 22)) { try AuthFile(changed(22, 0xF0)) }
        #expect(throws: FormatError(.descriptor, at: 24)) { try AuthFile(changed(39, 0)) }
        for (offset, value) in [(16, 23), (16, 0), (16, 28), (19, 0xFF)] as [(Int, UInt8)] {
            #expect(throws: FormatError(.descriptor, at: 16)) { try AuthFile(changed(offset, value)) }
        }
    }

    @Test("a file of 57344 bytes is read, one byte more is not")
    func limit() throws {
        let largest = AuthFile(time: .zero, payload: [UInt8](repeating: 1, count: 57344 - 40))
        #expect(try AuthFile(largest.encoded()) == largest)
        #expect(refusal { () throws(FormatError) in _ = try AuthFile(largest.encoded() + [1]) } == .tooLong)
    }

    @Test("every truncation within descriptor and CertData is refused; a shorter payload is another payload")
    func truncations() throws {
        let bytes = AuthFile(time: .zero, signedData: [1, 2, 3], payload: [4, 5]).encoded()
        for count in 0..<bytes.count {
            let part = Array(bytes.prefix(count))
            if count < 43 {
                #expect(throws: FormatError.self) { try AuthFile(part) }
            } else {
                #expect(try AuthFile(part).payload == Array([4, 5].prefix(count - 43)))
            }
        }
    }
}
