// The programs of this machine that the lab needs, and what to install when one is missing.
import Foundation

/// Looks for programs in PATH.
public struct HostTools: Sendable {
    /// Program and the Debian package that has it.
    static let needed: [(program: String, package: String)] = [
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("apt-get", "apt"), ("apt-cache", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar"), ("xz", "xz-utils"),
        ("gzip", "gzip"), ("sha256sum", "coreutils"), ("ldd", "libc-bin"), ("setpriv", "util-linux"), ("sh", "dash"),
    ]

    private let folders: [String]

    /// Tools found in the folders of `path`, which is PATH by default.
    public init(path: String? = nil) {
        let path = path ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        folders = path.split(separator: ":").map(String.init)
    }

    /// Where the program `name` is, nil when it is nowhere.
    public func find(_ name: String) -> String? {
        folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Throws an error that names every missing program's package.
    public func check() throws(LabError) {
        let missing = Self.needed.filter { find($0.program) == nil }
        guard let first = missing.first else { return }
        var packages: [String] = []
        for tool in missing where !packages.contains(tool.package) { packages.append(tool.package) }
        let names = missing.map(\.program).joined(separator: ", ")
        throw LabError(
            .missingTool,
            missing.count == 1 ? "\(first.program) is not installed" : "these programs are not installed: \(names)",
            remedy: "sudo apt-get install \(packages.joined(separator: " "))")
    }
}
