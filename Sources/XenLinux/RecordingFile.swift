// A file in which a program's requests are written down: CORBEL_RECORD.
// Not for: its form (TraceKit).

internal import SystemCalls
internal import TraceKit
internal import XenPlatform

/// The file. It is opened before the program gives up rights, and written while guests wait: what can't be written is
/// left out, and the guest goes on.
final class RecordingFile: RecordingSink {
    private let file: OwnedDescriptor

    /// A new file; one that is there is written anew.
    init(path: String) throws(SystemError) {
        file = try OwnedDescriptor.open(path: path, .write, [.create, .truncate, .noFollow], permissions: 0o600)
    }

    func append(_ bytes: Span<UInt8>) -> Bool {
        do throws(SystemError) {
            try file.writeAll(bytes)
            return true
        } catch {
            return false
        }
    }

    /// The observer that the environment asks for: `CORBEL_RECORD` names the file. Nil: none is asked for.
    static func wanted() throws(HypervisorError) -> RequestRecorder? {
        guard let path = environmentVariable("CORBEL_RECORD"), !path.utf8.isEmpty else { return nil }
        do throws(SystemError) {
            return RequestRecorder(try RecordingFile(path: path))
        } catch {
            throw .recording(path: path, error.description)
        }
    }
}
