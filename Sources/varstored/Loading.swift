// The variables as the guest finds them: from the resume file or the backend, with start variables, first-boot keys and
// newer certificates. Source: varstored.md 10.1, 10.5, 11.3-11.5, 12.2 (step 7), 13.6.
// Not for: opening anything (Storage.swift, HostFiles.swift).

internal import DaemonShell
internal import UEFIAuthentication
internal import UEFIVariables
internal import VariableBackends
internal import VariableFormats
internal import VariableService

/// What was loaded.
struct LoadedVariables {
    /// The guest's variables.
    var services: VariableServices
    /// The blob that the backend has now, as far as is known.
    var confirmed: [UInt8]?
    /// Whether the backend may hold a change that was undone. Source: varstored.md 13.4.
    var mayDiffer = false
    /// A blob that could not be read whole, and of which there is no copy yet (OriginalFirst).
    var unkept: [UInt8]?
    /// Variables, and what was put aside, for the log.
    var recordCount: Int
    var quarantineCount = 0
}

/// Loads the variables once.
struct Loading {
    let options: Options
    let settings: HostSettings
    let host: HostFiles
    let storage: Storage
    let authenticator: any VariableAuthenticator
    /// That function, of a certificate.
    var sha256: ([UInt8]) -> SignerDigest = { SignerDigest(sha256: $0) }
    let log: DaemonLog
    /// Whether somebody wants the daemon to end.
    let shouldStop: () -> Bool
    /// Writes a blob and waits for it.
    let write: (_ blob: [UInt8], _ reason: WriteReason) throws(StartEnd) -> Void

    private var policy: VariablePolicy {
        VariablePolicy(
            enforcing: settings.enforcing, secureBoot: settings.secureBoot, persistent: options.isPersistent,
            strictNames: options.strictNames)
    }

    /// The variables. Throws when the guest must not start with them.
    func load() throws(StartEnd) -> LoadedVariables {
        let loaded = try options.resumes ? resume() : start()
        let charge = loaded.services.store.chargeSum
        if !tellOversize(loaded.services), charge > VariableStore.chargeMax {
            log.write(
                .warning, "variables", "more than there is room for: nothing can grow, and no resume may take a save",
                [("bytes", "\(charge)"), ("room", "\(VariableStore.chargeMax)")])
        }
        return loaded
    }

    /// Says so when there is more than the file may have, and whether. Source: varstored.md 12.5, 13.2.
    private func tellOversize(_ services: VariableServices) -> Bool {
        guard options.isPersistent, case .file = options.backend else { return false }
        let (count, most) = (services.backendBlob().count, StateFile.writtenByteCountMax)
        if count <= most { return false }
        log.write(
            .error, "variables",
            "more than its file may have: each change fails, a deletion too, unless it leaves less",
            [("bytes", "\(count)"), ("most", "\(most)")])
        return true
    }

    // MARK: Resume

    /// Source: varstored.md 11.5.
    private func resume() throws(StartEnd) -> LoadedVariables {
        guard let file = storage.resume else {
            let services = VariableServices.resume(nil, policy: policy)
            return LoadedVariables(services: services, recordCount: 0)
        }
        let bytes = try resumeBytes(file)
        let checked = try check(bytes)
        // A write whose end was not seen, at the stop before this, may have come after all; one of the window's may
        // not have come. What is known to be damaged does not go over what may be whole before the guest asks for it.
        return LoadedVariables(
            services: VariableServices.resume(checked.blob, policy: policy),
            mayDiffer: options.isPersistent && checked.quarantineCount == 0, unkept: keep(bytes, checked),
            recordCount: checked.blob.records.count, quarantineCount: checked.quarantineCount)
    }

    private func resumeBytes(_ file: StateFile) throws(StartEnd) -> [UInt8] {
        let range = VariableBlob.resumeByteCount
        do throws(BackendFailure) {
            guard let bytes = try file.read(byteCountMax: range.upperBound) else {
                throw BackendFailure.notAFile(file.path)
            }
            guard range.contains(bytes.count) else {
                throw BackendFailure.toolstack("\(bytes.count) bytes, \(range.lowerBound) at least")
            }
            return bytes
        } catch {
            throw .failed("the resume file \(file.path): \(error)")
        }
    }

    // MARK: Start

    private func start() throws(StartEnd) -> LoadedVariables {
        let stored = try stored()
        let checked = try stored.blob.map { bytes throws(StartEnd) in try check(bytes) }
        let unkept = stored.blob.flatMap { bytes in checked.flatMap { keep(bytes, $0) } }
        var reason: WriteReason?
        var blob = checked?.blob
        if stored.certificates == .updateOnBoot {
            blob = try updated(blob)
            reason = .certificatesUpdated
        }
        var services = VariableServices.start(blob, policy: policy)
        if stored.blob == nil, try enrol(&services) { reason = reason ?? .keysChanged }
        var confirmed = stored.blob
        if let reason, options.isPersistent {
            if unkept != nil { throw .failed("what can't be read of the variables would be written over") }
            // All that the start has changed is one write (10.5).
            let bytes = services.backendBlob()
            try write(bytes, reason)
            confirmed = bytes
        }
        return LoadedVariables(
            services: services, confirmed: confirmed, unkept: unkept, recordCount: checked?.blob.records.count ?? 0,
            quarantineCount: checked?.quarantineCount ?? 0)
    }

    /// What the backend has; no bytes are no blob.
    private func stored() throws(StartEnd) -> StoredVariables {
        do throws(BackendFailure) {
            var stored = try storage.backend.load(shouldStop: shouldStop)
            if stored.blob?.isEmpty == true { stored.blob = nil }
            return stored
        } catch {
            throw error == .stopped ? .stopped : .failed("the backend: \(error)")
        }
    }

    /// The keys of a first boot. Answers whether any were there. Source: varstored.md 10.5.
    private func enrol(_ services: inout VariableServices) throws(StartEnd) -> Bool {
        do throws(FirstBootRefusal) {
            let names = try services.enrol(host.keys, authenticator)
            let words = names.map(\.description).joined(separator: ",")
            log.write(.information, "variables", "first boot", [("keys", names.isEmpty ? "none" : words)])
            return !names.isEmpty
        } catch {
            let reason = (authenticator as? PKCS7Verifier)?.lastRefusal.map { " (\($0))" } ?? ""
            let status = String(error.status.number, radix: 16)
            throw .failed("\(options.authDirectory)/\(error.name).auth was refused: 0x\(status)\(reason)")
        }
    }

    /// The blob with newer certificates. Source: varstored.md 13.6, 15.3.
    private func updated(_ blob: VariableBlob?) throws(StartEnd) -> VariableBlob? {
        guard var blob else { return nil }
        let update = CertificateUpdate(of: blob.records, authenticator, sha256: sha256)
        do throws(CertificateUpdateRefusal) {
            blob.records = try update.applied(to: blob.records, certificates: host.certificates)
        } catch {
            throw .failed("the certificates can't be brought up to date: \(error)")
        }
        for certificate in update.needed {
            log.write(.information, "certificates", "added", [("name", certificate.name)])
        }
        if update.isRequired {
            log.write(.warning, "certificates", "PCR 7 changes: disk encryption bound to it may ask for a recovery key")
        }
        return blob
    }

    // MARK: What is amiss

    private func check(_ bytes: [UInt8]) throws(StartEnd) -> CheckedBlob {
        let checked = try CheckedBlob(
            bytes, secureBoot: settings.secureBoot, refusesFindings: options.refusesBadBlobs, log: log)
        checked.tellInvalidKeys(authenticator, log)
        return checked
    }

    /// Keeps the original of a blob of which something was put aside, before anything can be written over it. Answers
    /// it when that can't be. Source: varstored.md 11.4.
    private func keep(_ bytes: [UInt8], _ checked: CheckedBlob) -> [UInt8]? {
        if checked.quarantineCount == 0 { return nil }
        guard let refusal = OriginalFirst.keep(bytes, beside: storage.quarantine, log) else { return nil }
        log.write(.error, "variables", "changes are refused: \(refusal)")
        return bytes
    }
}
