// The variables that the platform shares with the guest's firmware: memory overwrite (MOR) and physical presence (PPI).
// Source: varstored.md 10.3, 10.4. Not for: the PPI window of ports (VariableServices+Window.swift).

/// What MOR's lock is. Source: varstored.md 10.3.
enum MORLockState: UInt8 {
    case unlocked = 0
    case locked = 1
    case lockedWithKey = 2
}

extension VariableServices {
    /// Row 8 of SetVariable: MOR control or lock, decided fully, at runtime too.
    func decideMOR(_ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?) throws(VariableStatus) -> VariablePlan {
        if set.kind == .morLock { return try decideMORLock(set, bytes, slot) }
        if set.attributes != .ordinary || set.data.count != 1 { throw .invalidParameter }
        if bytes[set.data.lowerBound] & ~0x11 != 0 { throw .invalidParameter }
        if morLockState != .unlocked { throw .writeProtected }
        return try storing(bytes[set.data.lowerBound], set, bytes, slot)
    }

    private func decideMORLock(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?
    ) throws(VariableStatus) -> VariablePlan {
        if set.attributes.isEmpty || set.data.isEmpty { throw .writeProtected }
        if set.attributes != .ordinary { throw .invalidParameter }
        if set.data.count == 8 { return try decideMORKey(set, bytes, slot) }
        if set.data.count != 1 || bytes[set.data.lowerBound] > 1 { throw .invalidParameter }
        if morLockState != .unlocked { throw .accessDenied }
        if bytes[set.data.lowerBound] == 0 { return .status(.success) }
        return try storing(MORLockState.locked.rawValue, set, bytes, slot)
    }

    private func decideMORKey(
        _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?
    ) throws(VariableStatus) -> VariablePlan {
        let key = bytes.word(at: set.data.lowerBound)
        var plan: VariablePlan
        switch morLockState {
        case .unlocked:
            plan = try storing(MORLockState.lockedWithKey.rawValue, set, bytes, slot)
            plan.morKey = key
        case .locked: throw .accessDenied
        case .lockedWithKey where key == ancillary.morKey:
            plan = try storing(MORLockState.unlocked.rawValue, set, bytes, slot)
            plan.morKey = 0
        case .lockedWithKey:
            plan = try storing(MORLockState.locked.rawValue, set, bytes, slot)
            plan.morKey = 0
            plan.reply = .status(.accessDenied)
        }
        return plan
    }

    /// The lock's state as its variable says; whatever else an old blob may hold is locked.
    var morLockState: MORLockState {
        guard let slot = slot(.morLock) else { return .unlocked }
        let data = store.slots[Int(slot)].record.data
        return data.count == 1 ? MORLockState(rawValue: data[0]) ?? .locked : .locked
    }

    /// One byte for a MOR or PPI variable; no backend write of its own. What it has already is no change.
    private func storing(
        _ value: UInt8, _ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?
    ) throws(VariableStatus) -> VariablePlan {
        let success = VariableReply.status(.success)
        if let slot {
            if store.slots[Int(slot)].record.data == [value] { return VariablePlan(success) }
            let change = StoreChange.replace(slot: slot, data: [value], timestamp: .zero, digest: .zero)
            return VariablePlan(success, change)
        }
        var record = try record(set, bytes, SetPayload(data: set.data))
        record.data = [value]
        return VariablePlan(success, .insert(record))
    }

    /// Rows 12 and 28 of SetVariable. nil: the ordinary rules go on. Source: varstored.md 10.4.
    func decidePPI(_ set: SetRequest, _ bytes: Span<UInt8>, _ slot: Int32?) throws(VariableStatus) -> VariablePlan? {
        switch set.kind {
        case .ppiLock:
            if set.attributes != .ordinary || set.data.count != 1 { throw .invalidParameter }
            if bytes[set.data.lowerBound] != 1 { throw .invalidParameter }
            return try storing(1, set, bytes, slot)
        case .ppiFlags:
            if isPPILocked { throw .writeProtected }
            return nil
        default:
            if deletes(set) {
                if policy.isTool { return nil }
                throw .writeProtected
            }
            if set.attributes != .ordinary || set.data.count != Self.ppiBufferByteCount { throw .invalidParameter }
            return nil
        }
    }

    /// Row 15's question, without authentication.
    private func deletes(_ set: SetRequest) -> Bool {
        (set.data.isEmpty && !set.appends) || set.new.isDisjoint(with: .access)
    }

    /// Whether the flags are locked. Tools run without the lock.
    private var isPPILocked: Bool {
        guard !policy.isTool, let slot = slot(.ppiLock) else { return false }
        return store.slots[Int(slot)].record.data != [0]
    }

    /// Bytes of PPIBuffer. Source: varstored.md 10.1.
    public static var ppiBufferByteCount: Int { 48 }
}
