// Looks at what the lab needs on this machine, and names for each problem the command that fixes it. Changes nothing,
// asks no network. Not for mending: fetching, healing and cleaning have verbs of their own.
import Foundation

/// One thing that was looked at.
public struct DoctorFinding: Encodable, Equatable, Sendable {
    /// How it is.
    public enum State: String, Encodable, Sendable {
        /// As it should be.
        case ok
        /// Something to know; the lab works.
        case warn
        /// The lab does not work.
        case missing
    }

    /// What was looked at, in a word.
    public var name: String
    /// How it is.
    public var state: State
    /// What was found.
    public var text: String
    /// The command that helps.
    public var remedy: String?
}

/// Examines the machine.
public struct Doctor {
    /// A release that has to be fetched first needs as much; one that is there, the files of a run.
    static let (fetchBytes, runBytes) = (600_000_000, 100_000_000)
    /// The machine that a run without options emulates, and QEMU's own part.
    static let memoryBytes = 700 << 20
    /// What the lab was tried with.
    static let oldestQEMU = (major: 7, minor: 2)

    let cache: PackageCache
    let tools: HostTools
    let mirrors: [DebianMirror]
    let interruption: Interruption

    /// A doctor for labs with this cache and these mirrors.
    public init(
        _ cache: PackageCache = .ofUser(), tools: HostTools = HostTools(), mirrors: [DebianMirror] = [],
        interruption: Interruption
    ) {
        self.cache = cache
        self.tools = tools
        self.mirrors = mirrors
        self.interruption = interruption
    }

    /// Looks at everything.
    public func examine() throws(LabError) -> [DoctorFinding] {
        var findings = examineTools()
        if tools.find("qemu-system-x86_64") != nil { findings.append(try examineQEMU()) }
        let releases = tools.find("sha256sum") == nil ? [] : try examineReleases()
        // What the default needs is there: then nothing has to be fetched.
        let isFilled = releases.first { $0.name == "\(Release.xen4_17)" }?.state == .ok
        if tools.find("apt-get") != nil { findings.append(try examineDebian(isFilled)) }
        return findings + [examineFolder(), examineDisk(isFilled), examineMemory()] + releases
            + [examineLeftovers(), examineUser()]
    }

    private func examineTools() -> [DoctorFinding] {
        do throws(LabError) { try tools.check() } catch {
            return [.init(name: "tools", state: .missing, text: error.message, remedy: error.remedy)]
        }
        return [.init(name: "tools", state: .ok, text: HostTools.needed.map(\.program).joined(separator: ", "))]
    }

    private func examineQEMU() throws(LabError) -> DoctorFinding {
        let install = "sudo apt-get install qemu-system-x86"
        func ask(_ words: String...) throws(LabError) -> String {
            let result = try ChildProcess.run(["qemu-system-x86_64"] + words, interruption: interruption)
            return String(decoding: result.output, as: UTF8.self)
        }
        let said = try ask("--version")
        guard let version = Self.version(said) else {
            return .init(name: "QEMU", state: .missing, text: "does not tell its version", remedy: install)
        }
        let name = "\(version.major).\(version.minor)"
        guard try ask("-accel", "help").contains("tcg"), try ask("-cpu", "help").contains(" EPYC ") else {
            return .init(name: "QEMU", state: .missing, text: "\(name) can't emulate an AMD EPYC", remedy: install)
        }
        guard (version.major, version.minor) >= Self.oldestQEMU else {
            return .init(
                name: "QEMU", state: .warn, text: "\(name) is older than 7.2; nobody tried it", remedy: install)
        }
        return .init(name: "QEMU", state: .ok, text: "\(name), emulates an AMD EPYC by TCG")
    }

    /// Reads "QEMU emulator version 7.2.22 (Debian ...)".
    static func version(_ text: String) -> (major: Int, minor: Int)? {
        guard let range = text.range(of: "version ") else { return nil }
        let numbers = text[range.upperBound...].prefix { $0.isNumber || $0 == "." }.split(separator: ".")
        guard numbers.count >= 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return nil }
        return (major, minor)
    }

    private func examineDebian(_ isFilled: Bool) throws(LabError) -> DoctorFinding {
        let bad: DoctorFinding.State = isFilled ? .warn : .missing
        do throws(LabError) { _ = try DebianKeyring.find() } catch {
            return .init(name: "Debian", state: bad, text: error.message, remedy: error.remedy)
        }
        do throws(LabError) {
            let mirrors = try mirrors.isEmpty ? DebianMirror.ofMachine(interruption).prefix(1) : mirrors[...]
            guard !mirrors.isEmpty else {
                throw LabError(.missingPackage, "apt is set to no mirror of Debian", remedy: Self.nameMirror)
            }
            return .init(
                name: "Debian", state: .ok,
                text: "packages from \(mirrors.map(\.base).joined(separator: ", ")), signed by Debian's keys")
        } catch {
            if case .interrupted = error.reason { throw error }
            let remedy = error.remedy ?? Self.nameMirror
            return .init(name: "Debian", state: bad, text: error.message, remedy: remedy)
        }
    }

    private static var nameMirror: String { "export \(DebianMirror.variable)=http://HOST/debian" }

    private func examineReleases() throws(LabError) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for release in Release.all {
            let names = ReleaseStore.names(of: release)
            let fetch = "corbel lab fetch --xen \(release.version)"
            var damage: String?
            for name in [names.dom0, names.xen] where damage == nil {
                let place = cache.folder.appendingPathComponent(name)
                guard place.exists else {
                    damage = "not there yet: the first run fetches it"
                    break
                }
                damage = try cache.damage(place, nil, interruption).map { "damaged (\($0)): the next run mends it" }
            }
            findings.append(
                .init(
                    name: "\(release)", state: damage == nil ? .ok : .warn, text: damage ?? "there, verified",
                    remedy: damage == nil ? nil : fetch))
        }
        return findings
    }

    /// The cache folder, or the first folder above it that is there.
    private var place: URL {
        var place = cache.folder
        while !place.exists, place.path != "/" { place.deleteLastPathComponent() }
        return place
    }

    private func examineFolder() -> DoctorFinding {
        let name = "cache folder"
        guard place.isFolder, FileManager.default.isWritableFile(atPath: place.path) else {
            return .init(
                name: name, state: .missing, text: "\(place.path) can't be written",
                remedy: "export XDG_CACHE_HOME=/another/folder")
        }
        return .init(name: name, state: .ok, text: "\(cache.folder.path)\(cache.folder.exists ? "" : ", to be made")")
    }

    private func examineDisk(_ isFilled: Bool) -> DoctorFinding {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.path)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else {
            return .init(name: "disk", state: .warn, text: "\(place.path) does not tell how much is free")
        }
        let text = "\(free / 1_000_000) MB free at \(place.path)"
        if free >= Self.fetchBytes { return .init(name: "disk", state: .ok, text: text) }
        return .init(
            name: "disk", state: isFilled && free >= Self.runBytes ? .warn : .missing,
            text: "\(text), a release that is fetched needs \(Self.fetchBytes / 1_000_000) MB",
            remedy: "corbel lab clean, or export XDG_CACHE_HOME=/another/folder")
    }

    private func examineMemory() -> DoctorFinding {
        let text = (try? String(contentsOf: URL(fileURLWithPath: "/proc/meminfo"), encoding: .utf8)) ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return .init(name: "memory", state: .warn, text: "the kernel does not tell how much is free") }
        let free = "\(kibibytes >> 10) MiB free"
        if kibibytes << 10 >= Self.memoryBytes { return .init(name: "memory", state: .ok, text: free) }
        return .init(
            name: "memory", state: .warn, text: "\(free), a run takes \(Self.memoryBytes >> 20) MiB",
            remedy: "corbel lab run --memory 400 --dom0-memory 200 ...")
    }

    private func examineLeftovers() -> DoctorFinding {
        let runs = cache.folder.appendingPathComponent("runs").entries().filter {
            CacheCleaning.Kind(run: $0.lastPathComponent[...]) == .run
        }
        let locks = runs.map { $0.appendingPathComponent("lock") }.filter(\.exists)
        let running = locks.filter { FileLock(ifFree: $0) == nil }.count
        let unfinished = cache.folder.entries().filter { url in
            let name = url.lastPathComponent
            guard name.contains(".unfinished-"), case .entry(let stem, _) = CacheCleaning.Kind(entry: name[...]) else {
                return false
            }
            let lock = cache.folder.appendingPathComponent("\(stem).lock")
            return !lock.exists || FileLock(ifFree: lock) != nil
        }
        let over = runs.count - running
        let text = "\(running) running, logs of \(over) that failed"
        guard !unfinished.isEmpty else {
            return .init(name: "runs", state: .ok, text: text, remedy: over == 0 ? nil : "corbel lab clean --logs")
        }
        return .init(
            name: "runs", state: .warn, text: "\(text), \(unfinished.count) unfinished downloads of a corbel that died",
            remedy: "corbel lab clean")
    }

    private func examineUser() -> DoctorFinding {
        .init(name: "user", state: .ok, text: "\(NSUserName()); no root needed, no KVM")
    }
}
