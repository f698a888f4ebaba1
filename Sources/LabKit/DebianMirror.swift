// Which mirror of Debian the packages come from: the user's word, else what the machine's apt is set to. No host is
// named in this program. Not for fetching (PrivateApt).
import Foundation

/// The base of a Debian archive, such as `http://HOST/debian`.
public struct DebianMirror: Hashable, Sendable {
    /// The environment's word for a mirror.
    public static let variable = "CORBEL_DEBIAN_MIRROR"

    let base: String

    /// A mirror that the user names. Throws when apt could not take it for one.
    public init(_ text: String) throws(LabError) {
        let plain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
        guard plain, let colon = text.firstIndex(of: ":"), colon > text.startIndex,
            text[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }),
            text[text.index(after: colon)...].hasPrefix("/")
        else {
            throw LabError(
                .badInput, "\"\(text)\" is not the address of a Debian mirror", remedy: "http://HOST/debian is one")
        }
        self.init(base: text)
    }

    private init(base: String) {
        self.base = String(base.reversed().drop { $0 == "/" }.reversed())
    }

    /// What CORBEL_DEBIAN_MIRROR says, addresses with spaces between them; none when it says nothing.
    public static func ofEnvironment(_ environment: [String: String]? = nil) throws(LabError) -> [DebianMirror] {
        let text = (environment ?? ProcessInfo.processInfo.environment)[variable] ?? ""
        return try text.split(separator: " ").map { word throws(LabError) in try DebianMirror(String(word)) }
    }

    /// Suites that only Debian's own archive, and those who copy its names, have.
    private static let suites: Set<Substring> = [
        "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldoldstable", "oldstable", "stable",
        "testing", "unstable",
    ]

    /// The mirrors in the answer to `apt-get --print-uris update`, lines of `'BASE/dists/SUITE/FILE' NAME SIZE`; those
    /// in `known`, which apt has seen Debian's signature on, first, and those that have Debian's updates next: others
    /// too use Debian's names for their suites.
    static func candidates(_ text: String, known: [DebianMirror] = []) -> [DebianMirror] {
        var (found, withUpdates): ([DebianMirror], Set<DebianMirror>) = ([], [])
        for line in text.split(separator: "\n") where line.hasPrefix("'") {
            let address = line.dropFirst().prefix { $0 != "'" }
            guard let dists = address.range(of: "/dists/", options: .backwards), !address.hasPrefix("cdrom:") else {
                continue
            }
            let mirror = DebianMirror(base: String(address[..<dists.lowerBound]))
            let parts = address[dists.upperBound...].split(separator: "/")
            guard parts.count == 2, parts[1] == "InRelease" else { continue }
            if suites.contains(parts[0]) {
                if !found.contains(mirror) { found.append(mirror) }
            } else if let dash = parts[0].firstIndex(of: "-"), suites.contains(parts[0][..<dash]),
                ["-updates", "-backports", "-proposed-updates"].contains(parts[0][dash...])
            {
                withUpdates.insert(mirror)
            }
        }
        func rank(_ mirror: DebianMirror) -> Int { known.contains(mirror) ? 0 : withUpdates.contains(mirror) ? 1 : 2 }
        return (0...2).flatMap { wanted in found.filter { rank($0) == wanted } }
    }

    /// The mirrors that the machine's apt is set to, the likeliest first. Needs no package lists and no network.
    static func ofMachine(_ interruption: Interruption) throws(LabError) -> [DebianMirror] {
        func ask(_ words: [String]) throws(LabError) -> ChildOutput {
            try ChildProcess.run(["apt-get"] + words, environment: PrivateApt.plain, interruption: interruption)
        }
        let result = try ask(["--print-uris", "update"])
        if result.status != 0 { throw AptComplaint(result.errors, status: result.status).error }
        let text = String(decoding: result.output, as: UTF8.self)
        let found = candidates(text)
        if found.isEmpty {
            throw LabError(
                .missingMirror,
                "apt on this machine is set to no mirror of Debian, whose packages the lab takes Xen from",
                remedy: "name one: --mirror URL, or \(variable)=URL in the environment")
        }
        guard found.count > 1 else { return found }
        let known = try ask(["indextargets", "--format", "$(REPO_URI)", "Origin: Debian"]).output
        let lines = String(decoding: known, as: UTF8.self).split(separator: "\n")
        return candidates(text, known: lines.map { DebianMirror(base: String($0)) })
    }
}

/// Debian's keys on this machine.
enum DebianKeyring {
    static let package = "debian-archive-keyring"

    /// The keyring's file. Newer packages have it under the second name too.
    static let places = ["gpg", "pgp"].map { "/usr/share/keyrings/\(package).\($0)" }

    /// Where it is. Without it nothing is fetched: nothing could be checked.
    static func find(_ places: [String] = places) throws(LabError) -> String {
        if let place = places.first(where: { FileManager.default.isReadableFile(atPath: $0) }) { return place }
        throw LabError(
            .missingPackage, "Debian's keys are not on this machine, so no package of Debian's can be checked",
            remedy: "sudo apt-get install \(package)")
    }
}
