// The system calls of a confined daemon. Source: varstored.md 12.5.
// Not for: those of its hypervisor (XenLinux's HypervisorChoice), or how the others are refused (SystemCallFilter).

public import SystemCalls

extension SystemCallRule {
    /// What a daemon of one thread and one loop does after it has given up its rights: it reads and writes, in folders
    /// that it has open or that are below its root; speaks to sockets of this machine; has memory, time, and its own
    /// signals. Any request to a driver is missing.
    public static var confinedDaemon: [SystemCallRule] {
        // Those that serve a guest first.
        waiting + bytes + files + memory + sockets + process
    }

    /// What a daemon does beside that which is connected to: it takes connections, connects to a system log that was
    /// started anew, and lets its standard streams go when it is ready.
    public static var serving: [SystemCallRule] {
        var calls: [SystemCall] = [.accept4, .dup3]
        #if arch(x86_64)
            calls.append(.dup2)
        #endif
        return calls.map { SystemCallRule($0) } + [.localDatagramSocket]
    }

    private static var waiting: [SystemCallRule] {
        var calls: [SystemCall] = [.epollPwait, .epollCtl, .timerfdSettime, .clockGettime, .clockNanosleep, .futex]
        #if arch(x86_64)
            calls.insert(.epollWait, at: 0)
        #endif
        return calls.map { SystemCallRule($0) }
    }

    private static var bytes: [SystemCallRule] {
        let calls: [SystemCall] = [.read, .write, .readv, .writev, .recvfrom, .sendto, .recvmsg, .sendmsg]
        return calls.map { SystemCallRule($0) }
    }

    private static var files: [SystemCallRule] {
        let calls: [SystemCall] = [
            .close, .fstat, .newfstatat, .lseek, .ftruncate, .fsync, .fdatasync, .openat, .renameat, .renameat2,
            .unlinkat,
        ]
        return calls.map { SystemCallRule($0) } + [.descriptorControl]
    }

    private static var memory: [SystemCallRule] {
        let calls: [SystemCall] = [.munmap, .mremap, .brk, .madvise]
        return unexecutableMemory + calls.map { SystemCallRule($0) }
    }

    private static var sockets: [SystemCallRule] {
        let calls: [SystemCall] = [.connect, .getsockopt, .shutdown]
        return [.localStreamSocket] + calls.map { SystemCallRule($0) }
    }

    private static var process: [SystemCallRule] {
        let calls: [SystemCall] = [
            .getrandom, .getpid, .gettid, .rtSigaction, .rtSigprocmask, .rtSigreturn, .sigaltstack, .restartSyscall,
            .exit, .exitGroup,
        ]
        return calls.map { SystemCallRule($0) } + [.signalToSelf]
    }
}
