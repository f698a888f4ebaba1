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
        return try Self.libraries(String(decoding: result.output, as: UTF8.self), of: programs)
    }

    /// Reads ldd's lines: `NAME => PATH (ADDRESS)`, `NAME => not found`, `PATH (ADDRESS)` for the dynamic linker.
    static func libraries(_ text: String, of programs: [URL]) throws(LabError) -> [Library] {
        var found: Set<Library> = []
        var program = programs.first?.path ?? ""
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            if !line.hasPrefix("\t"), line.hasSuffix(":") { program = String(line.dropLast()) }
            if words.count >= 4, words[1] == "=>", words[2] == "not" {
                throw LabError(.badInput, "\(program) needs the library \(words[0]), which is not on this machine")
            }
            if words.count >= 3, words[1] == "=>", words[2].hasPrefix("/") {
                found.insert(Library(source: words[2], place: "lib/x86_64-linux-gnu/\(words[0])"))
            } else if let linker = words.first, linker.hasPrefix("/"), linker.contains("/ld-linux-") {
                found.insert(Library(source: linker, place: "lib64/\(linker.split(separator: "/").last ?? "")"))
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
