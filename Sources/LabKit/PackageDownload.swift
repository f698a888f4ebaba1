// Fetches packages by the machine's own apt, which checks their signatures and hashes. Nothing is installed, and root
// is not needed. Not for unpacking.
import Foundation
import Glibc

/// Packages to fetch with `apt-get download`.
struct PackageDownload {
    /// A file that apt will fetch: `apt-get download --print-uris`.
    struct Item: Equatable {
        var name: String
        var bytes: Int
    }

    let interruption: Interruption
    let progress: ProgressLine

    /// Downloads `packages` and the current kernel's package into `folder`.
    func fetch(_ release: Release, into folder: URL) throws(LabError) {
        let packages = release.packages + [try currentKernel()]
        let items = try list(packages)
        let total = items.reduce(0) { $0 + $1.bytes }
        let names = items.map { folder.appendingPathComponent($0.name) }
        progress.stage("downloading \(items.count) packages") {
            let there = names.reduce(0) { $0 + ($1.fileBytes ?? 0) }
            return "\(there / 1_000_000) of \(total / 1_000_000) MB"
        }
        let command = apt + ["download"] + packages
        let result = try ChildProcess.run(command, in: folder, environment: Self.plain, interruption: interruption)
        if result.status != 0 { throw Self.explain(command, result) }
        for item in items where folder.appendingPathComponent(item.name).fileBytes != item.bytes {
            throw LabError(.failed, "apt-get did not fetch \(item.name) completely", remedy: "run the command again")
        }
    }

    /// Messages that we look into must not be translated.
    private static let plain = ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"]

    private var apt: [String] {
        // As root, apt would fetch as the user _apt, who can't write to our cache.
        ["apt-get", "-q=2"] + (geteuid() == 0 ? ["-o", "APT::Sandbox::User=root"] : [])
    }

    private func currentKernel() throws(LabError) -> String {
        let command = ["apt-cache", "depends", Release.kernelMetapackage]
        let result = try ChildProcess.run(command, environment: Self.plain, interruption: interruption)
        let words = String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        if let name = words.first(where: { $0.hasPrefix("linux-image-") && $0 != Release.kernelMetapackage }) {
            return String(name)
        }
        throw Self.missing(Release.kernelMetapackage)
    }

    private func list(_ packages: [String]) throws(LabError) -> [Item] {
        let command = apt + ["--print-uris", "download"] + packages
        let result = try ChildProcess.run(command, environment: Self.plain, interruption: interruption)
        if result.status != 0 { throw Self.explain(command, result) }
        return Self.items(String(decoding: result.output, as: UTF8.self))
    }

    /// Reads lines of `'URI' FILE BYTES HASH`.
    static func items(_ text: String) -> [Item] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 3, words[0].hasPrefix("'"), let bytes = Int(words[2]) else { return nil }
            return Item(name: String(words[1]), bytes: bytes)
        }
    }

    /// Turns apt's refusal into what to do about it.
    static func explain(_ command: [String], _ result: ChildOutput) -> LabError {
        for line in result.errors.split(separator: "\n") {
            for sign in ["Unable to locate package ", "Can't select candidate version from package "] {
                guard let range = line.range(of: sign) else { continue }
                let name = line[range.upperBound...].prefix { !$0.isWhitespace }
                return missing(String(name))
            }
            if line.contains("Can't find a source to download") || line.contains("404  Not Found") {
                return LabError(
                    .missingPackageLists, "apt's package lists are out of date: \(line)",
                    remedy: "sudo apt-get update")
            }
        }
        return ChildProcess.failure(command, result)
    }

    /// A package that apt does not know: for want of lists, or because the distribution has another Xen.
    static func missing(_ package: String, lists: URL = URL(fileURLWithPath: "/var/lib/apt/lists")) -> LabError {
        guard lists.entries().contains(where: { $0.lastPathComponent.contains("_Packages") }) else {
            return LabError(
                .missingPackageLists, "apt has no package lists, so it does not know \(package)",
                remedy: "sudo apt-get update")
        }
        return LabError(
            .missingPackage, "apt does not know the package \(package), which Debian 12 has",
            remedy: "sudo apt-get update; on another distribution, add Debian 12 (bookworm) to apt's sources")
    }
}
