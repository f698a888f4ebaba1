// What is so after a process has confined itself, a row each.
// Not for: single calls (CForbidden).

import CForbidden
import DaemonConfinement
import DaemonShell
import SystemCalls

struct StateRow: Sendable {
    let name: String
    let body: @Sendable (Place) throws -> Void
}

let stateRows: [StateRow] = [
    StateRow(name: "the root can't be left") { place in
        let outside = try FileIdentity(path: "/")
        try confine(place)
        let root = try FileIdentity(path: "/")
        expect(root != outside, "the root is another folder")
        for path in [".", "..", "../../../..", "/..", "/../.."] {
            expect(try FileIdentity(path: path) == root, "\(path) is the root")
        }
        expect((try? FileIdentity(path: "/marker")) != nil, "the new root is the folder that was named")
        expect((try? FileIdentity(path: "/proc/self")) == nil, "there is no /proc")
    },
    StateRow(name: "a folder that is open outside of the root is an error") { place in
        let folder = try OwnedDescriptor.open(path: "/", .read, [.directory])
        for kept in [KeptDescriptors.all, .only([folder.rawValue])] {
            do throws(ConfinementError) {
                _ = try place.confinement(isFiltered: false).enterRoot(keeping: kept)
                expect(false, "it is refused")
            } catch {
                expect(error.step == .folders, "\(error)")
            }
        }
    },
    StateRow(name: "only what is kept is open") { place in
        let kept = try OwnedDescriptor.open(path: "/dev/null", .read)
        // 60 and 61 come from who has started this; as does what was never ours.
        expect(isOpen(descriptor: 60) && isOpen(descriptor: 61), "descriptors 60 and 61 are inherited")
        try place.confinement(isFiltered: true).enterRoot(keeping: .only([61, kept.rawValue])).giveUpRights()
        for number in Int32(0)..<1100 {
            let isWanted = number <= 2 || number == kept.rawValue || number == 61
            expect(isOpen(descriptor: number) == isWanted, "descriptor \(number)")
        }
    },
    StateRow(name: "an older kernel closes them one by one, by /proc") { _ in
        expect(isOpen(descriptor: 60) && isOpen(descriptor: 61), "descriptors 60 and 61 are inherited")
        try closeOneByOne(3, 60)
        expect(!isOpen(descriptor: 60) && isOpen(descriptor: 61), "60 is closed, 61 is not")
    },
    StateRow(name: "an older kernel closes them one by one, without /proc") { place in
        guard let root = place.root else { return }
        try changeRoot(path: root)
        try closeOneByOne(3, 60)
        expect(!isOpen(descriptor: 60) && isOpen(descriptor: 61), "60 is closed, 61 is not")
        try closeOneByOne(3, .max)
        expect(!isOpen(descriptor: 61) && isOpen(descriptor: 2), "61 too, the standard streams are not")
    },
    StateRow(name: "a pid file that another process has locked is left alone") { place in
        let path = (place.root ?? "") + "/pid"
        let owner = unsafe cforbidden_lock_in_child(path)
        expect(owner > 0, "a child has the lock")
        do throws(PIDFileError) {
            _ = try PIDFile.made(path: path)
            expect(false, "it is refused")
        } catch {
            expect(error.description == "\(path): process \(owner) has locked it", "\(error)")
        }
        let file = try OwnedDescriptor.open(path: path, .read)
        expect(try file.byteCount() == 4, "it is as it was")
        try removeFile(path: path)
        let own = try PIDFile.made(path: path)
        expect(try own.descriptor.byteCount() > 1, "without the other it is ours")
        try removeFile(path: path)
    },
    StateRow(name: "the limits are as said") { place in
        let file = try OwnedDescriptor.memoryFile(name: "test", byteCount: 4096)
        try closeDescriptors(except: [file.rawValue])
        let before = (Int32(0)..<1100).filter { isOpen(descriptor: $0) }.count
        try confine(place, isFiltered: false)
        func both(_ resource: LimitedResource, _ value: UInt64) throws {
            let limits = try resource.limits()
            expect(limits.now == value && limits.atMost == value, "\(resource) is \(limits), not \(value)")
        }
        try both(.fileByteCount, 262_144)
        try both(.coreByteCount, 0)
        try both(.processCount, 1)
        try both(.descriptorCount, UInt64(before) + 8)
        try both(.addressSpaceByteCount, 1 << 30)
        var opened = 0
        while let more = try? file.duplicate() {
            keepOpen(more)
            opened += 1
        }
        expect(opened == 8, "\(opened) more descriptors can be opened, not 8")
        expect(
            (try? MappedMemory(sharing: file, byteCount: 1 << 30, access: .readWrite)) == nil,
            "there is no gigabyte of addresses")
        if place.user != nil {
            expect((try? LimitedResource.coreByteCount.limit(to: 1)) == nil, "limits can't be raised again")
        }
    },
    StateRow(name: "the user is another, and there is no way back") { place in
        try confine(place, isFiltered: false)
        expect(effectiveUserID == place.user, "the user is the one that was named")
        expect((try? setUser(0)) == nil, "setuid(0) fails")
        expect((try? setOnlyGroup(0)) == nil, "so does setgid(0)")
        expect((try? changeRoot(path: "/")) == nil, "and chroot")
        expect((try? leaveNamespaces()) == nil, "and unshare")
        expect(cforbidden_fork() == -11, "no process can be made (EAGAIN)")
    },
    StateRow(name: "no core file, no new privileges") { place in
        try confine(place, isFiltered: false)
        expect(cforbidden_dumpable() == 0, "PR_GET_DUMPABLE")
        expect(cforbidden_no_new_privileges() == 1, "PR_GET_NO_NEW_PRIVS")
    },
    StateRow(name: "the namespaces are others") { place in
        let names = ["mnt", "ipc", "net", "uts"].map { "/proc/self/ns/\($0)" }
        let before = try names.map { name throws(SystemError) in try FileIdentity(path: name) }
        var stays = place
        stays.root = nil
        stays.user = nil
        stays.group = nil
        try confine(stays, isFiltered: false)
        for (name, old) in zip(names, before) { expect(try FileIdentity(path: name) != old, name) }
    },
    StateRow(name: "a file can't grow beyond its limit, which is an error only") { place in
        let folder = try confine(place)
        let file = try folder.openFile(named: "large", .write, [.create, .truncate])
        let bytes = [UInt8](repeating: 1, count: 262_144)
        try file.writeAll(bytes.span)
        do throws(SystemError) {
            try file.writeAll(bytes.span)
            expect(false, "it is refused")
        } catch {
            expect(error.code == 27, "EFBIG, not \(error)")
        }
        try folder.removeFile(named: "large")
    },
    StateRow(name: "a daemon's work is done") { place in try work(place) },
    StateRow(name: "signals are caught") { place in
        try confine(place)
        expect(cforbidden_signal() == 1, "a signal of our own has come")
    },
    StateRow(name: "abort") { place in
        try confine(place)
        cforbidden_abort()
    },
    StateRow(name: "trap") { place in
        try confine(place)
        // The only one whose words stay in a release.
        fatalError("trapped on purpose")
    },
]

/// Confines the process, and gives a handle of its root.
@discardableResult
func confine(_ place: Place, isFiltered: Bool = true) throws -> OwnedDescriptor {
    let entered = try place.confinement(isFiltered: isFiltered).enterRoot(keeping: .all)
    // In the rows about limits nothing but what was there is open.
    let folder = isFiltered ? try OwnedDescriptor.open(path: "/", .read, [.directory]) : nil
    try entered.giveUpRights()
    if let folder { return folder }
    return try OwnedDescriptor.duplicate(ofStandardStream: 2)
}

/// A descriptor that stays open to the end.
func keepOpen(_ descriptor: consuming OwnedDescriptor) { unsafe Kept.all.append(Kept(descriptor)) }

private final class Kept {
    nonisolated(unsafe) static var all: [Kept] = []
    let descriptor: OwnedDescriptor
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}
