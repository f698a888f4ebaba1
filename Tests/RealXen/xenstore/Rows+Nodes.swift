// Rows about nodes, their lists and domains, the same by both ways.

import XenstoreClient
import XenstoreWire

extension Rows {
    func nodes(_ client: XenstoreClient, _ other: XenstoreClient) throws(XenstoreError) {
        row(try client.read("/local/domain/0/name") == Array("Domain-0".utf8), "dom0's name can be read")
        row(try client.read("name") == Array("Domain-0".utf8), "and by a path relative to its home")
        refused(.notFound, "a node that is not there is ENOENT") { () throws(XenstoreError) in
            _ = try client.read(top + "/none")
        }
        row(try client.readIfPresent(top + "/none") == nil, "or nil")
        refused(.invalid, "a malformed path is EINVAL") { () throws(XenstoreError) in _ = try client.read("//") }
        try client.write(top + "/a/b", [0, 255, 0])
        row(try client.read(top + "/a/b") == [0, 255, 0], "bytes are read as they were written, NULs too")
        row(try other.read(top + "/a/b") == [0, 255, 0], "by another connection too")
        row(try client.read(top + "/a") == [], "the node above was made, empty")
        try client.mkdir(top + "/m")
        try client.mkdir(top + "/m")
        row(try client.read(top + "/m") == [], "mkdir makes an empty node, and once more changes nothing")
        let entries = [XenstorePermission(.none, domain: 0), XenstorePermission(.read, domain: 0)]
        try client.setPermissions(top + "/m", entries)
        row(try client.getPermissions(top + "/m") == entries, "permissions are read as they were set")
        row(try other.getPermissions(top + "/m") == entries, "by another connection too")
        try client.rm(top + "/a")
        row(try other.readIfPresent(top + "/a/b") == nil, "rm removes a node and all below it")
        refused(.notFound, "rm below what is not there is ENOENT") { () throws(XenstoreError) in
            try client.rm(top + "/none/x")
        }
    }

    func lists(_ client: XenstoreClient, _ other: XenstoreClient) throws(XenstoreError) {
        let names = (0..<500).map { "a-long-name-for-a-child-\($0)" }
        row(try client.directory(top + "/m") == [], "a node without children has an empty list")
        for name in names { try other.write(top + "/many/" + name, "") }
        let found = try client.directory(top + "/many")
        row(found.sorted() == names.sorted(), "a list of 14 KB comes whole, in parts", "\(found.count) names")
        row(try client.directory("/").contains("local"), "the root can be listed")
        try client.rm(top + "/many")
    }

    func domains(_ client: XenstoreClient) throws(XenstoreError) {
        row(try client.getDomainPath(5) == "/local/domain/5", "a domain's path, of one that is not there")
        row(try client.isDomainIntroduced(0), "dom0 is introduced")
        row(try !client.isDomainIntroduced(4711), "another is not")
    }
}
