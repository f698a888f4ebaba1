// The libraries that a release's own programs need, found in the unpacked packages and nowhere else. Not for programs
// of the user: theirs are this machine's (SharedLibraries).
import Foundation

/// Finds libraries below the root of unpacked packages.
struct PackagedLibraries {
    let root: URL

    /// Where Debian's packages put them; before and after the merge of /lib into /usr.
    private static let folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]

    /// Everything that the programs need, by name: libraries, the libraries' libraries, the dynamic linker.
    func needed(by programs: [URL], and opened: [String] = []) throws(LabError) -> [String: URL] {
        var found: [String: URL] = [:]
        var left: [(name: String, user: String)] = opened.map { ($0, "the lab") }
        for program in programs { left += try wishes(of: program) }
        while let (name, user) = left.popLast() {
            guard found[name] == nil else { continue }
            guard let library = find(name) else {
                throw LabError(
                    .failed, "\(user) needs the library \(name), which is in none of the packages fetched for it")
            }
            found[name] = library
            left += try wishes(of: library)
        }
        return found
    }

    private func wishes(of file: URL) throws(LabError) -> [(name: String, user: String)] {
        let user = file.lastPathComponent
        guard file.isInside(root), let bytes = try? Data(contentsOf: file, options: .mappedIfSafe) else {
            throw LabError(.failed, "the packages lack \(user)")
        }
        do throws(ELFFile.Problem) {
            let elf = try ELFFile(bytes)
            let linker = elf.interpreter.map { [URL(fileURLWithPath: $0).lastPathComponent] } ?? []
            return (elf.needed + linker).map { ($0, user) }
        } catch {
            throw LabError(.failed, "\(user) in the packages is not a whole ELF file for x86-64")
        }
    }

    private func find(_ name: String) -> URL? {
        guard !name.contains("/") else { return nil }
        return Self.folders.map { root.appendingPathComponent("\($0)/\(name)") }.first { $0.exists }
    }
}

extension URL {
    /// Whether it is below `folder`, links followed: an absolute link in a package leads to a file of this machine.
    func isInside(_ folder: URL) -> Bool {
        resolvingSymlinksInPath().path.hasPrefix(folder.resolvingSymlinksInPath().path + "/")
    }
}
