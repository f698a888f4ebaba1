// The host's Xenstore as the start uses it: two settings are read, one node is written. Source: varstored.md 12.3,
// 12.5. Not for: what the settings mean (HostSettings.swift).

internal import DaemonShell
internal import SystemCalls
internal import XenLinux
internal import XenstoreClient

/// A connection for the time of the start; none where there is no Xenstore.
final class HostXenstore {
    /// An answer takes this long at most, in milliseconds.
    private static let timeoutMilliseconds: Int32 = 5000

    private let options: Options
    private let log: DaemonLog
    private var client: XenstoreClient?

    /// Connects.
    init(_ options: Options, on hypervisor: HypervisorChoice, _ log: DaemonLog) throws(StartEnd) {
        self.options = options
        self.log = log
        do throws(XenstoreError) {
            switch options.xenstore ?? Self.standard(on: hypervisor) {
            case .none: client = nil
            case .socket(let path):
                client = try XenstoreClient.connect(to: path, timeoutMilliseconds: Self.timeoutMilliseconds)
            case .standard: client = try XenstoreClient.connect(timeoutMilliseconds: Self.timeoutMilliseconds)
            }
        } catch {
            throw .failed("no Xenstore: \(error)")
        }
        if client == nil {
            log.write(
                .information, "xenstore", "none: the settings are those of --secureboot and --auth-enforce")
        }
    }

    /// A sandbox has none by itself.
    private static func standard(on hypervisor: HypervisorChoice) -> XenstoreChoice {
        hypervisor == .xen ? .standard : .none
    }

    /// The settings of this guest.
    func settings() throws(StartEnd) -> HostSettings {
        HostSettings(
            secureBootNode: try node(HostSettings.secureBootNode(options.domain)),
            enforceNode: try node(HostSettings.enforceNode(options.domain)), options)
    }

    private func node(_ path: String) throws(StartEnd) -> [UInt8]? {
        do throws(XenstoreError) {
            return try client?.readIfPresent(path)
        } catch {
            throw .failed("\(path): \(error)")
        }
    }

    /// Tells the toolstack that the daemon is ready. Source: varstored.md 12.3.
    func tellReady() throws(StartEnd) {
        let path = HostSettings.pidNode(options.domain)
        do throws(XenstoreError) {
            try client?.write(path, "\(processID)")
        } catch {
            throw .failed("\(path): \(error)")
        }
    }

    /// Lets the connection go: nothing else is asked of it.
    func close() { client = nil }
}
