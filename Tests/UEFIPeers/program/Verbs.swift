// What uefi-peer-test can do for Tests/UEFIPeers/check. Not for: users; it is never installed.

import UEFIAuthentication
import UEFIVariables

enum Verbs {
    static let flags: Set<String> = ["wrapped", "signed-attributes", "permissive", "setup"]

    /// SetVariable with a file of descriptor and payload, as a guest sends it. Prints the status, hexadecimal, without
    /// its top bit, and why the signature was refused.
    /// Options: --pk F, --kek F... (certificates, enrolled first; with --setup PK is not), --name, --data F, ...
    static func set(_ arguments: Arguments) throws -> String {
        let verifier = PKCS7Verifier()
        var services = try enrolled(arguments, verifier)
        let variable = try arguments.variable()
        let request = VariableRequest.encodeSet(
            variable.name, variable.guid, try arguments.attributes(), try arguments.file("data"))
        let status = services.complete(services.decide(request.span, verifier)).status.number
        let reason = verifier.lastRefusal.map { " \($0)" } ?? ""
        return "0x" + String(status, radix: 16) + reason
    }

    /// Services with the keys of the options in them.
    private static func enrolled(_ arguments: Arguments, _ verifier: PKCS7Verifier) throws -> VariableServices {
        var records: [VariableRecord] = []
        let owner = VendorGUID(0x77FA_9ABD, 0x0359, 0x4D32, 0xBD60_28F4_E78F_784B)
        func enrol(_ name: String, _ certificates: [[UInt8]]) {
            guard !certificates.isEmpty else { return }
            records.append(
                VariableRecord(
                    guid: .global, name: VariableName(name), attributes: .key,
                    data: certificates.flatMap { SignatureLists.list(of: .x509, [(owner, $0)]) }))
        }
        if !arguments.has("setup") { enrol("PK", try arguments.files("pk")) }
        enrol("KEK", try arguments.files("kek"))
        return VariableServices(
            store: VariableStore(records: records),
            policy: VariablePolicy(enforcing: !arguments.has("permissive")))
    }

    /// The bytes that a signature covers, for another signer. Options: --name, --payload F, --out F, ...
    static func content(_ arguments: Arguments) throws -> String {
        let variable = try arguments.variable()
        let pieces = AuthenticationSigner.signedPieces(
            name: variable.name, guid: variable.guid, attributes: try arguments.attributes(),
            time: try arguments.time(), payload: try arguments.file("payload"))
        try arguments.write(pieces.flatMap { $0 }, "out")
        return "written"
    }

    /// Descriptor and payload around another's SignedData. Options: --signed-data F, --payload F, --out F
    static func join(_ arguments: Arguments) throws -> String {
        let data = AuthenticationSigner.data(
            time: try arguments.time(), signedData: try arguments.file("signed-data"),
            payload: try arguments.file("payload"))
        try arguments.write(data, "out")
        return "written"
    }

    /// Our own signature. Options: --key F, --certificate F (one pair for each signer), --extra F..., --name,
    /// --payload F, --out F (descriptor and payload), --signed-data-out F (SignedData alone).
    static func sign(_ arguments: Arguments) throws -> String {
        var writer = SignedDataWriter()
        writer.form = arguments.has("wrapped") ? .wrapped : .bare
        writer.hasSignedAttributes = arguments.has("signed-attributes")
        for (key, certificate) in zip(try arguments.files("key"), try arguments.files("certificate")) {
            try writer.addSigner(try RSASigningKey(der: key), certificate: certificate)
        }
        for extra in try arguments.files("extra") { try writer.addCertificate(extra) }
        let variable = try arguments.variable()
        let (time, payload) = (try arguments.time(), try arguments.file("payload"))
        let pieces = AuthenticationSigner.signedPieces(
            name: variable.name, guid: variable.guid, attributes: try arguments.attributes(), time: time,
            payload: payload)
        let signedData = try writer.bytes(over: pieces)
        if arguments.optional("signed-data-out") != nil { try arguments.write(signedData, "signed-data-out") }
        try arguments.write(
            AuthenticationSigner.data(time: time, signedData: signedData, payload: payload), "out")
        return "written"
    }

    /// A signature list for each certificate. Options: --owner GUID, --certificate F..., --out F
    static func list(_ arguments: Arguments) throws -> String {
        guard let owner = VendorGUID(text: try arguments.one("owner")) else { throw Complaint("no owner") }
        let lists = try arguments.files("certificate").flatMap { SignatureLists.list(of: .x509, [(owner, $0)]) }
        try arguments.write(lists, "out")
        return "written"
    }

    /// How long a signed append of so many hashes to dbx takes, decided and completed: the median of many, in
    /// microseconds. Options: --pk F, --kek F, --data F (signed for dbx, attributes 0x67), --rounds N.
    static func time(_ arguments: Arguments) throws -> String {
        let verifier = PKCS7Verifier()
        let services = try enrolled(arguments, verifier)
        let variable = try arguments.variable()
        let request = VariableRequest.encodeSet(
            variable.name, variable.guid, try arguments.attributes(), try arguments.file("data"))
        var durations: [Duration] = []
        let clock = ContinuousClock()
        for _ in 0..<(Int(arguments.optional("rounds") ?? "") ?? 200) {
            var guest = services
            let start = clock.now
            let status = guest.complete(guest.decide(request.span, verifier)).status
            durations.append(clock.now - start)
            guard status == .success else { throw Complaint("status \(status.number)") }
        }
        let median = durations.sorted()[durations.count / 2]
        return "\(median.components.attoseconds / 1_000_000_000_000) microseconds"
    }
}
