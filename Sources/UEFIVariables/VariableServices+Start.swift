// What a start makes of a blob: variables that are created, dropped and reset; and the blobs that are saved.
// Source: varstored.md 10.1, 11.3, 11.5. Not for: the first boot's keys (FirstBootKeys.swift).

extension VariableServices {
    /// A start that is not a resume. No blob: the first boot. Source: varstored.md 10.1, 11.3.
    public static func start(_ blob: VariableBlob?, policy: VariablePolicy) -> VariableServices {
        let reset: [VariableKind] = [.morControl, .morLock, .ppiLock]
        let records = (blob?.records ?? []).filter { record in
            let kind = VariableKind(record.name, record.guid)
            return !kind.isInternal && !reset.contains(kind)
        }
        var services = VariableServices(store: VariableStore(records: records), policy: policy)
        services.createInternals()
        services.createPlatform()
        services.repairPPIBuffer()
        return services
    }

    /// A resume: everything stays as it was saved, but what is derived. No blob: an empty list. Source: varstored.md
    /// 11.5.
    public static func resume(_ blob: VariableBlob?, policy: VariablePolicy) -> VariableServices {
        guard let blob else { return start(nil, policy: policy) }
        var services = VariableServices(store: VariableStore(records: blob.records), policy: policy)
        services.ancillary = blob.ancillary
        services.isLatched = blob.latched ?? false
        let secureBoot = services.slot(.secureBoot).map { services.store.slots[Int($0)].record.data }
        services.createInternals()
        services.createPlatform()
        services.repairPPIBuffer()
        if let secureBoot, secureBoot == [0] || secureBoot == [1], services.hasPK {
            services.publish(.secureBoot, secureBoot)
        }
        return services
    }

    /// An offline tool's view of a backend blob: the internal variables are created, the others are as they are stored.
    /// Source: varstored.md 11.3, 14.
    public static func tool(_ blob: VariableBlob?, policy: VariablePolicy = .tool) -> VariableServices {
        let records = (blob?.records ?? []).filter { !VariableKind($0.name, $0.guid).isInternal }
        var services = VariableServices(store: VariableStore(records: records), policy: policy)
        services.ancillary = blob?.ancillary ?? AncillaryState()
        services.createInternals()
        return services
    }

    /// The five internal variables: created in the order of 10.1, or given their values where they are.
    private mutating func createInternals() {
        let types: [SignatureType] = [.sha1, .sha256, .rsa2048, .x509]
        let userMode: UInt8 = hasPK ? 1 : 0
        publish(.signatureSupport, types.flatMap { $0.rawValue.bytes })
        publish(.setupMode, [1 - userMode])
        publish(.auditMode, [0])
        publish(.deployedMode, [userMode])
        publish(.secureBoot, [policy.secureBoot ? userMode : 0])
    }

    /// The modes after PK was written or deleted. Source: varstored.md 10.2.
    mutating func publishModes(hadPK: Bool) {
        let userMode: UInt8 = hasPK ? 1 : 0
        publish(.setupMode, [1 - userMode])
        publish(.deployedMode, [userMode])
        if userMode == 0 || !hadPK { publish(.secureBoot, [policy.secureBoot ? userMode : 0]) }
    }

    /// Gives an internal variable its value; one that is missing is created at the head.
    private mutating func publish(_ kind: VariableKind, _ data: [UInt8]) {
        if let slot = slot(kind) {
            store.replace(slot, data: data)
            store.setAttributes(slot, .access)
        } else if let variable = kind.variable {
            store.insert(
                VariableRecord(guid: variable.guid, name: variable.name, attributes: .access, data: data))
        }
    }

    /// The four variables of MOR and PPI, in the order of 10.1, where they are missing.
    private mutating func createPlatform() {
        let buffer = [UInt8](repeating: 0, count: Self.ppiBufferByteCount)
        let created: [(VariableKind, [UInt8])] = [
            (.morControl, [0]), (.morLock, [0]), (.ppiBuffer, buffer), (.ppiLock, [0]),
        ]
        for (kind, data) in created where slot(kind) == nil {
            guard let variable = kind.variable else { continue }
            store.insert(
                VariableRecord(guid: variable.guid, name: variable.name, attributes: .ordinary, data: data))
        }
    }

    /// A PPIBuffer of another shape becomes zeros. Source: varstored.md 11.3.
    private mutating func repairPPIBuffer() {
        guard let slot = slot(.ppiBuffer) else { return }
        let record = store.slots[Int(slot)].record
        if record.attributes == .ordinary && record.data.count == Self.ppiBufferByteCount { return }
        store.replace(slot, data: [UInt8](repeating: 0, count: Self.ppiBufferByteCount))
        store.setAttributes(slot, .ordinary)
    }
}

extension VariableServices {
    /// The blob of the non-volatile variables as they are once `plan` is completed: what the backend gets before that.
    /// Nothing of a plan that `complete` will drop is in it. Source: varstored.md 11.1, 13.4.
    public func backendBlob(with plan: VariablePlan? = nil) -> [UInt8] {
        let plan = plan.flatMap { isStale($0) ? nil : $0 }
        var ancillary = ancillary
        if let key = plan?.morKey { ancillary.morKey = key }
        var writer = BlobWriter(ancillary)
        let change = plan?.change ?? .none
        if case .insert(let record) = change { write(record, &writer) }
        var slot = store.head
        while slot != VariableStore.none {
            write(slot, change, &writer)
            slot = store.slots[Int(slot)].next
        }
        return writer.finish()
    }

    /// A variable as it is after the change.
    private func write(_ slot: Int32, _ change: StoreChange, _ writer: inout BlobWriter) {
        var record = store.slots[Int(slot)].record
        var more: [UInt8] = []
        switch change {
        case .replace(slot, let data, let timestamp, let digest):
            record.data = data
            record.timestamp = timestamp
            record.digest = digest
        case .extend(slot, let added, let timestamp, let digest):
            more = added
            record.timestamp = timestamp
            record.digest = digest
        case .remove(slot): return
        default: break
        }
        write(record, adding: more, &writer)
    }

    /// A variable, if it belongs into a backend's blob. A guest's own of the name of our resume state does not.
    private func write(_ record: VariableRecord, adding added: [UInt8] = [], _ writer: inout BlobWriter) {
        if !record.attributes.contains(.nonVolatile) || VariableBlob.isResumeState(record) { return }
        writer.put(record, adding: added)
    }

    /// Everything, volatile variables and the runtime latch too: the save file. Source: varstored.md 11.5.
    public func saveBlob() -> VariableBlob {
        let records = store.records.filter { !VariableBlob.isResumeState($0) }
        return VariableBlob(records: records, ancillary: ancillary, latched: isLatched)
    }
}
