// A folder with ordinary files in place of Xen's nodes: they open, read, write and map, and answer every ioctl with
// ENOTTY.

import SystemCalls
import Synchronization
import XenABI
import XenLinux
import XenPlatform

/// Made for a test, and removed with it.
final class DeviceFolder {
    private static let count = Atomic<Int>(0)

    let path: String
    private let names: [String]

    init(_ names: String...) throws(SystemError) {
        let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/corbel-nodes-\(processID)-\(number)"
        self.names = names
        try makeDirectory(path: path)
        for name in names { try OwnedDescriptor.open(path: path + "/" + name, .write, .create).close() }
    }

    deinit {
        for name in names { try? removeFile(path: path + "/" + name) }
        try? removeDirectory(path: path)
    }

    /// Replaces a file's bytes.
    func fill(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        try OwnedDescriptor.open(path: path + "/" + name, .write, .truncate).writeAll(bytes.span)
    }

    /// A file's first bytes.
    func bytes(_ name: String, _ count: Int) throws(SystemError) -> [UInt8] {
        let file = try OwnedDescriptor.open(path: path + "/" + name, .read)
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let had = try file.read(into: &span)
        return Array(bytes.prefix(had))
    }
}

/// The error of a call; nil when it gave none.
func errorOf(_ body: () throws(XenError) -> Void) -> XenError? {
    do throws(XenError) {
        try body()
        return nil
    } catch {
        return error
    }
}
