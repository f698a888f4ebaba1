// Packages of one suite, from the names to verified files: apt checks signatures and hashes, and every file is looked
// at once more before it is unpacked. Nothing is installed. Not for unpacking.
import Foundation

/// Packages to fetch with `apt-get download`.
struct PackageDownload {
    /// A file that apt will fetch: `apt-get download --print-uris`.
    struct Item: Equatable {
        var name: String
        var bytes: Int
        /// Lower-case hexadecimal digits.
        var sha256: String
    }

    /// Packages by their names.
    struct Wanted {
        var names: [String]
        /// A package that stands for the newest of those it depends on, as linux-image-amd64 does.
        var metapackage: String?
        /// Whether the library packages that they depend on are wanted too.
        var libraries = false
    }

    let apt: PrivateApt

    /// Downloads the packages into `folder`, and returns the files. Which they are is asked anew whenever there are new
    /// lists: a kernel's name changes with its version.
    func fetch(_ what: String, _ wanted: Wanted, into folder: URL, workBytes: Int) throws(LabError) -> [URL] {
        try apt.withLists { () throws(LabError) in
            var names = wanted.names
            if let metapackage = wanted.metapackage { names.append(try current(metapackage)) }
            let packages = try wanted.libraries ? closure(of: names) : names
            let items = Self.items(try apt.run("apt-get", ["--print-uris", "download"] + packages))
            guard !items.isEmpty else { throw LabError(.failed, "apt names no files for \(names[0])") }
            let total = items.reduce(0) { $0 + $1.bytes }
            try apt.cache.folder.checkFreeBytes(total + workBytes)
            let files = items.map { folder.appendingPathComponent($0.name) }
            let begun = ContinuousClock.now
            apt.progress.stage("downloading \(what)") {
                let there = files.reduce(0) { $0 + ($1.fileBytes ?? 0) }
                return DownloadRate(bytes: there, total: total, seconds: (ContinuousClock.now - begun).seconds).text
            }
            _ = try apt.run("apt-get", ["download"] + packages, in: folder)
            let sums = try Checksums.sha256(items.map(\.name), in: folder, apt.interruption)
            for item in items where sums[item.name] != item.sha256 {
                throw LabError(.failed, "apt-get did not fetch \(item.name) as its list has it")
            }
            return files
        }
    }

    /// The newest package that the metapackage `name` depends on.
    private func current(_ name: String) throws(LabError) -> String {
        let stem = name.split(separator: "-").prefix(2).joined(separator: "-") + "-"
        let dependencies = Self.dependencies(try apt.run("apt-cache", ["depends", "--important", name]))
        if let found = dependencies[name]?.first(where: { $0.hasPrefix(stem) }) { return found }
        throw LabError(.missingPackage, "Debian's \(apt.suite) has no package \(name)")
    }

    /// `names` and every library package that they depend on, through others too.
    private func closure(of names: [String]) throws(LabError) -> [String] {
        Self.closure(of: names, try apt.run("apt-cache", ["depends", "--recurse", "--important"] + names))
    }

    static func closure(of names: [String], _ text: String) -> [String] {
        let dependencies = dependencies(text)
        var (all, next) = (names, 0)
        while next < all.count {
            for package in dependencies[all[next]] ?? []
            where (package.hasPrefix("lib") || package.hasPrefix("zlib")) && !all.contains(package) {
                all.append(package)
            }
            next += 1
        }
        return all
    }

    /// Reads a package's name on a line, then lines of `  Depends: NAME`, ` |Depends: NAME` (one of several) and
    /// `  PreDepends: NAME`; `<NAME>` is a name that several packages provide, listed on lines of their own.
    static func dependencies(_ text: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        var package = ""
        for line in text.split(separator: "\n") {
            guard let first = line.first, first == " " else {
                package = String(line)
                continue
            }
            let words = line.split(whereSeparator: { $0 == " " || $0 == "|" })
            guard words.count == 2, words[0] == "Depends:" || words[0] == "PreDepends:", !words[1].hasPrefix("<") else {
                continue
            }
            found[package, default: []].append(String(words[1]))
        }
        return found
    }

    /// Reads lines of `'URI' FILE BYTES SHA256:DIGITS`.
    static func items(_ text: String) -> [Item] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 4, words[0].hasPrefix("'"), let bytes = Int(words[2]), words[3].hasPrefix("SHA256:"),
                !words[1].contains("/")
            else { return nil }
            return Item(name: String(words[1]), bytes: bytes, sha256: words[3].dropFirst(7).lowercased())
        }
    }
}

/// How far a download is.
struct DownloadRate {
    var bytes: Int
    var total: Int
    var seconds: Double

    /// "12 of 75 MB, 3.4 MB/s".
    var text: String {
        let rate = seconds > 0.5 ? ", \(tenths(Double(bytes) / 1e6 / seconds)) MB/s" : ""
        return "\(bytes / 1_000_000) of \(total / 1_000_000 + 1) MB\(rate)"
    }
}
