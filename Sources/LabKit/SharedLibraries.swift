// Which shared libraries of this machine the user's programs need, found by ldd. Not for what a program opens by name
// while it runs, nor for Xen's own programs (PackagedLibraries).
import Foundation

/// Finds the libraries of programs.
struct SharedLibraries {
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
        let result = try ChildProcess.run(["ldd"] + programs.map(\.path), interruption: interruption)
        let found = try Self.libraries(String(decoding: result.output, as: UTF8.self), of: programs)
        return Self.withUnwinder(found)
    }

    /// glibc's pthread_cancel opens libgcc_s by name, so ldd does not say that a program needs it.
    static func withUnwinder(_ libraries: [Library]) -> [Library] {
        let name = Release.unwinder.library
        guard let glibc = libraries.first(where: { $0.place.hasSuffix("/libc.so.6") }),
            !libraries.contains(where: { $0.place.hasSuffix("/\(name)") })
        else { return libraries }
        let beside = URL(fileURLWithPath: glibc.source).deletingLastPathComponent().appendingPathComponent(name)
        guard beside.exists else { return libraries }
        return libraries + [Library(source: beside.path, place: "lib/x86_64-linux-gnu/\(name)")]
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
