// What a confined daemon is left with, as data, and the pid file. What the kernel makes of it: Tests/Confinement/check.

import DaemonConfinement
import DaemonShell
import Foundation
import SystemCalls
import Testing

/// varstored.md 12.5, as it stands there.
private let specified = """
    read, write, readv, writev, recvfrom, recvmsg, sendto, sendmsg, close, fstat, newfstatat, lseek, ftruncate, fsync, \
    fdatasync, openat, renameat, renameat2, unlinkat, fcntl, mmap, mprotect, munmap, mremap, brk, madvise, futex, \
    epoll_ctl, epoll_wait, epoll_pwait, timerfd_settime, socket, connect, getsockopt, shutdown, clock_gettime, \
    clock_nanosleep, getrandom, getpid, gettid, rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack, \
    restart_syscall, tgkill, exit, exit_group
    """

@Suite struct AllowedCallTests {
    @Test("A confined daemon has the calls of the specification, each once, and ioctl from its platform alone")
    func list() {
        let names = SystemCallRule.confinedDaemon.map { $0.call.name.description }
        #expect(Set(names).count == names.count)
        #if arch(x86_64)
            #expect(Set(names) == Set(specified.split(separator: ", ").map(String.init)))
        #else
            #expect(Set(names + ["epoll_wait"]) == Set(specified.split(separator: ", ").map(String.init)))
        #endif
    }

    @Test("What could reach further is let through with checks only")
    func checked() {
        let checked = SystemCallRule.confinedDaemon.filter { !$0.checks.isEmpty }.map { $0.call.name.description }
        #expect(Set(checked) == ["mmap", "mprotect", "socket", "fcntl", "tgkill"])
    }

    @Test("The limits of varstored are those of the specification")
    func limits() {
        let limits = ConfinedLimits.variableDaemon
        #expect(limits.fileByteCount == 262_144 && limits.processCount == 1)
        #expect(limits.spareDescriptorCount == 8 && limits.addressSpaceByteCount == 1_073_741_824)
    }
}

@Suite struct PIDFileTests {
    private static func read(_ path: String) throws -> String {
        let file = try OwnedDescriptor.open(path: path, .read)
        return String(decoding: try file.read(at: 0, byteCount: 100), as: UTF8.self)
    }

    @Test("A pid file holds the process' number and a newline, whatever was in it, and is for its owner alone")
    func contents() throws {
        let path = "/tmp/corbel-pid-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? removeFile(path: path) }
        let old = try OwnedDescriptor.open(path: path, .write, [.create], permissions: 0o666)
        try old.writeAll(Array("something longer than a number\n".utf8).span)
        try old.setPermissions(0o644)
        let file = try PIDFile.made(path: path)
        #expect(try Self.read(path) == "\(processID)\n")
        let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(permissions == 0o600)
        withExtendedLifetime(file.descriptor.rawValue) {}
    }

    @Test("What is no file, a link, or in no folder is refused")
    func refusals() throws {
        let path = "/tmp/corbel-pid-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
        for place in ["/nowhere/pid", "/tmp", "/dev/null"] {
            #expect(throws: PIDFileError.self) { _ = try PIDFile.made(path: place) }
        }
        try makeDirectory(path: path)
        defer { try? removeDirectory(path: path) }
        do {
            _ = try PIDFile.made(path: path)
            Issue.record("a folder was taken")
        } catch {
            #expect(error.description.contains(path))
        }
    }

    @Test("One that another holds by an open file's lock is left as it is")
    func locked() throws {
        let path = "/tmp/corbel-pid-\(processID)-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? removeFile(path: path) }
        let other = try OwnedDescriptor.open(path: path, .readWrite, [.create])
        try other.writeAll(Array("77\n".utf8).span)
        #expect(try other.lockForWriting())
        do {
            _ = try PIDFile.made(path: path)
            Issue.record("a locked file was taken")
        } catch {
            guard case .inUse(path, _) = error else { throw error }
        }
        #expect(try Self.read(path) == "77\n")
    }
}
