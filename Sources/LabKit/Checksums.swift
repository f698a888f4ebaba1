// SHA-256 of files, by coreutils' sha256sum, which uses the processor's instructions for it.
import Foundation

enum Checksums {
    /// The digests, in lower-case hexadecimal digits, of the files called `names` in `folder`; those that can't be read
    /// are missing from it.
    static func sha256(
        _ names: [String], in folder: URL, _ interruption: Interruption
    ) throws(LabError) -> [String: String] {
        guard !names.isEmpty else { return [:] }
        let result = try ChildProcess.run(
            ["sha256sum", "--binary", "--"] + names, in: folder, interruption: interruption)
        return read(String(decoding: result.output, as: UTF8.self))
    }

    /// Reads lines of `DIGITS *NAME`.
    static func read(_ text: String) -> [String: String] {
        var sums: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].count == 64, parts[1].hasPrefix("*") else { continue }
            sums[String(parts[1].dropFirst())] = String(parts[0])
        }
        return sums
    }
}
