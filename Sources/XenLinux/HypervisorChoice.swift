// Which platform a program runs on: option, then environment, then the real Xen. design.md section 3.
// Not for: parsing the rest of a command line.

internal import DaemonShell
public import SandboxClient
internal import StatisticsPage
internal import SystemCalls
public import XenABI
public import XenPlatform

/// A platform by the name that users give it.
public enum HypervisorChoice: Equatable, Sendable {
    /// `xen`: the Xen that we run on.
    case xen
    /// `sandbox:PATH`: the sandbox that listens on the unix socket at the path.
    case sandbox(path: String)

    /// Reads a name.
    public init(_ text: String) throws(HypervisorError) {
        let prefix = "sandbox:"
        if text.utf8.elementsEqual("xen".utf8) {
            self = .xen
        } else if text.utf8.starts(with: prefix.utf8), text.utf8.count > prefix.utf8.count {
            self = .sandbox(path: String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
        } else {
            throw .unknownName(text)
        }
    }

    /// Byte by byte, which brings no Unicode tables into Embedded Swift.
    public static func == (left: HypervisorChoice, right: HypervisorChoice) -> Bool {
        switch (left, right) {
        case (.xen, .xen): true
        case (.sandbox(let one), .sandbox(let other)): one.utf8.elementsEqual(other.utf8)
        default: false
        }
    }

    /// The value of `--hypervisor` if it was given; else that of `CORBEL_HYPERVISOR`, which is ignored when privileges
    /// are raised; else the real Xen.
    public static func choose(option: String?) throws(HypervisorError) -> HypervisorChoice {
        if let option { return try HypervisorChoice(option) }
        if let variable = environmentVariable("CORBEL_HYPERVISOR"), !variable.utf8.isEmpty {
            return try HypervisorChoice(variable)
        }
        return .xen
    }

    /// Opens the platform. With `CORBEL_RECORD=FILE` in the environment, which is ignored when privileges are raised,
    /// all that its servers are asked and answer is written into the file (TraceKit).
    public func open() throws(HypervisorError) -> Platform {
        let recorder = try RecordingFile.wanted()
        var platform = try connect()
        platform.observer = recorder
        return platform
    }

    private func connect() throws(HypervisorError) -> Platform {
        switch self {
        case .xen:
            do throws(XenError) {
                return try XenLinux.open()
            } catch {
                throw .xen(error)
            }
        case .sandbox(let path):
            let clock = SystemClock()
            do throws(SandboxError) {
                return try SandboxClient.open(
                    path: path, clock: clock, statistics: StatisticsFile.board(platform: .sandbox, clock: clock))
            } catch {
                throw .sandbox(error)
            }
        }
    }
}

/// Why there is no platform. The description is fit for users.
public enum HypervisorError: Error, Sendable, CustomStringConvertible {
    /// Neither `xen` nor `sandbox:PATH`.
    case unknownName(String)
    /// There is no connection to the sandbox.
    case sandbox(SandboxError)
    /// The real Xen can't be used.
    case xen(XenError)
    /// The file that `CORBEL_RECORD` names can't be written.
    case recording(path: String, String)

    public var description: String {
        switch self {
        case .unknownName(let name): "no such hypervisor: \"\(name)\" (say xen or sandbox:PATH)"
        case .sandbox(let error): error.description
        case .xen(let error): XenLinux.advice(for: error) ?? error.description
        case .recording(let path, let reason): "CORBEL_RECORD: \(path): \(reason)"
        }
    }
}
