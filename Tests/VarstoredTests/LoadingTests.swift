// What the guest finds after a start (varstored.md 10.5, 11.3-11.5, 13.6).

import DaemonShell
import SystemCalls
import Testing
import UEFIVariables
import VariableBackends
import VariableFormats
import VariableService

@testable import varstored

/// A start without Xen: options, a backend in memory, files in a folder.
private struct Bench {
    var options = Options(domain: 1, backend: .file(path: "p"))
    var host = HostFiles()
    var backend = FakeBackend(nil)
    var secureBoot = false
    var resumeName: String?
    var authenticator = Lenient()
    var shouldStop = false
    let folder: ScratchFolder
    let sink = KeptLog()

    init() throws { folder = try ScratchFolder() }

    func load() throws -> LoadedVariables {
        let place = try StateFile(path: "\(folder.path)/blob")
        let resume = try resumeName.map { try StateFile(path: "\(folder.path)/\($0)") }
        var settings = HostSettings(secureBootNode: nil, enforceNode: nil, options)
        settings.secureBoot = secureBoot
        let storage = Storage(backend: backend, save: nil, resume: resume, quarantine: place)
        let loading = Loading(
            options: options, settings: settings, host: host, storage: storage, authenticator: authenticator,
            sha256: Self.sha256, log: DaemonLog(.debug, sink: sink), shouldStop: { shouldStop },
            write: { [backend] blob, reason throws(StartEnd) in backend.write(blob, for: reason) { _ in } })
        return try loading.load()
    }

    /// Certificates are their names here: the true ones aren't ours to give away.
    static func der(_ certificate: MicrosoftCertificate) -> [UInt8] { Array(certificate.name.utf8) }

    private static func sha256(_ der: [UInt8]) -> SignerDigest {
        MicrosoftCertificate.all.first { self.der($0) == der }?.sha256 ?? .zero
    }

    func fails(_ part: String) -> Bool {
        do {
            _ = try load()
        } catch let error as StartEnd {
            if case .failed(let sentence) = error { return sentence.contains(part) }
        } catch {}
        return false
    }
}

private func blob(_ records: VariableRecord...) -> [UInt8] { VariableBlob(records: records).encoded() }

private func auth(_ certificate: String) -> [UInt8] {
    let time = EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)
    let payload = SignatureLists.list(of: .x509, [(owner: .t, data: Array(certificate.utf8))])
    return AuthFile(time: time, signedData: [1], payload: payload).encoded()
}

@Suite struct FirstBootTests {
    private var bench: Bench

    init() throws { bench = try Bench() }

    @Test("175: four files and no blob: user mode, by one write that says that keys have changed")
    mutating func fourFiles() throws {
        bench.host.keys = FirstBootKeys(dbx: auth("x"), db: auth("d"), kek: auth("k"), pk: auth("p"))
        let loaded = try bench.load()
        #expect(loaded.services.store.record(VariableName("SetupMode"), .global)?.data == [0])
        #expect(bench.backend.writes.count == 1)
        #expect(bench.backend.writes.first?.reason == .keysChanged)
        #expect(bench.backend.writes.first?.blob == loaded.services.backendBlob())
        #expect(loaded.confirmed == loaded.services.backendBlob())
        let stored = try VariableBlob.read(loaded.services.backendBlob()).blob
        #expect(Set(stored.records.map(\.name.description)).isSuperset(of: ["PK", "KEK", "db", "dbx"]))
    }

    @Test("178: without PK.auth what was applied stays, and the guest is in setup mode")
    mutating func missingPK() throws {
        bench.host.keys = FirstBootKeys(db: auth("d"), kek: auth("k"))
        let loaded = try bench.load()
        #expect(loaded.services.store.record(VariableName("SetupMode"), .global)?.data == [1])
        #expect(loaded.services.store.record(VariableName("KEK"), .global) != nil)
        #expect(bench.backend.writes.count == 1)
    }

    @Test("no files at all: nothing is written")
    mutating func noFiles() throws {
        #expect(try bench.load().confirmed == nil)
        #expect(bench.backend.writes.isEmpty)
    }

    @Test("a file that is refused fails the start, and nothing is written")
    mutating func refused() throws {
        bench.host.keys = FirstBootKeys(db: auth("d"), kek: auth("k"), pk: [1, 2, 3])
        #expect(bench.fails("PK.auth was refused"))
        #expect(bench.backend.writes.isEmpty)
    }

    @Test("a guest with a blob keeps it: no key is applied, nothing is written")
    mutating func existing() throws {
        bench.host.keys = FirstBootKeys(db: auth("d"), kek: auth("k"), pk: auth("p"))
        bench.backend = FakeBackend(blob(.named("T")))
        let loaded = try bench.load()
        #expect(loaded.services.store.record(VariableName("PK"), .global) == nil)
        #expect(loaded.confirmed == blob(.named("T")))
        #expect(bench.backend.writes.isEmpty)
    }

    @Test("with --nonpersistent the keys are there and nothing is written")
    mutating func nonpersistent() throws {
        bench.options.isPersistent = false
        bench.host.keys = FirstBootKeys(db: auth("d"), kek: auth("k"), pk: auth("p"))
        #expect(try bench.load().services.store.record(VariableName("PK"), .global) != nil)
        #expect(bench.backend.writes.isEmpty)
    }

    @Test("191: told to stop while the backend is asked, it stops")
    mutating func stops() {
        bench.shouldStop = true
        #expect(throws: StartEnd.stopped) { try bench.load() }
    }
}

@Suite struct BadBlobTests {
    private var bench: Bench

    init() throws { bench = try Bench() }

    @Test("182: version 3, magic VARX, 23 bytes or 1025 records fail the start, and nothing is written over them")
    mutating func refusals() throws {
        let good = blob(.named("T"))
        var version = good
        version[4] = 3
        var magic = good
        magic[3] = UInt8(ascii: "X")
        var count = good
        (count[8], count[9]) = (0x01, 0x04)
        for (bytes, part) in [
            (version, "version 3"), (magic, "VARS"), (Array(good.prefix(23)), "too short"), (count, "1025 records"),
        ] {
            bench.backend = FakeBackend(bytes)
            #expect(bench.fails(part))
            #expect(bench.backend.writes.isEmpty && bench.folder.names.isEmpty)
        }
    }

    /// Two variables of which the second runs past the end.
    private func cut(_ first: VariableRecord = .named("T")) -> [UInt8] { Array(blob(first, .named("B")).dropLast()) }

    @Test("183: a record past the end: those before it are there, the original is kept, one line tells of it")
    mutating func pastTheEnd() throws {
        bench.backend = FakeBackend(cut())
        let loaded = try bench.load()
        #expect(loaded.recordCount == 1 && loaded.quarantineCount == 1)
        #expect(loaded.services.store.record(VariableName("T"), .t) != nil)
        #expect(bench.folder.names == ["blob.quarantine-1"])
        #expect(try bench.folder.read("blob.quarantine-1") == cut())
        #expect(bench.sink.lines.count { $0.hasPrefix("WARN variables: a record is put aside position=1") } == 1)
        #expect(loaded.confirmed == cut() && bench.backend.writes.isEmpty)
    }

    @Test("184: the same with Secure Boot on and no PK before it fails the start; with a PK before it it starts")
    mutating func secureBoot() throws {
        bench.secureBoot = true
        bench.backend = FakeBackend(cut())
        #expect(bench.fails("Secure Boot is on"))
        #expect(bench.folder.names.isEmpty)
        bench.backend = FakeBackend(cut(.key("PK", .global, [1])))
        #expect(try bench.load().quarantineCount == 1)
    }

    @Test("185: of two records with one key the first is kept, the original too")
    mutating func duplicate() throws {
        bench.backend = FakeBackend(blob(.named("T"), .named("T", .t, .ordinary, [9])))
        let loaded = try bench.load()
        #expect(loaded.services.store.record(VariableName("T"), .t)?.data == Array("abc".utf8))
        #expect(bench.folder.names == ["blob.quarantine-1"])
        #expect(bench.sink.lines.contains { $0.contains("there is one of that name already") })
    }

    @Test("a second copy of Secure Boot's own keys put aside fails the start with Secure Boot on")
    mutating func duplicateKey() throws {
        bench.secureBoot = true
        let keys = blob(.key("PK", .global, [1]), .key("db", .imageSecurity, [1]), .key("db", .imageSecurity, [2]))
        bench.backend = FakeBackend(keys)
        #expect(bench.fails("Secure Boot is on"))
        bench.secureBoot = false
        #expect(try bench.load().quarantineCount == 1)
    }

    @Test("where no copy can be kept the guest starts, changes are refused until one can be, and then are written")
    mutating func noCopy() throws {
        bench.backend = FakeBackend(cut())
        // A folder lies where the copy would be put together.
        try makeDirectory(path: "\(bench.folder.path)/blob.new")
        let loaded = try bench.load()
        let original = try #require(loaded.unkept)
        #expect(original == cut() && bench.sink.count("ERROR") == 1 && loaded.recordCount == 1)
        let log = DaemonLog(.debug, sink: bench.sink)
        let place = try StateFile(path: "\(bench.folder.path)/blob")
        let guarded = OriginalFirst(bench.backend, original: original, place: place, log)
        var outcomes: [BackendOutcome] = []
        guarded.write([1], for: .ordinary) { outcomes.append($0) }
        #expect(bench.backend.writes.isEmpty)
        try removeDirectory(path: "\(bench.folder.path)/blob.new")
        for blob in [[2], [3]] as [[UInt8]] { guarded.write(blob, for: .ordinary) { outcomes.append($0) } }
        #expect(bench.backend.writes.map(\.blob) == [[2], [3]])
        #expect(try bench.folder.read("blob.quarantine-1") == cut())
        #expect(outcomes.first.map { "\($0)".hasPrefix("failed") } == true)
        #expect(outcomes.dropFirst() == [.confirmed, .confirmed])
    }

    @Test("where no copy can be kept nothing that the start itself writes goes over the original")
    mutating func noCopyNoUpdate() throws {
        bench.backend = FakeBackend(cut(), .updateOnBoot)
        try makeDirectory(path: "\(bench.folder.path)/blob.new")
        defer { try? removeDirectory(path: "\(bench.folder.path)/blob.new") }
        #expect(bench.fails("would be written over"))
        #expect(bench.backend.writes.isEmpty)
    }

    @Test("a blob of no bytes is none: the first boot")
    mutating func empty() throws {
        bench.host.keys = FirstBootKeys(db: auth("d"), kek: auth("k"), pk: auth("p"))
        bench.backend = FakeBackend([])
        #expect(try bench.load().services.store.record(VariableName("PK"), .global) != nil)
    }

    @Test("--on-bad-blob refuse makes every finding fatal, those that are mended too")
    mutating func refuse() throws {
        bench.options.refusesBadBlobs = true
        bench.backend = FakeBackend(cut())
        #expect(bench.fails("--on-bad-blob refuse"))
        bench.backend = FakeBackend(blob(.named("T", .t, VariableAttributes(0x107))))
        #expect(bench.fails("--on-bad-blob refuse"))
        bench.options.refusesBadBlobs = false
        #expect(try bench.load().quarantineCount == 0)
        #expect(bench.folder.names.isEmpty)
    }

    @Test("a store that its file could not take is told of in one line; not where nothing is written to a file")
    mutating func oversize() throws {
        let data = [UInt8](repeating: 7, count: 65000)
        for (count, lines) in [(4, 0), (5, 1)] {
            bench.backend = FakeBackend(
                VariableBlob(records: (0..<count).map { .named("T\($0)", .t, .ordinary, data) }).encoded())
            _ = try bench.load()
            #expect(bench.sink.lines.count { $0.contains("a deletion too") } == lines)
        }
        #expect(bench.sink.lines.last?.hasSuffix("most=262144") == true)
        #expect(bench.sink.lines.count { $0.contains("more than there is room for") } == 1)
        bench.options.isPersistent = false
        _ = try bench.load()
        bench.options.isPersistent = true
        bench.options.backend = .xapidb(uuid: "U", socket: "/s")
        _ = try bench.load()
        #expect(bench.sink.lines.count { $0.contains("a deletion too") } == 1)
    }

    @Test("187: the modes in a backend's blob are not believed")
    mutating func internalNames() throws {
        bench.backend = FakeBackend(blob(.named("SecureBoot", .global, VariableAttributes(7), [1])))
        let loaded = try bench.load()
        #expect(loaded.services.store.record(VariableName("SecureBoot"), .global)?.data == [0])
    }

    @Test("keys that give no trust are told of, and stay byte for byte")
    mutating func invalidKeys() throws {
        let broken = VariableRecord.named("KEK", .global, .key, [1, 2, 3])
        let open = VariableRecord.named("db", .imageSecurity, .ordinary, VariableRecord.key("x", .t, [1]).data)
        bench.backend = FakeBackend(blob(broken, open, .key("PK", .global, [1])))
        let loaded = try bench.load()
        #expect(loaded.services.store.record(VariableName("KEK"), .global)?.data == [1, 2, 3])
        #expect(bench.sink.lines.contains("WARN variables: a key variable is not valid and gives no trust name=KEK"))
        #expect(bench.sink.lines.contains("WARN variables: a key variable has wrong attributes: 0x7 name=db"))
        #expect(bench.sink.count("WARN") == 2)
    }
}

@Suite struct CertificateStartTests {
    private var bench: Bench
    private static let old = blob(
        .key("PK", .global, [1]), .key("KEK", .global, Bench.der(.kek2011)),
        .key("db", .imageSecurity, Bench.der(.windows2011)))

    init() throws {
        bench = try Bench()
        bench.host.certificates = Dictionary(
            uniqueKeysWithValues: MicrosoftCertificate.all.map { ($0, Bench.der($0)) })
    }

    private func data(_ loaded: LoadedVariables, _ name: String, _ guid: VendorGUID) -> [UInt8] {
        loaded.services.store.record(VariableName(name), guid)?.data ?? []
    }

    @Test("199: state update_on_boot: the certificates of 2023 are added, one write says so, then a normal start")
    mutating func updates() throws {
        bench.backend = FakeBackend(Self.old, .updateOnBoot)
        let loaded = try bench.load()
        let kek = VariableRecord.key("KEK", .global, Bench.der(.kek2011)).data
        let added = SignatureLists.list(
            of: .x509, [(owner: MicrosoftCertificate.owner, data: Bench.der(.kek2023))])
        #expect(data(loaded, "KEK", .global) == kek + added)
        #expect(bench.backend.writes.map(\.reason) == [.certificatesUpdated])
        #expect(bench.backend.writes.first?.blob == loaded.services.backendBlob())
        #expect(data(loaded, "SetupMode", .global) == [0])
        #expect(bench.sink.lines.contains { $0.contains("PCR 7") })
    }

    @Test("199: when nothing is missing there is the write all the same")
    mutating func nothingMissing() throws {
        bench.backend = FakeBackend(blob(.key("PK", .global, [1])), .updateOnBoot)
        _ = try bench.load()
        #expect(bench.backend.writes.map(\.reason) == [.certificatesUpdated])
        #expect(!bench.sink.lines.contains { $0.contains("PCR 7") })
    }

    @Test("a certificate that the host does not have fails the start, nothing is written, the state stays")
    mutating func missing() throws {
        bench.host.certificates[.windows2023] = nil
        bench.backend = FakeBackend(Self.old, .updateOnBoot)
        #expect(bench.fails("\"Windows UEFI CA 2023\" is needed"))
        #expect(bench.backend.writes.isEmpty)
    }

    @Test(
        "200: in every other state, or none, the certificates stay",
        arguments: [
            CertificateState.absent, .ok, .updateAvailable,
        ])
    func stays(_ state: CertificateState) throws {
        var bench = bench
        bench.backend = FakeBackend(Self.old, state)
        let loaded = try bench.load()
        #expect(data(loaded, "KEK", .global) == VariableRecord.key("KEK", .global, Bench.der(.kek2011)).data)
        #expect(bench.backend.writes.isEmpty)
    }
}

@Suite struct ResumeTests {
    private var bench: Bench

    init() throws {
        bench = try Bench()
        bench.options.resumes = true
        bench.resumeName = "resume"
    }

    @Test("188: a resume file of 23 bytes fails the start")
    func tooShort() throws {
        try bench.folder.write("resume", Array(blob(.named("T")).prefix(23)))
        #expect(bench.fails("23 bytes, 24 at least"))
    }

    @Test("188: one of 131072 bytes is read, one of 131073 fails the start")
    func tooLong() throws {
        let fixed = blob(.named("A", .t, .ordinary, [1]), .named("B", .t, .ordinary, [1]), .named("C")).count
        for (size, isRead) in [(131072, true), (131073, false)] {
            let big = [UInt8](repeating: 7, count: 60000)
            let rest = [UInt8](repeating: 7, count: size - fixed - 2 * 60000 + 5)
            let bytes = blob(
                .named("A", .t, .ordinary, big), .named("B", .t, .ordinary, big), .named("C", .t, .ordinary, rest))
            try #require(bytes.count == size)
            try bench.folder.write("resume", bytes)
            if isRead { #expect(try bench.load().recordCount == 3) } else { #expect(bench.fails("131072 at most")) }
        }
    }

    @Test("a resume file that is not there fails the start; no backend is asked")
    func missing() throws { #expect(bench.fails("the resume file")) }

    @Test("--resume without a file: an empty list and the start variables; no key is applied")
    mutating func without() throws {
        bench.resumeName = nil
        bench.backend = FakeBackend(blob(.named("T")))
        bench.host.keys = FirstBootKeys(pk: auth("p"))
        let loaded = try bench.load()
        #expect(loaded.services.store.count == 9)
        #expect(loaded.confirmed == nil && bench.backend.writes.isEmpty)
        #expect(!loaded.mayDiffer, "nothing is not written over something unless the guest asks for it")
    }

    @Test("What has resumed goes to the backend by itself: not with --nonpersistent, nor when a part was put aside")
    mutating func goesToTheBackend() throws {
        let whole = blob(.named("T"), .named("U"))
        try bench.folder.write("resume", whole)
        #expect(try bench.load().mayDiffer)
        bench.options.isPersistent = false
        #expect(try !bench.load().mayDiffer)
        bench.options.isPersistent = true
        try bench.folder.write("resume", whole.dropLast(1))
        let loaded = try bench.load()
        #expect(loaded.quarantineCount == 1 && !loaded.mayDiffer)
        bench.options.resumes = false
        #expect(try !bench.load().mayDiffer)
    }

    @Test("180: the example of 11.2, as the C daemon would save it, resumes, and is saved as the same bytes and ours")
    func example() throws {
        // varstored.md 11.2, by hand: header, MOR key, PPI index and flags, one record.
        var bytes = Array("VARS".utf8) + [2, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 7) + [0x59]
        bytes += [UInt8](repeating: 0, count: 7 + 8 + 4 + 256)
        bytes += [2, 0, 0, 0, 0, 0, 0, 0, 0x54, 0, 3, 0, 0, 0, 0, 0, 0, 0] + Array("abc".utf8)
        bytes += VendorGUID.t.bytes + [7, 0, 0, 0] + [UInt8](repeating: 0, count: 48)
        try #require(bytes.count == 381)
        bytes[24] = 0x5A  // a MOR key
        bytes[36] = 0x42  // function flag 0
        try bench.folder.write("resume", bytes)
        let saved = try bench.load().services.saveBlob()
        // Variables that were missing are new and so come first; what was there is unchanged behind them.
        #expect(saved.records.last == .named("T"))
        let encoded = saved.encoded()
        #expect(Array(encoded[0..<8]) == Array(bytes[0..<8]))
        #expect(Array(encoded[24..<292]) == Array(bytes[24..<292]))
        // The latch is the last record, 0 here; before it lies T, byte for byte.
        let latch = 84 + 34 + 1
        #expect(Array(encoded.dropLast(latch).suffix(89)) == Array(bytes.suffix(89)))
        #expect(encoded[encoded.count - 69] == 0)
    }

    @Test("189: what was saved resumes as it was, in the same order, with times, digests and volatile variables")
    func roundTrip() throws {
        let digest = try #require(SignerDigest(bytes: Array(1...32)))
        let records = [
            VariableRecord.named("Z", .t, VariableAttributes(2)),
            VariableRecord(
                guid: .t, name: VariableName("A"), attributes: .key, data: [5],
                timestamp: EFITime(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5), digest: digest),
        ]
        let first = VariableServices.resume(VariableBlob(records: records, latched: true), policy: VariablePolicy())
        try bench.folder.write("resume", first.saveBlob().encoded())
        let second = try bench.load().services
        #expect(second.store.records == first.store.records)
        #expect(second.isLatched)
        #expect(second.saveBlob() == first.saveBlob())
    }

    @Test("a save of a daemon that knows no latch resumes unlatched")
    func withoutLatch() throws {
        try bench.folder.write("resume", blob(.named("T")))
        #expect(try !bench.load().services.isLatched)
    }
}
