// A guest of the fuzz target, and what must hold after each of its requests.

import UEFIVariables

/// Signatures are as good as the input says; certificates begin with a length.
final class Signatures: VariableAuthenticator {
    var isGood = true
    private(set) var verificationCount = 0

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        verificationCount += 1
        if !isGood { return .refused }
        if case .selfAnchored(let bound) = request.rule, let bound { return .accepted(digest: bound) }
        return .accepted(digest: SignerDigest(words: (1, 2, 3, UInt64(request.signedData.count))))
    }

    func certificateByteCount(_ entry: [UInt8]) -> Int? {
        guard let first = entry.first, first > 0, Int(first) <= entry.count else { return nil }
        return Int(first)
    }
}

/// The services of a guest, and the daemon's part.
struct Guest {
    var services: VariableServices
    let signatures = Signatures()
    var backendFails = false
    private var buffer = [UInt8](repeating: 0, count: VariableRequest.bufferByteCount)
    private var wasOverfull: Bool

    init(_ services: VariableServices) {
        self.services = services
        wasOverfull = services.store.chargeSum > VariableStore.chargeMax
    }

    init(userMode: Bool) {
        self.init(.start(nil, policy: VariablePolicy()))
        if !userMode { return }
        let list = SignatureLists.list(of: .x509, [(.global, [3, 1, 2])])
        for name in ["KEK", "PK"] {
            send(VariableRequest.encodeSet(VariableName(name), .global, .key, Program.descriptor(1, []) + list))
        }
    }

    mutating func send(_ request: [UInt8]) {
        let plan = services.decide(request.span, signatures)
        let before = services.store
        let promised = plan.effect == .persist ? services.backendBlob(with: plan) : nil
        let reply = services.complete(plan, succeeded: !backendFails)
        if backendFails && plan.effect != .none {
            precondition(before.records == services.store.records, "a change that failed was made")
        } else if let promised {
            precondition(promised == services.backendBlob(), "the backend has something else")
        }
        let store = services.store
        var span = buffer.mutableSpan
        let count = store.encode(reply, into: &span)
        precondition(count >= 8 && (reply.status != .success || plan.effect != .notify || count == 8))
    }

    /// What holds always.
    func check() {
        let records = services.store.records
        precondition(records.count == services.store.count)
        precondition(records.reduce(0) { $0 + $1.charge } == services.store.chargeSum)
        precondition(wasOverfull || services.store.chargeSum <= VariableStore.chargeMax)
        for record in records {
            precondition(!record.data.isEmpty && !record.name.bytes.isEmpty)
            precondition(record.attributes.isSubset(of: .storable) && !record.attributes.isDisjoint(with: .access))
            precondition(services.store.record(record.name, record.guid) == record, "not found")
        }
        let hasPK = services.store.record(VariableName("PK"), .global) != nil
        for (name, value) in [("SetupMode", hasPK ? 0 : 1), ("DeployedMode", hasPK ? 1 : 0)] as [(String, UInt8)] {
            precondition(services.store.record(VariableName(name), .global)?.data == [value])
        }
    }

    func saveAndResume() {
        guard let reading = try? VariableBlob.read(services.saveBlob().encoded()) else {
            preconditionFailure("what we save is refused")
        }
        precondition(reading.findings.isEmpty)
        let again = VariableServices.resume(reading.blob, policy: services.policy)
        precondition(again.saveBlob() == services.saveBlob(), "a resume changes something")
    }
}
