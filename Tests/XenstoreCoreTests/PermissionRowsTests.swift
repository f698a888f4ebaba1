// Rows 62 to 88 of xenstored.md 18, and the examples of 6.6: who may do what.

import Testing
import XenstoreCore
import XenstoreWire

@Suite("Permissions")
struct PermissionRowsTests {
    @Test("62, 63, 64, 65: what a guest may not see, is hidden: EACCES unless what is above may be seen")
    func hiding() throws {
        try verify(
            """
            D1> READ /sec|
            D1< EACCES
            D1> READ /sec/none|
            D1< EACCES
            D1> READ /pub/none|
            D1< ENOENT
            D1> READ /pub/none/none|
            D1< ENOENT
            D1> READ /none|
            D1< EACCES
            """)
    }

    @Test("66, 67, 68, 69: nodes are made as their parents are, a guest's as its own")
    func newNodes() throws {
        try verify(
            """
            D1> WRITE /pub|x
            D1< EACCES
            D1> WRITE /pub/k|x
            D1< EACCES
            D1> WRITE /drop/x|1
            D1< OK|
            D1> GET_PERMS /drop/x|
            D1< b1|
            S> WRITE /local/domain/1/data/s|1
            S< OK|
            S> GET_PERMS /local/domain/1/data/s|
            S< n1|
            D2> READ /local/domain/1/data|
            D2< EACCES
            """)
    }

    @Test("70: permissions that are set let a guest read, and watches hear of it")
    func setPermissions() throws {
        try verify(
            """
            S> WATCH /sec|t|
            S< OK|
            S! /sec
            S> SET_PERMS /sec|n0|r1|
            S! /sec
            S< OK|
            D1> READ /sec|
            D1< sec
            """)
    }

    @Test("71, 72, 73: a guest sets the permissions of its own nodes, and stays their owner")
    func ownNodes() throws {
        try verify(
            """
            D1> SET_PERMS data|n1|r2|
            D1< OK|
            D2> READ /local/domain/1/data|
            D2< 
            D1> SET_PERMS data|n2|
            D1< EPERM
            D2> SET_PERMS /drop|b2|
            D2< EACCES
            """)
    }

    @Test("74, 75, 76: entries that are none are EINVAL, an owner that doesn't exist ENOENT, all domains EINVAL")
    func badEntries() throws {
        try verify(
            """
            S> SET_PERMS /pub|x0|
            S< EINVAL
            S> SET_PERMS /pub|n|
            S< EINVAL
            S> SET_PERMS /pub|n0x|
            S< EINVAL
            S> SET_PERMS /pub|
            S< EINVAL
            S> SET_PERMS /pub|n9|
            S< ENOENT
            D0> SET_PERMS /pub|n32757|
            D0< EINVAL
            S> GET_PERMS /pub|
            S< r0|
            """)
    }

    @Test("77: an entry for a domain that wasn't there when it was written never counts")
    func staleEntry() throws {
        try verify(
            """
            S> SET_PERMS /pub|n0|r9|
            S< OK|
            Xen starts 9
            S> INTRODUCE 9|1|1|
            S< OK|
            D9> READ /pub|
            D9< EACCES
            S> GET_PERMS /pub|
            S< n0|r9|
            S> SET_PERMS /pub|n0|r9|
            S< OK|
            D9> READ /pub|
            D9< pub
            """)
    }

    @Test("78, 79, 80: an entry for all domains counts where it stands, if its writer has the feature")
    func anyDomain() throws {
        try verify(
            """
            D0> SET_PERMS /sec|n0|r32757|
            D0< OK|
            D2> READ /sec|
            D2< sec
            D0> SET_PERMS /sec|n0|n2|r32757|
            D0< OK|
            D2> READ /sec|
            D2< EACCES
            D3> READ /sec|
            D3< sec
            S> SET_FEATURE 4|7|
            S< OK|
            S> INTRODUCE 4|1|1|
            S< OK|
            D4> WRITE /drop/d|v
            D4< OK|
            D4> SET_PERMS /drop/d|n4|r32757|
            D4< OK|
            D2> READ /drop/d|
            D2< EACCES
            """)
    }

    @Test("81, 82: a target's rights are its stub domain's, but not what it makes")
    func target() throws {
        try verify(
            """
            S> SET_TARGET 3|1|
            S< OK|
            D3> WRITE /local/domain/1/data/t|v
            D3< OK|
            D3> GET_PERMS /local/domain/1/data/t|
            D3< n3|
            S> SET_TARGET 3|4|
            S< ENOENT
            S> SET_TARGET 4|1|
            S< ENOENT
            S> SET_TARGET 3|
            S< EINVAL
            """)
    }

    @Test("83: a target that died is none, and who comes after with its number is none either")
    func deadTarget() throws {
        try verify(
            """
            S> SET_TARGET 3|1|
            S< OK|
            Xen dead 1
            Xen starts 1
            S> INTRODUCE 1|1|1|
            S< OK|
            S> WRITE /local/domain/1/data|v
            S< OK|
            S> SET_PERMS /local/domain/1/data|n1|
            S< OK|
            D3> READ /local/domain/1/data|
            D3< EACCES
            """)
    }

    @Test("84, 85, 86, 87: special nodes have permissions as others have, and are EACCES otherwise")
    func specialNodes() throws {
        try verify(
            """
            D1> GET_PERMS @releaseDomain|
            D1< n0|r32757|
            D1> GET_PERMS @introduceDomain|
            D1< EACCES
            D1> GET_PERMS @other|
            D1< EACCES
            S> GET_PERMS @introduceDomain|
            S< n0|
            S> GET_PERMS @other|
            S< ENOENT
            D1> SET_PERMS @releaseDomain|n1|
            D1< EACCES
            """)
    }

    @Test("88: entries of a domain that has gone are not listed any more")
    func goneEntry() throws {
        try verify(
            """
            S> SET_PERMS /pub|r0|b2|
            S< OK|
            S> RELEASE 2|
            S< OK|
            S> GET_PERMS /pub|
            S< r0|
            """)
    }

    /// The right of a domain, by what it is told: it reads, it writes.
    private func check(_ permissions: String, _ domain: Int, _ rights: String, target: Bool = false) throws {
        let read = rights.contains("r") ? "v" : "EACCES"
        let write = rights.contains("w") ? "OK|" : "EACCES"
        try verify(
            """
            S> INTRODUCE 5|1|1|
            S> INTRODUCE 6|1|1|
            S> INTRODUCE 7|1|1|
            Xen starts 8
            S> INTRODUCE 8|1|1|
            \(target ? "S> SET_TARGET 6|5|" : "")
            S> WRITE /n|v
            S> SET_PERMS /n|\(permissions)|
            D\(domain)> READ /n|
            D\(domain)< \(read)
            D\(domain)> WRITE /n|v
            D\(domain)< \(write)
            """)
    }

    @Test("the first entry that names a domain decides; without one, the owner's letter does (the examples of 6.6)")
    func examples() throws {
        try check("n5|r7", 5, "rw")
        try check("n5|r7", 7, "r")
        try check("n5|r7", 8, "")
        try check("r5", 8, "r")
        try check("b5|n8", 8, "")
        try check("n5|r8|b8", 8, "r")
        try check("n0|r32757", 8, "r")
        try check("n0|n8|r32757", 8, "")
        try check("n0|r32757|b8", 8, "r")
        try check("n5", 6, "rw", target: true)
        try check("n0|r5|b6", 6, "r", target: true)
    }

    @Test("a node made below one with several entries has them all, with its maker as owner")
    func inheritance() throws {
        try verify(
            """
            S> SET_PERMS /sec|w0|r2|n3|
            S< OK|
            D1> WRITE /sec/a/b|v
            D1< OK|
            S> GET_PERMS /sec/a|
            S< w1|r2|n3|
            S> GET_PERMS /sec/a/b|
            S< w1|r2|n3|
            S> WRITE /sec/a/s|v
            S< OK|
            S> GET_PERMS /sec/a/s|
            S< w1|r2|n3|
            owns 1 4
            """)
    }
}
