// What only tests ask of the file system.
// Not for: the library, which makes no links.

import Glibc

extension StateFileTests {
    /// A symbolic link in the folder.
    func link(_ target: String, _ name: String) throws {
        // SAFETY: both texts live throughout the call.
        let code = unsafe symlink(target, "\(folder.path)/\(name)")
        if code != 0 { throw LinkFailure(code: errno) }
    }

    /// The permissions of a file.
    func permissions(_ path: String) throws -> UInt32 {
        var information = stat()
        // SAFETY: the call fills in our structure.
        let code = unsafe lstat(path, &information)
        if code != 0 { throw LinkFailure(code: errno) }
        return UInt32(information.st_mode) & 0o7777
    }
}

struct LinkFailure: Error {
    var code: Int32
}
