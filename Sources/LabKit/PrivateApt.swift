// The machine's apt with package lists of our own, below the cache folder: for one suite of Debian, whose signature is
// checked against Debian's keys. The machine's lists are neither needed nor touched, nor is root. Its proxies and the
// rest of its apt.conf stay in force. Not for unpacking.
import Foundation
import Glibc

/// apt for one suite.
struct PrivateApt {
    /// Messages that we look into must not be translated.
    static let plain = ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"]

    let suite: String
    /// The user's choice; none for what the machine's apt is set to.
    let mirrors: [DebianMirror]
    let interruption: Interruption
    let progress: ProgressLine
    let cache: PackageCache
    let folder: URL
    private let lock: FileLock

    /// The state in the folder `apt` of the cache, locked: two labs can't use one at once.
    init(
        suite: String, mirrors: [DebianMirror], in cache: PackageCache, interruption: Interruption,
        progress: ProgressLine
    ) throws(LabError) {
        self.suite = suite
        self.mirrors = mirrors
        self.interruption = interruption
        self.progress = progress
        self.cache = cache
        let states = cache.folder.appendingPathComponent("apt")
        folder = states.appendingPathComponent(suite)
        try folder.makeFolder()
        lock = try FileLock(
            states.appendingPathComponent("\(suite).lock"), interruption: interruption,
            waiting: { progress.stage("waiting for another corbel that fetches packages") })
        for name in ["lists/partial", "archives/partial", "none"] {
            try folder.appendingPathComponent(name).makeFolder()
        }
        try configuration.replace(with: Self.settings)
    }

    private var configuration: URL { folder.appendingPathComponent("apt.conf") }
    private var sources: URL { folder.appendingPathComponent("suite.sources") }

    /// Read after the machine's own settings. Its hooks are for its own lists, its preferences for its own packages.
    private static var settings: String {
        """
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        #clear APT::Architectures;
        APT::Architecture "amd64";
        APT::Architectures { "amd64"; };
        APT::Default-Release "";
        APT::Update::Error-Mode "any";
        APT::Get::AllowUnauthenticated "false";
        Acquire::AllowInsecureRepositories "false";
        Acquire::AllowWeakRepositories "false";
        Acquire::AllowDowngradeToInsecureRepositories "false";
        Acquire::GzipIndexes "true";
        Acquire::Languages "none";
        Dir::Etc::preferences "/dev/null";
        Dir::State::lists "lists/";
        Dir::State::status "/dev/null";
        Dir::Cache::archives "archives/";
        Dir::Cache::pkgcache "pkgcache.bin";
        Dir::Cache::srcpkgcache "";

        """
            // As root, apt would fetch as the user _apt, who can't write to our cache.
            + (geteuid() == 0 ? "APT::Sandbox::User \"root\";\n" : "")
    }

    /// apt-get or apt-cache, set to our state. Paths go as options: a configuration has no way to quote all of them.
    func command(_ program: String, _ words: [String]) -> [String] {
        let none = folder.appendingPathComponent("none").path
        let paths = [
            "Dir::State=\(folder.path)/", "Dir::Cache=\(folder.path)/", "Dir::Etc::sourcelist=\(sources.path)",
            "Dir::Etc::sourceparts=\(none)", "Dir::Etc::preferencesparts=\(none)",
        ]
        return [program, "-q=2", "-c", configuration.path] + paths.flatMap { ["-o", $0] } + words
    }

    func run(_ program: String, _ words: [String], in place: URL? = nil) throws(LabError) -> String {
        let words = command(program, words)
        let result = try ChildProcess.run(words, in: place, environment: Self.plain, interruption: interruption)
        if result.status != 0 {
            throw AptComplaint(result.errors, status: result.status).error(mirror: chosen?.base, suite: suite)
        }
        return String(decoding: result.output, as: UTF8.self)
    }

    /// Runs `body` with the package lists that are there; when it fails with them, or there are none, with fresh ones,
    /// of the first mirror that has the suite with Debian's signature, and what `body` asks for.
    func withLists<Value>(_ body: () throws(LabError) -> Value) throws(LabError) -> Value {
        let mirrors = try mirrors.isEmpty ? DebianMirror.ofMachine(interruption) : mirrors
        if haveLists(of: mirrors) {
            do throws(LabError) { return try body() } catch {
                switch error.reason {
                case .diskFull, .interrupted: throw error
                case .unreachable: if mirrors.count == 1 { throw error }
                default: break  // a list that is garbled, or names packages that are gone
                }
            }
        }
        let keyring = try DebianKeyring.find()
        var errors: [LabError] = []
        for mirror in mirrors {
            do throws(LabError) { try refresh(from: mirror, keyring) } catch {
                switch error.reason {
                case .diskFull, .interrupted: throw error
                default: errors.append(error)
                }
                continue
            }
            do throws(LabError) { return try body() } catch {
                switch error.reason {
                case .unreachable, .missingPackage: errors.append(error)
                default: throw error
                }
            }
        }
        throw joined(errors)
    }

    /// Of mirrors that the user named each has its say. Of the machine's own the likeliest does: others may be of other
    /// archives that use Debian's names.
    private func joined(_ errors: [LabError]) -> LabError {
        guard let first = errors.first else { return LabError(.missingMirror, "there is no mirror of Debian to ask") }
        let messages = errors.map(\.message)
        return mirrors.isEmpty
            ? first : LabError(first.reason, messages.joined(separator: "; "), remedy: first.remedy)
    }

    /// The mirror that our lists are of.
    private var chosen: DebianMirror? {
        guard let text = try? String(contentsOf: sources, encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("URIs: ") }
        return line.flatMap { try? DebianMirror(String($0.dropFirst("URIs: ".count))) }
    }

    private func haveLists(of mirrors: [DebianMirror]) -> Bool {
        let names = folder.appendingPathComponent("lists").entries().map(\.lastPathComponent)
        guard names.contains(where: { $0.contains("_Packages") }),
            names.contains(where: { $0.hasSuffix("_InRelease") }),
            let chosen
        else { return false }
        return mirrors.contains(chosen)
    }

    /// Fetches the lists anew; when that fails there are none.
    private func refresh(from mirror: DebianMirror, _ keyring: String) throws(LabError) {
        progress.stage("fetching Debian's package lists (\(suite))")
        // What is left of older lists would be believed where it looks current.
        removeLists()
        try folder.appendingPathComponent("lists/partial").makeFolder()
        let text = """
            Types: deb
            URIs: \(mirror.base)
            Suites: \(suite)
            Components: main
            Architectures: amd64
            Targets: Packages
            Signed-By: \(keyring)

            """
        try sources.replace(with: text)
        do throws(LabError) { _ = try run("apt-get", ["update"]) } catch {
            removeLists()
            throw error
        }
    }

    /// Removes what apt can make of its lists again in a second; it is larger than they are.
    func tidy() { folder.appendingPathComponent("pkgcache.bin").remove() }

    private func removeLists() {
        for list in folder.appendingPathComponent("lists").entries() { list.remove() }
    }
}

/// What apt said when it failed.
struct AptComplaint {
    private let lines: [Substring]
    private let status: Int32

    init(_ errors: String, status: Int32) {
        lines = errors.split(separator: "\n")
        self.status = status
    }

    /// The line that tells most: why a file could not be fetched, else the first error.
    private var reason: String {
        let fetch = "Failed to fetch "
        for line in lines {
            guard let range = line.range(of: fetch) else { continue }
            let words = line[range.upperBound...].split(separator: " ", maxSplits: 1)
            if words.count == 2 { return words[1].trimmingCharacters(in: .whitespaces) }
        }
        let line = lines.first { $0.hasPrefix("E: ") } ?? lines.first { $0.hasPrefix("W: ") } ?? lines.first
        return line.map { $0.hasPrefix("E: ") || $0.hasPrefix("W: ") ? String($0.dropFirst(3)) : String($0) }
            ?? "it ended with status \(status)"
    }

    private func says(_ words: [String]) -> Bool { lines.contains { line in words.contains { line.contains($0) } } }

    /// As an error of an apt that asked no mirror.
    var error: LabError { LabError(.failed, "apt-get failed: \(reason)") }

    func error(mirror: String?, suite: String) -> LabError {
        if says(["No space left on device"]) { return .diskFull() }
        let mirror = mirror.map { "the mirror \($0)" } ?? "Debian's mirror"
        let another = "name another one: --mirror URL, or \(DebianMirror.variable)=URL in the environment"
        if says(["NO_PUBKEY", "is not signed", "EXPKEYSIG", "BADSIG", "signatures couldn't be verified", "NODATA"]) {
            return LabError(
                .unsigned, "\(mirror) has no \(suite) with a good signature of Debian's: \(reason)",
                remedy: "sudo apt-get install --only-upgrade \(DebianKeyring.package), or \(another)")
        }
        let signs = [
            "resolv", "ould not connect", "Unable to connect", "onnection refused", "onnection timed out",
            "onnection failed", "is unreachable", "Could not handshake",
        ]
        if says(signs) {
            return LabError(
                .unreachable, "\(mirror) can't be reached: \(reason)",
                remedy: "a network is needed until the cache is filled (corbel lab fetch); else \(another)")
        }
        if says(["404 "]) {
            return LabError(.missingPackage, "\(mirror) does not have Debian's \(suite): \(reason)", remedy: another)
        }
        return LabError(.failed, "apt failed to fetch from \(mirror) (\(suite)): \(reason)", remedy: another)
    }
}
