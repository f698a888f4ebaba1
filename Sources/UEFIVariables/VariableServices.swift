// The variable services of one guest: a request comes in, a plan comes out, the caller persists, the plan is completed.
// Source: varstored.md 1, 3. Not for: SetVariable's rules (SetDecision.swift); ports and pages (the daemon).

/// The state of one guest's variables and what decides on requests. No I/O, no clock. Source: varstored.md 1.
///
/// A request goes through `decide`, then the plan's effect is carried out by the caller, then through `complete`, and
/// the reply through `VariableStore.encode`. While a plan waits for its effect the PPI window may be used, and requests
/// that change nothing may come and go; a change that was decided before another one was made is refused.
public struct VariableServices: Sendable {
    /// The published variables.
    public internal(set) var store: VariableStore
    /// MOR key and PPI state.
    public internal(set) var ancillary = AncillaryState()
    /// Whether the guest has been at runtime: from then on it always is. Source: varstored.md 3.8.
    public internal(set) var isLatched = false
    /// The host's settings.
    public let policy: VariablePolicy
    /// Whether the backend was asked to tell of a Secure Boot failure. Source: varstored.md 3.7.
    private var hasNotified = false
    /// Plans that have changed the store.
    private var changeCount: UInt64 = 0

    /// Services of these variables as they are: nothing is created, dropped or reset. For a daemon's start see
    /// `start(_:policy:)` and `resume(_:policy:)`, for tools `tool(_:)`.
    public init(store: VariableStore, policy: VariablePolicy) {
        self.store = store
        self.policy = policy
    }

    /// Decodes a request and decides on it. Nothing is changed but the runtime latch, and that Notify was asked for: a
    /// second one is refused while the first still waits.
    public mutating func decide(
        _ bytes: Span<UInt8>, _ authenticator: any VariableAuthenticator
    ) -> VariablePlan {
        do throws(VariableStatus) {
            let request = try VariableRequest.decode(bytes)
            let atRuntime = latch(request.atRuntime)
            var plan = try plan(request, bytes, atRuntime: atRuntime, authenticator)
            plan.changeCount = changeCount
            if plan.effect == .notify { hasNotified = true }
            return plan
        } catch {
            return .status(error)
        }
    }

    /// Completes a plan: makes its change if its effect succeeded, drops it if not. Answers the reply.
    /// Source: varstored.md 6, rows 23, 24, 32 and 33; 3.7.
    ///
    /// A plan whose store has been changed by another since is dropped too, with DEVICE_ERROR: its slots may be another
    /// variable's. Callers that let one change wait for the next never see that.
    public mutating func complete(_ plan: VariablePlan, succeeded: Bool = true) -> VariableReply {
        if plan.effect != .none && !succeeded { return .status(.deviceError) }
        if plan.changesStore {
            if isStale(plan) { return .status(.deviceError) }
            changeCount &+= 1
        }
        apply(plan)
        return plan.reply
    }

    /// Whether the store has changed since the plan was decided.
    func isStale(_ plan: VariablePlan) -> Bool { plan.changeCount != changeCount }

    /// Makes a plan's change.
    private mutating func apply(_ plan: VariablePlan) {
        let hadPK = plan.changesPK && hasPK
        switch plan.change {
        case .none: break
        case .insert(let record): store.insert(record)
        case .replace(let slot, let data, let timestamp, let digest):
            store.replace(slot, data: data, timestamp: timestamp, digest: digest)
        case .extend(let slot, let added, let timestamp, let digest):
            store.extend(slot, by: added, timestamp: timestamp, digest: digest)
        case .remove(let slot): store.remove(slot)
        }
        if let key = plan.morKey { ancillary.morKey = key }
        if plan.changesPK { publishModes(hadPK: hadPK) }
    }

    /// Takes note of a request that is decided on later: if it says that the guest is at runtime, those know that come
    /// after it and are decided on before it. Source: varstored.md 3.8.
    public mutating func note(_ bytes: Span<UInt8>) {
        guard let request = try? VariableRequest.decode(bytes) else { return }
        _ = latch(request.atRuntime)
    }

    /// What the guest says about ExitBootServices, or has said once. Source: varstored.md 3.8.
    private mutating func latch(_ atRuntime: Bool?) -> Bool {
        if atRuntime == true && !policy.isTool { isLatched = true }
        return isLatched || atRuntime == true
    }

    private func plan(
        _ request: VariableRequest, _ bytes: Span<UInt8>, atRuntime: Bool,
        _ authenticator: any VariableAuthenticator
    ) throws(VariableStatus) -> VariablePlan {
        switch request {
        case .get(let name, let guid, let room, _):
            return VariablePlan(try get(bytes.extracting(name), guid, room, atRuntime))
        case .set(let name, let guid, let data, let attributes, _):
            let set = SetRequest(
                name: name, guid: guid, data: data, attributes: attributes, atRuntime: atRuntime,
                kind: VariableKind(bytes.extracting(name), guid))
            return try decide(set, bytes, authenticator)
        case .next(let room, let name, let guid, _):
            return VariablePlan(try next(bytes.extracting(name), guid, room, atRuntime))
        case .query(let attributes):
            if attributes.contains(.hardwareErrorRecord) { throw .unsupported }
            return VariablePlan(VariableReply(.storage(remaining: max(0, VariableStore.chargeMax &- store.chargeSum))))
        case .notify:
            if hasNotified { throw .accessDenied }
            return VariablePlan(.status(.success), .none, .notify)
        }
    }

    /// GetVariable. Source: varstored.md 3.4.
    private func get(
        _ name: Span<UInt8>, _ guid: VendorGUID, _ room: UInt64, _ atRuntime: Bool
    ) throws(VariableStatus) -> VariableReply {
        guard let slot = store.slot(of: name, guid) else { throw .notFound }
        if atRuntime && !store.slots[Int(slot)].record.attributes.contains(.runtime) { throw .notFound }
        let count = store.slots[Int(slot)].record.data.count
        if count > VariableRecord.loadedByteCountMax { throw .deviceError }  // no blob has it, and no reply could
        return VariableReply(UInt64(count) > room ? .needed(count) : .variable(slot: slot))
    }

    /// GetNextVariableName. Source: varstored.md 3.5.
    private func next(
        _ name: Span<UInt8>, _ guid: VendorGUID, _ room: UInt64, _ atRuntime: Bool
    ) throws(VariableStatus) -> VariableReply {
        var next = store.head
        if !name.isEmpty {
            guard let cursor = store.slot(of: name, guid) else { throw .invalidParameter }
            if atRuntime && !store.slots[Int(cursor)].record.attributes.contains(.runtime) { throw .invalidParameter }
            next = store.slots[Int(cursor)].next
        }
        while atRuntime && next != VariableStore.none
            && !store.slots[Int(next)].record.attributes.contains(.runtime)
        {
            next = store.slots[Int(next)].next
        }
        if next == VariableStore.none { throw .notFound }
        let needed = store.slots[Int(next)].record.name.bytes.count &+ 2
        return VariableReply(UInt64(needed) > room ? .needed(needed) : .name(slot: next))
    }
}
