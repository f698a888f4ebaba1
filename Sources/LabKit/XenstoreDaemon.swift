// The Xenstore daemon of a boot's toolstack: which one it is, and where ours is found.
// Not for: starting it (Lab/dom0-init), the packaged ones (ReleaseAssembly).
import Foundation

/// Who serves the Xenstore in dom0.
public enum XenstoreDaemon: String, CaseIterable, Sendable {
    /// Corbel's: the xenstored beside this program.
    case ours
    /// The release's xenstored, in C.
    case c
    /// The release's oxenstored.
    case ocaml

    /// Where ours lies in dom0; dom0-init starts it there.
    static let place = "corbel/xenstored"

    /// Our xenstored: beside this program, or in the sbin beside its bin, where `make install` puts it. One that is
    /// there and not ours, the distribution's, is not taken.
    static func program(beside own: URL = ownProgram) throws(LabError) -> URL {
        let folder = own.deletingLastPathComponent()
        let beside = folder.appendingPathComponent("xenstored")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        let installed = folder.deletingLastPathComponent().appendingPathComponent("sbin/xenstored")
        if let bytes = try? Data(contentsOf: installed, options: .mappedIfSafe), bytes.range(of: mark) != nil {
            return installed
        }
        throw LabError(
            .badInput, "there is no \(beside.path), which the toolstack starts",
            remedy: "build it (swift build -c release --product xenstored), or take the release's own by --xenstored c")
    }

    private static var ownProgram: URL { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath() }
    /// What every copy of ours says and no other xenstored: the start of its warning about Xen before 4.21.
    private static let mark = Data("this Xen has no stable domain state call".utf8)

    /// A copy without symbols, which are most of it, for dom0's memory; the program itself where nothing can strip it.
    static func stripped(_ program: URL, to copy: URL, _ interruption: Interruption) -> URL {
        guard let strip = HostTools().find("strip") else { return program }
        do throws(LabError) {
            try ChildProcess.runChecked([strip, "-o", copy.path, program.path], interruption: interruption)
            return copy
        } catch {
            return program
        }
    }
}
