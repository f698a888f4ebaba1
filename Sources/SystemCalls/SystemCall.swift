// System calls by number, as far as a filter of ours names them.
// Not for: making them.

internal import CSystem

/// A system call of this machine's kind.
public struct SystemCall: Equatable, Sendable {
    /// By its name in section 2 of the manual.
    public let name: StaticString
    /// Its number.
    public let number: UInt32

    init(_ name: StaticString, _ number: Int32) {
        self.name = name
        self.number = UInt32(number)
    }

    public static func == (left: SystemCall, right: SystemCall) -> Bool { left.number == right.number }
}

// Bytes.
extension SystemCall {
    package static var read: SystemCall { SystemCall("read", SYS_read) }
    package static var write: SystemCall { SystemCall("write", SYS_write) }
    package static var readv: SystemCall { SystemCall("readv", SYS_readv) }
    package static var writev: SystemCall { SystemCall("writev", SYS_writev) }
    package static var recvfrom: SystemCall { SystemCall("recvfrom", SYS_recvfrom) }
    package static var recvmsg: SystemCall { SystemCall("recvmsg", SYS_recvmsg) }
    package static var sendto: SystemCall { SystemCall("sendto", SYS_sendto) }
    package static var sendmsg: SystemCall { SystemCall("sendmsg", SYS_sendmsg) }
    package static var lseek: SystemCall { SystemCall("lseek", SYS_lseek) }
}

// Files and descriptors.
extension SystemCall {
    package static var openat: SystemCall { SystemCall("openat", SYS_openat) }
    package static var close: SystemCall { SystemCall("close", SYS_close) }
    package static var fstat: SystemCall { SystemCall("fstat", SYS_fstat) }
    package static var newfstatat: SystemCall { SystemCall("newfstatat", SYS_newfstatat) }
    package static var ftruncate: SystemCall { SystemCall("ftruncate", SYS_ftruncate) }
    package static var fsync: SystemCall { SystemCall("fsync", SYS_fsync) }
    package static var fdatasync: SystemCall { SystemCall("fdatasync", SYS_fdatasync) }
    package static var renameat: SystemCall { SystemCall("renameat", SYS_renameat) }
    package static var renameat2: SystemCall { SystemCall("renameat2", SYS_renameat2) }
    package static var unlinkat: SystemCall { SystemCall("unlinkat", SYS_unlinkat) }
    package static var dup3: SystemCall { SystemCall("dup3", SYS_dup3) }
    package static var fcntl: SystemCall { SystemCall("fcntl", SYS_fcntl) }
    package static var ioctl: SystemCall { SystemCall("ioctl", SYS_ioctl) }
    package static var socket: SystemCall { SystemCall("socket", SYS_socket) }
    package static var accept4: SystemCall { SystemCall("accept4", SYS_accept4) }
    package static var connect: SystemCall { SystemCall("connect", SYS_connect) }
    package static var getsockopt: SystemCall { SystemCall("getsockopt", SYS_getsockopt) }
    package static var shutdown: SystemCall { SystemCall("shutdown", SYS_shutdown) }
}

// Memory.
extension SystemCall {
    package static var mmap: SystemCall { SystemCall("mmap", SYS_mmap) }
    package static var mprotect: SystemCall { SystemCall("mprotect", SYS_mprotect) }
    package static var munmap: SystemCall { SystemCall("munmap", SYS_munmap) }
    package static var mremap: SystemCall { SystemCall("mremap", SYS_mremap) }
    package static var brk: SystemCall { SystemCall("brk", SYS_brk) }
    package static var madvise: SystemCall { SystemCall("madvise", SYS_madvise) }
}

// Waiting and time.
extension SystemCall {
    package static var futex: SystemCall { SystemCall("futex", SYS_futex) }
    package static var epollCtl: SystemCall { SystemCall("epoll_ctl", SYS_epoll_ctl) }
    package static var epollPwait: SystemCall { SystemCall("epoll_pwait", SYS_epoll_pwait) }
    package static var timerfdSettime: SystemCall { SystemCall("timerfd_settime", SYS_timerfd_settime) }
    package static var clockGettime: SystemCall { SystemCall("clock_gettime", SYS_clock_gettime) }
    package static var clockNanosleep: SystemCall { SystemCall("clock_nanosleep", SYS_clock_nanosleep) }
    #if arch(x86_64)
        // arm64 has dup3 and the p of each alone.
        package static var dup2: SystemCall { SystemCall("dup2", SYS_dup2) }
        package static var epollWait: SystemCall { SystemCall("epoll_wait", SYS_epoll_wait) }
    #endif
}

// The process itself.
extension SystemCall {
    package static var getrandom: SystemCall { SystemCall("getrandom", SYS_getrandom) }
    package static var getpid: SystemCall { SystemCall("getpid", SYS_getpid) }
    package static var gettid: SystemCall { SystemCall("gettid", SYS_gettid) }
    package static var rtSigaction: SystemCall { SystemCall("rt_sigaction", SYS_rt_sigaction) }
    package static var rtSigprocmask: SystemCall { SystemCall("rt_sigprocmask", SYS_rt_sigprocmask) }
    package static var rtSigreturn: SystemCall { SystemCall("rt_sigreturn", SYS_rt_sigreturn) }
    package static var sigaltstack: SystemCall { SystemCall("sigaltstack", SYS_sigaltstack) }
    package static var restartSyscall: SystemCall { SystemCall("restart_syscall", SYS_restart_syscall) }
    package static var tgkill: SystemCall { SystemCall("tgkill", SYS_tgkill) }
    package static var exit: SystemCall { SystemCall("exit", SYS_exit) }
    package static var exitGroup: SystemCall { SystemCall("exit_group", SYS_exit_group) }
}
