// What holds of every state, blob and list, whatever made them.

import UEFIVariables

enum Soundness {
    /// What a backend got before the change is what there is after it.
    static func check(_ blob: [UInt8], _ services: VariableServices) {
        guard let reading = try? VariableBlob.read(blob) else { return assume(false) }
        assume(reading.findings.isEmpty)
        assume(reading.blob.records == services.store.records.filter { $0.attributes.contains(.nonVolatile) })
        assume(reading.blob.ancillary == services.ancillary)
    }

    /// What holds of every state.
    static func check(_ services: VariableServices) {
        let records = services.store.records
        assume(records.count == services.store.count)
        assume(records.reduce(0) { $0 + $1.charge } == services.store.chargeSum)
        assume(services.store.chargeSum <= VariableStore.chargeMax)
        for record in records {
            assume(!record.data.isEmpty && !record.name.bytes.isEmpty && !record.attributes.contains(.append))
            assume(services.store.record(record.name, record.guid) == record)
        }
        let hasPK = services.store.record(VariableName("PK"), .global) != nil
        let mode = services.store.record(VariableName("SetupMode"), .global)?.data
        assume(mode == [hasPK ? 0 : 1])
    }

    /// What is kept of a blob is written and read again as the same.
    private static func blob(_ bytes: [UInt8]) {
        guard let reading = try? VariableBlob.read(bytes) else { return }
        guard let again = try? VariableBlob.read(reading.blob.encoded()) else { return assume(false) }
        assume(again.blob == reading.blob)
        assume(again.findings.isEmpty)
        assume(again.version == 2)
        for services in [
            VariableServices.start(reading.blob, policy: VariablePolicy()),
            VariableServices.resume(reading.blob, policy: VariablePolicy()),
            VariableServices.tool(reading.blob),
        ] {
            let records = services.store.records
            assume(records.reduce(0) { $0 + $1.charge } == services.store.chargeSum)
            guard let saved = try? VariableBlob.read(services.saveBlob().encoded()) else { return assume(false) }
            assume(saved.blob.records == records)
            assume(saved.findings.isEmpty)
            _ = services.untrustedKeys(FakeAuthenticator())
        }
    }

    /// A blob with a header that holds, and records whose lengths do.
    static func framedBlob(_ bytes: [UInt8]) {
        var program = Program(bytes)
        var blob = Array("VARS".utf8) + [UInt8(program.number(3)), 0, 0, 0]
        let isShort = blob[4] < 2
        var records: [UInt8] = []
        var count = 0
        while !program.isOver, count < 255 {
            count += 1
            let names = [program.bytes(program.number(9)), VariableName("PK").bytes, VariableName("SecureBoot").bytes]
            for part in [program.one(of: names), program.bytes(program.number(60))] {
                records += [UInt8(part.count), 0, 0, 0, 0, 0, 0, 0] + part
            }
            records += program.one(of: [VendorGUID.global.bytes, VendorGUID.ppi.bytes, program.bytes(16)])
            records += [program.byte(), 0, 0, 0] + [UInt8](repeating: program.byte(), count: 48)
        }
        blob += [UInt8(count), 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: isShort ? 8 : 276) + records
        self.blob(blob)
        self.blob(Array(blob.dropLast(program.number(7))))
    }

    /// Signature lists: complete ones lie end to end; what a filter lets through is complete, and none of the old.
    static func lists(_ bytes: [UInt8]) {
        let half = bytes.count / 2
        let (old, new) = (Array(bytes[..<half]), Array(bytes[half...]))
        for part in [bytes, old, new] {
            let lists = SignatureLists(part)
            var end = 0
            for list in lists.lists {
                assume(list.range.lowerBound == end && list.entryCount >= 1)
                assume(list.entry(list.entryCount - 1).upperBound == list.range.upperBound)
                end = list.range.upperBound
            }
            assume(end <= part.count && lists.isComplete == (end == part.count))
            let isValid = SignatureLists.areValid(part, FakeAuthenticator())
            assume(!isValid || lists.isComplete)
        }
    }
}
