// Requests byte for byte: lengths and SHA-256 of varstored.md 13.3.

import Testing
import VariableFormats

@testable import VariableBackends

@Suite struct XAPIRequestTests {
    static let session = Array("DUMMYSESSION".utf8)
    static let machine = Array("DUMMYVM".utf8)

    /// The blob of varstored.md 11.2: one variable T with the value abc.
    static var blob: [UInt8] {
        var bytes = Array("VARS".utf8) + [2, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 7) + [0x59]
        bytes += [UInt8](repeating: 0, count: 275) + [2, 0, 0, 0, 0, 0, 0, 0, 0x54, 0]
        bytes += [3, 0, 0, 0, 0, 0, 0, 0] + Array("abc".utf8) + [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66]
        bytes += [0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 7, 0, 0, 0] + [UInt8](repeating: 0, count: 48)
        return bytes
    }

    @Test func sha256IsThatOfTheStandard() {
        #expect(
            SHA256.hexadecimal(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hexadecimal(Self.blob) == "9dd0164703dded9f98af9bcdd4d0af36da407b2deee74ce26d45598bbee73190")
    }

    @Test("194: the bytes of each request are those of 13.3, by total and by SHA-256")
    func goldenRequests() {
        let text = Base64.encode(Self.blob)
        let (session, machine) = (Self.session, Self.machine)
        let uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
        let golden: [(XAPIRequest, Int, String)] = [
            (.login, 469, "4cecfef442c13e74e7e6c1b0587bb45171c67a146cad18093e25a999dd7cfd29"),
            (
                .machine(session, uuid: uuid), 406, "dda5b0e9a82a1a1482881851100123f98be60cd4bf82f2cd97c2731e9fc9c585"
            ),
            (
                .variables(session, machine), 375, "d9d9b0a12343b6c2ba285f1913b3fff8ab04374735d1da87e36f339970935829"
            ),
            (
                .setVariables(session, machine, blob: text, update: nil), 944,
                "feb7eb0e3dbf125a1cc554f316e480515349c4bb81476a3775dfdfbac0b37a73"
            ),
            (
                .setVariables(session, machine, blob: text, update: "no"), 996,
                "4cfc69ba3e9e3efa8c5d2aa6af954e0ccf1e28f155ed714dfccfddb08eb43585"
            ),
            (
                .certificateState(session, machine), 399,
                "9179b5846078db643d2b07c93bf9762dad8f2ef7a2dadd4c91a01b1d71bc23db"
            ),
            (
                .secureBootFailed(session, uuid: uuid), 659,
                "51c6f3bcad51f9e04eefe7082c85c6858416881fe41a7339ce65a10aaa73b63e"
            ),
            (.logout(session), 323, "3a4b2ba8cbecad939d692445eba338ea0a25bfc8d0376ccfa7430a05096bfc71"),
        ]
        for (request, count, digest) in golden {
            #expect(request.bytes.count == count, "\(request.method)")
            #expect(SHA256.hexadecimal(request.bytes) == digest, "\(request.method)")
        }
    }

    @Test func whatMeansSomethingInXMLIsEscaped() {
        let request = XAPIRequest.machine(Array("<&>\"'".utf8), uuid: "x")
        let text = String(decoding: request.bytes, as: UTF8.self)
        #expect(text.contains("<string>&lt;&amp;&gt;\"'</string>"))
    }

    @Test func base64SkipsWhiteSpaceAndRefusesEverythingElse() throws {
        #expect(try Base64.decode(Array(" VkFS\n\tUw\r\n= =".utf8)) == Array("VARS".utf8))
        for stray in ["VkFS*Uw==", "VkFSUw=", "VkFSU", "VkFSUw==AAAA", "VkFSUx==", "VkFS\u{0}Uw==", "VkFS-_=="] {
            #expect(throws: FormatError.self) { try Base64.decode(Array(stray.utf8)) }
        }
    }
}
