// Packaged programs in dom0 with the libraries of their own suite: a folder holds them, the libraries and the dynamic
// linker, and a wrapper starts them there. The user's programs have this machine's libraries at the usual places, and
// the two never meet. No chroot: paths, /proc and sockets are the same for all.
import Foundation

/// A folder of programs and their libraries, in an archive.
struct OwnPrograms {
    /// Where it is in dom0, without the leading slash.
    let folder: String
    /// The unpacked packages.
    let root: URL

    private static let linker = "ld-linux-x86-64.so.2"

    /// Starts the program of its own name. The kernel names a process after the file it starts, hence a link to the
    /// dynamic linker for each program. `options` come before the user's.
    private func wrapper(_ options: String) -> String {
        """
        #!/bin/sh
        # Runs the program of this link's name with the libraries of its own suite.
        name=${0##*/}
        exec /\(folder)/linker/$name --library-path /\(folder)/lib /\(folder)/programs/$name\(options) "$@"

        """
    }

    /// Adds the programs, given as paths in the packages, so that they are started from the folder `place` of dom0.
    /// `plugins` are files that they open by themselves, whose libraries are wanted too.
    func add(
        _ programs: [String], at place: String, options: String = "", plugins: [URL] = [], to archive: inout CpioArchive
    ) throws(LabError) {
        let files = programs.map { root.appendingPathComponent($0) }
        let libraries = try PackagedLibraries(root: root).needed(
            by: files + plugins, and: [Release.unwinder.library, Self.linker])
        for (name, file) in libraries.sorted(by: { $0.key < $1.key }) {
            // The dynamic linker must be executable; other libraries need not be, and in newer suites are not.
            try archive.add(
                try .mapped(file), at: "\(folder)/lib/\(name)", permissions: name == Self.linker ? 0o755 : 0o644)
        }
        let runner = "run-in-\(URL(fileURLWithPath: folder).lastPathComponent)"
        for file in files {
            let name = file.lastPathComponent
            try archive.add(try .mapped(file), at: "\(folder)/programs/\(name)", permissions: 0o755)
            try archive.add(link: "\(folder)/linker/\(name)", to: "../lib/\(Self.linker)")
            try archive.add(link: "\(place)/\(name)", to: runner)
        }
        try archive.add(Data(wrapper(options).utf8), at: "\(place)/\(runner)", permissions: 0o755)
    }
}

extension Data {
    /// The bytes of a file, mapped.
    static func mapped(_ url: URL) throws(LabError) -> Data {
        do { return try Data(contentsOf: url, options: .mappedIfSafe) } catch {
            throw .file(error, "read \(url.path)")
        }
    }
}
