// Which shared libraries programs need, found by ldd. Not for what a program opens by name while it runs.
import Foundation

/// Finds the libraries of programs, in `folders` before this machine's own.
struct SharedLibraries {
    var folders: [URL] = []
    let interruption: Interruption

    /// A library or dynamic linker: where it is here, and where dom0 will look for it.
    struct Library: Hashable {
        var source: String
        var place: String
    }

    /// The libraries of all of `programs`, each once. Files that are not dynamic ELF files need none.
    func needed(by programs: [URL]) throws(LabError) -> [Library] {
        let programs = programs.filter(Self.isELF)
        guard !programs.isEmpty else { return [] }
        let path = folders.map(\.path).joined(separator: ":")
        let result = try ChildProcess.run(
            ["ldd"] + programs.map(\.path), environment: path.isEmpty ? [:] : ["LD_LIBRARY_PATH": path],
            interruption: interruption)
        let found = try Self.libraries(String(decoding: result.output, as: UTF8.self), of: programs)
        return found.map(fromFolders)
    }

    /// ldd names this machine's dynamic linker; one that comes with the libraries must go with them.
    private func fromFolders(_ library: Library) -> Library {
        guard library.place.hasPrefix("lib64/") else { return library }
        let name = String(library.place.dropFirst("lib64/".count))
        let own = folders.map { $0.appendingPathComponent(name) }.first { $0.exists }
        return Library(source: own?.path ?? library.source, place: library.place)
    }

    /// Reads ldd's lines: `NAME => PATH (ADDRESS)`, `NAME => not found`, `PATH (ADDRESS)` for the dynamic linker.
    static func libraries(_ text: String, of programs: [URL]) throws(LabError) -> [Library] {
        var found: Set<Library> = []
        var program = programs.first?.path ?? ""
        for line in text.split(separator: "\n") {
            guard line.hasPrefix("\t") else {
                if line.hasSuffix(":") { program = String(line.dropLast()) }
                continue
            }
            // Names and paths may have spaces.
            let end = line.range(of: " (0x", options: .backwards)?.lowerBound ?? line.endIndex
            let entry = line[..<end].dropFirst()
            if let arrow = entry.range(of: " => ") {
                let (name, path) = (entry[..<arrow.lowerBound], String(entry[arrow.upperBound...]))
                if path == "not found" {
                    throw LabError(.badInput, "\(program) needs the library \(name), which is not on this machine")
                }
                if path.hasPrefix("/") { found.insert(Library(source: path, place: "lib/x86_64-linux-gnu/\(name)")) }
            } else if entry.hasPrefix("/"), entry.contains("/ld-linux-") {
                let name = entry.split(separator: "/").last ?? ""
                found.insert(Library(source: String(entry), place: "lib64/\(name)"))
            }
        }
        return found.sorted { $0.place < $1.place }
    }

    static func isELF(_ url: URL) -> Bool {
        guard let handle = try? FileHandle(forReadingFrom: url) else { return false }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 4)) == Data([0x7f, 0x45, 0x4c, 0x46])
    }
}

extension CpioArchive {
    /// Adds libraries at their places.
    mutating func add(_ libraries: [SharedLibraries.Library]) throws(LabError) {
        for library in libraries { try add(file: URL(fileURLWithPath: library.source), at: library.place) }
    }
}
