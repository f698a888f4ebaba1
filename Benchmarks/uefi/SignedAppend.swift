// A signed append to dbx as Microsoft's updates are: 443 hashes by the owner of KEK, checked, filtered and stored.

import CSpawn
import UEFIAuthentication
import UEFIVariables

/// A guest in user mode, with a dbx of as many other hashes.
struct SignedAppend {
    private static let rounds = 40
    private let services: VariableServices
    private let verifier = PKCS7Verifier()
    private let append: [UInt8]

    init(hashes count: Int) throws {
        let (certificate, key) = (try SigningKey.certificate(), try SigningKey.key())
        let signer = try AuthenticationSigner(key: key, certificate: certificate)
        var services = VariableServices.start(nil, policy: VariablePolicy())
        let keys = SignatureLists.list(of: .x509, [(VendorGUID.global, certificate)])
        let first = SignatureLists.list(of: .sha256, Self.hashes(count, from: 0))
        let setup: [(String, VendorGUID, [UInt8])] = [
            ("dbx", .imageSecurity, first), ("KEK", .global, keys), ("PK", .global, keys),
        ]
        for (name, guid, payload) in setup {
            let request = try Self.set(signer, VariableName(name), guid, VariableAttributes(0x27), 2025, payload)
            guard services.complete(services.decide(request.span, verifier)).status == .success else {
                throw BenchmarkFailure(description: "\(name) was not stored")
            }
        }
        self.services = services
        let more = SignatureLists.list(of: .sha256, Self.hashes(count, from: count))
        append = try Self.set(
            signer, VariableName("dbx"), .imageSecurity, VariableAttributes(0x67), 2026, more)
    }

    /// Nanoseconds of processor time from the request to the reply, of one append.
    func measure() throws -> Double {
        var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
        var total: UInt64 = 0
        for _ in 0..<Self.rounds {
            var services = services
            // A copy of its own, so that the append copies nothing that a daemon's would not.
            _ = services.writeWindow(offset: 0, size: 1, value: 1)
            let start = corbel_bench_processor_time()
            let reply = services.complete(services.decide(append.span, verifier))
            var span = buffer.mutableSpan
            _ = services.store.encode(reply, into: &span)
            total += corbel_bench_processor_time() - start
            guard reply.status == .success else { throw BenchmarkFailure(description: "dbx was not extended") }
        }
        return Double(total) / Double(Self.rounds)
    }

    private static func hashes(_ count: Int, from first: Int) -> [(VendorGUID, [UInt8])] {
        (first..<(first + count)).map { number in
            (VendorGUID.global, (0..<32).map { UInt8(truncatingIfNeeded: (number &* 0x9E37_79B1) &>> ($0 & 15)) })
        }
    }

    private static func set(
        _ signer: AuthenticationSigner, _ name: VariableName, _ guid: VendorGUID, _ attributes: VariableAttributes,
        _ year: UInt16, _ payload: [UInt8]
    ) throws -> [UInt8] {
        let time = EFITime(year: year, month: 1, day: 1)
        let data = try signer.data(name: name, guid: guid, attributes: attributes, time: time, payload: payload)
        return VariableRequest.encodeSet(name, guid, attributes, data)
    }
}

/// A benchmark that can't go on.
struct BenchmarkFailure: Error, CustomStringConvertible { let description: String }
