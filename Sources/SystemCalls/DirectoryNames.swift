// What lies in a folder.
// Not for: what the names stand for.

internal import CSystem

/// Names in a folder but "." and "..", `countMax` at most, in no order. Throws what `opendir` answers.
public func directoryNames(path: String, countMax: Int) throws(SystemError) -> [String] {
    // SAFETY: withCString gives a terminated string that lives throughout the call.
    guard let folder = unsafe path.withCString({ unsafe opendir($0) }) else {
        throw SystemError(corbel_errno(), "opendir")
    }
    // SAFETY: opened above, closed once, not used afterwards.
    defer { unsafe closedir(folder) }
    var names: [String] = []
    // SAFETY: an entry is good until the next call for the same folder; its name is terminated and copied at once.
    while names.count < countMax, let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
            unsafe start.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        let bytes = name.utf8
        if bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) { continue }
        names.append(name)
    }
    return names
}
