// A guest as tests have it: the services of UEFIVariables with the real verifier, and keys to sign with.

import UEFIVariables

@testable import UEFIAuthentication

/// Sends SetVariable requests as firmware does.
struct Guest {
    var services: VariableServices
    let verifier = PKCS7Verifier()
    /// The backend's answer to every write.
    var backendAccepts = true
    /// What was asked of the backend.
    private(set) var writes = 0

    /// S0 of varstored.md 4 unless policy says else.
    init(policy: VariablePolicy = VariablePolicy()) {
        services = .start(nil, policy: policy)
    }

    /// Sends the request; the status without its top bit.
    mutating func set(
        _ variable: Variable, _ data: [UInt8], attributes: VariableAttributes = .key, atRuntime: Bool = false
    ) -> UInt64 {
        let request = VariableRequest.encodeSet(
            variable.name, variable.guid, attributes, data, atRuntime: atRuntime)
        let plan = services.decide(request.span, verifier)
        if plan.effect == .persist { writes += 1 }
        return services.complete(plan, succeeded: backendAccepts).status.number
    }

    func record(_ variable: Variable) -> VariableRecord? { services.store.record(variable.name, variable.guid) }

    /// The one byte of a mode variable.
    func mode(_ name: String) -> UInt8? { record(Variable(name, .global))?.data.first }
}

/// A variable's key.
struct Variable {
    var name: VariableName
    var guid: VendorGUID

    init(_ name: String, _ guid: VendorGUID) {
        self.name = VariableName(name)
        self.guid = guid
    }

    static let pk = Variable("PK", .global)
    static let kek = Variable("KEK", .global)
    static let db = Variable("db", .imageSecurity)
    static let dbx = Variable("dbx", .imageSecurity)
    static let dbt = Variable("dbt", .imageSecurity)
    /// That of the vector 4.1.
    static let a = Variable("A", variableT)
}

/// Microsoft's owner GUID, as the examples of varstored.md 9 have it.
let owner = VendorGUID(0x77FA_9ABD, 0x0359, 0x4D32, 0xBD60_28F4_E78F_784B)

/// One list with one certificate.
func certificateList(_ certificates: [UInt8]...) -> [UInt8] {
    certificates.flatMap { SignatureLists.list(of: .x509, [(owner, $0)]) }
}

/// One list of SHA-256 hashes.
func hashList(_ hashes: [[UInt8]], owner: VendorGUID = owner) -> [UInt8] {
    SignatureLists.list(of: .sha256, hashes.map { (owner, $0) })
}

/// 32 bytes that are the number's alone.
func hash(_ number: Int) -> [UInt8] { MessageDigest(.sha256, of: ["\(number)".utf8.map { $0 }[...]]).bytes }

/// A descriptor without a signature, and a payload.
func unsigned(_ payload: [UInt8], at time: EFITime = time2026) -> [UInt8] {
    AuthenticationSigner.data(time: time, payload: payload)
}

/// A year later for each number.
func year(_ number: Int) -> EFITime { EFITime(year: UInt16(2026 + number), month: 1, day: 1) }

extension SignedDataSketch {
    /// Descriptor and payload, signed for the variable.
    func data(
        _ variable: Variable, _ payload: [UInt8], attributes: VariableAttributes = .key, at time: EFITime = time2026
    ) throws -> [UInt8] {
        let pieces = AuthenticationSigner.signedPieces(
            name: variable.name, guid: variable.guid, attributes: attributes, time: time, payload: payload)
        return AuthenticationSigner.data(time: time, signedData: try bytes(over: pieces), payload: payload)
    }
}
