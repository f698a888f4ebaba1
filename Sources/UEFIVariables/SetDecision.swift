// SetVariable's rules in their order: what a reader opens to find why a status came. Numbers are the rows of the table.
// Source: varstored.md 6. Not for: signatures (SetAuthentication.swift), MOR and PPI (PlatformRules.swift).

/// A SetVariable request. Name and data are places within the request's bytes.
struct SetRequest {
    let name: Range<Int>
    let guid: VendorGUID
    let data: Range<Int>
    /// As sent, the append bit with them.
    let attributes: VariableAttributes
    /// Whether the guest is, or has been, at runtime.
    let atRuntime: Bool
    let kind: VariableKind

    /// The attributes that a variable gets or has.
    var new: VariableAttributes { attributes.subtracting(.append) }
    var appends: Bool { attributes.contains(.append) }
    var isAuthenticated: Bool { attributes.contains(.timeAuthenticated) }
}

/// What is to be stored once signatures are checked: a place in the request, and what the descriptor said.
struct SetPayload {
    var data: Range<Int>
    /// nil without authentication.
    var timestamp: EFITime?
    /// nil unless a private variable's signer was checked.
    var digest: SignerDigest?
}

extension VariableServices {
    /// Decides on a SetVariable request whose fields were within their limits (row 1).
    func decide(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ authenticator: any VariableAuthenticator
    ) throws(VariableStatus) -> VariablePlan {
        let slot = store.slot(of: bytes.extracting(set.name), set.guid)
        try checkName(set, bytes, exists: slot != nil)  // 2
        try checkAttributes(set.new)  // 2 to 7
        if set.kind.isMOR { return try decideMOR(set, bytes, slot) }  // 8
        if set.kind.isInternal && slot == nil { throw .writeProtected }
        if let slot { return try decideExisting(set, bytes, slot, authenticator) }
        return try decideMissing(set, bytes, authenticator)
    }

    /// Row 2: a name of odd length or with a NUL may only be deleted. Source: varstored.md 3.3.
    private func checkName(_ set: SetRequest, _ bytes: Span<UInt8>, exists: Bool) throws(VariableStatus) {
        if !policy.strictNames || bytes.extracting(set.name).isStrictName { return }
        let deletes = set.new.isDisjoint(with: .access) || (!set.appends && isEmptyPayload(set, bytes))
        if !exists || !deletes { throw .invalidParameter }
    }

    /// Whether nothing would be stored: no data, or a descriptor and nothing behind it.
    private func isEmptyPayload(_ set: SetRequest, _ bytes: Span<UInt8>) -> Bool {
        if !set.isAuthenticated { return set.data.isEmpty }
        let place = set.data.lowerBound &+ 16
        return set.data.count >= AuthenticationDescriptor.byteCountMin
            && Int(bytes.half(at: place)) == set.data.count &- 16
    }

    /// Rows 2 to 7.
    private func checkAttributes(_ new: VariableAttributes) throws(VariableStatus) {
        if !VariableAttributes.known.isSuperset(of: new) { throw .invalidParameter }  // 2
        if new.contains(.hardwareErrorRecord) { throw .invalidParameter }  // 3
        if new.contains(.countAuthenticated) { throw .unsupported }  // 4
        if new.contains(.enhanced) {
            throw new.contains(.timeAuthenticated) ? .invalidParameter : .unsupported  // 5, 6
        }
        if new.contains(.runtime) && !new.contains(.bootService) { throw .invalidParameter }  // 7
    }

    /// Rows 9 to 24: the variable exists.
    private func decideExisting(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32, _ authenticator: any VariableAuthenticator
    ) throws(VariableStatus) -> VariablePlan {
        let stored = store.slots[Int(slot)].record.attributes
        if set.atRuntime && !stored.contains(.runtime) { throw .invalidParameter }  // 9
        if set.atRuntime && !stored.contains(.nonVolatile) { throw .writeProtected }  // 10
        if set.kind.isInternal { throw .writeProtected }  // 11
        if set.kind.isPPI, let plan = try decidePPI(set, bytes, slot) { return plan }  // 12
        var payload = SetPayload(data: set.data)
        if set.isAuthenticated {
            if stored != set.new { throw .invalidParameter }  // 13
            payload = try authenticate(set, bytes, slot, authenticator)  // 14
        }
        if (payload.data.isEmpty && !set.appends) || set.new.isDisjoint(with: .access) {
            if stored.contains(.timeAuthenticated) && stored != set.new { throw .invalidParameter }  // 15
            return persisting(set, .remove(slot: slot), stored)  // 16
        }
        if stored != set.new { throw .invalidParameter }  // 17
        let change =
            set.appends
            ? try append(set, bytes, slot, payload)  // 18, 19
            : try replace(bytes, slot, payload)  // 20, 21
        return persisting(set, change, stored)
    }

    /// Rows 18 and 19.
    private func append(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32, _ payload: SetPayload
    ) throws(VariableStatus) -> StoreChange {
        let place = Int(slot)
        var added = bytes.copy(payload.data)
        if set.kind.isKey && set.isAuthenticated {
            added = SignatureFilter(store.slots[place].record.data).survivors(of: added)
        }
        // Nothing added fits always: also behind data, or into a store, that an old blob filled beyond the limits.
        if !added.isEmpty {
            let count = store.slots[place].record.data.count &+ added.count
            if count > VariableRecord.dataByteCountMax { throw .outOfResources }
            if store.chargeSum &+ added.count > VariableStore.chargeMax { throw .outOfResources }
        }
        let old = store.slots[place].record.timestamp
        var timestamp = old
        if let new = payload.timestamp, new.isLater(than: old) { timestamp = new }
        let digest = payload.digest ?? store.slots[place].record.digest
        if added.isEmpty && timestamp == old && digest == store.slots[place].record.digest { return .none }
        return .extend(slot: slot, added: added, timestamp: timestamp, digest: digest)
    }

    /// Rows 20 and 21. A store that an old blob filled beyond the limit takes what does not grow (11.3).
    func replace(
        _ bytes: Span<UInt8>, _ slot: Int32, _ payload: SetPayload
    ) throws(VariableStatus) -> StoreChange {
        let place = Int(slot)
        let growth = payload.data.count &- store.slots[place].record.data.count
        if growth > 0 && store.chargeSum &+ growth > VariableStore.chargeMax { throw .outOfResources }
        let timestamp = payload.timestamp ?? store.slots[place].record.timestamp
        let digest = payload.digest ?? store.slots[place].record.digest
        if growth == 0 && timestamp == store.slots[place].record.timestamp
            && digest == store.slots[place].record.digest && holds(slot, bytes.extracting(payload.data))
        {
            return .none
        }
        return .replace(slot: slot, data: bytes.copy(payload.data), timestamp: timestamp, digest: digest)
    }

    private func holds(_ slot: Int32, _ data: Span<UInt8>) -> Bool {
        let own = store.slots[Int(slot)].record.data
        return own.span.equals(data)
    }

    /// Rows 25 to 33: the variable does not exist.
    private func decideMissing(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ authenticator: any VariableAuthenticator
    ) throws(VariableStatus) -> VariablePlan {
        if set.data.isEmpty || set.new.isDisjoint(with: .access) { throw .notFound }  // 25
        if set.atRuntime && !set.new.isSuperset(of: [.runtime, .nonVolatile]) { throw .invalidParameter }  // 26
        if set.kind.isKey && set.new != .key { throw .invalidParameter }  // 27
        if set.kind.isPPI, let plan = try decidePPI(set, bytes, nil) { return plan }  // 28
        var payload = SetPayload(data: set.data)
        if set.isAuthenticated { payload = try authenticate(set, bytes, nil, authenticator) }  // 29
        if payload.data.isEmpty { throw .notFound }  // 30
        return persisting(set, .insert(try record(set, bytes, payload)), set.new)  // 32
    }

    /// Row 31, and the new variable.
    func record(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ payload: SetPayload
    ) throws(VariableStatus) -> VariableRecord {
        let charge = set.name.count &+ payload.data.count &+ VariableRecord.overhead
        if store.chargeSum &+ charge > VariableStore.chargeMax { throw .outOfResources }
        return VariableRecord(
            guid: set.guid, name: VariableName(bytes: bytes.copy(set.name)), attributes: set.new,
            data: bytes.copy(payload.data), timestamp: payload.timestamp ?? .zero, digest: payload.digest ?? .zero)
    }

    /// Rows 22 and 32: what changed is written if it is non-volatile and writing is wanted.
    private func persisting(
        _ set: SetRequest, _ change: StoreChange, _ attributes: VariableAttributes
    ) -> VariablePlan {
        if change == .none { return .status(.success) }
        let persists = attributes.contains(.nonVolatile) && policy.persistent
        var plan = VariablePlan(.status(.success), change, persists ? .persist : .none)
        plan.changesPK = set.kind == .pk
        plan.changesKeys = set.kind.isKey && set.kind != .dbt
        return plan
    }
}
