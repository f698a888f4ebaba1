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
    public static var read: SystemCall { SystemCall("read", SYS_read) }
    public static var write: SystemCall { SystemCall("write", SYS_write) }
    public static var readv: SystemCall { SystemCall("readv", SYS_readv) }
    public static var writev: SystemCall { SystemCall("writev", SYS_writev) }
    public static var recvfrom: SystemCall { SystemCall("recvfrom", SYS_recvfrom) }
    public static var recvmsg: SystemCall { SystemCall("recvmsg", SYS_recvmsg) }
    public static var sendto: SystemCall { SystemCall("sendto", SYS_sendto) }
    public static var sendmsg: SystemCall { SystemCall("sendmsg", SYS_sendmsg) }
    public static var lseek: SystemCall { SystemCall("lseek", SYS_lseek) }
}

// Files and descriptors.
extension SystemCall {
    public static var openat: SystemCall { SystemCall("openat", SYS_openat) }
    public static var close: SystemCall { SystemCall("close", SYS_close) }
    public static var fstat: SystemCall { SystemCall("fstat", SYS_fstat) }
    public static var newfstatat: SystemCall { SystemCall("newfstatat", SYS_newfstatat) }
    public static var ftruncate: SystemCall { SystemCall("ftruncate", SYS_ftruncate) }
    public static var fsync: SystemCall { SystemCall("fsync", SYS_fsync) }
    public static var fdatasync: SystemCall { SystemCall("fdatasync", SYS_fdatasync) }
    public static var renameat: SystemCall { SystemCall("renameat", SYS_renameat) }
    public static var renameat2: SystemCall { SystemCall("renameat2", SYS_renameat2) }
    public static var unlinkat: SystemCall { SystemCall("unlinkat", SYS_unlinkat) }
    public static var fcntl: SystemCall { SystemCall("fcntl", SYS_fcntl) }
    public static var ioctl: SystemCall { SystemCall("ioctl", SYS_ioctl) }
    public static var socket: SystemCall { SystemCall("socket", SYS_socket) }
    public static var connect: SystemCall { SystemCall("connect", SYS_connect) }
    public static var getsockopt: SystemCall { SystemCall("getsockopt", SYS_getsockopt) }
    public static var shutdown: SystemCall { SystemCall("shutdown", SYS_shutdown) }
}

// Memory.
extension SystemCall {
    public static var mmap: SystemCall { SystemCall("mmap", SYS_mmap) }
    public static var mprotect: SystemCall { SystemCall("mprotect", SYS_mprotect) }
    public static var munmap: SystemCall { SystemCall("munmap", SYS_munmap) }
    public static var mremap: SystemCall { SystemCall("mremap", SYS_mremap) }
    public static var brk: SystemCall { SystemCall("brk", SYS_brk) }
    public static var madvise: SystemCall { SystemCall("madvise", SYS_madvise) }
}

// Waiting and time.
extension SystemCall {
    public static var futex: SystemCall { SystemCall("futex", SYS_futex) }
    public static var epollCtl: SystemCall { SystemCall("epoll_ctl", SYS_epoll_ctl) }
    public static var epollPwait: SystemCall { SystemCall("epoll_pwait", SYS_epoll_pwait) }
    public static var timerfdSettime: SystemCall { SystemCall("timerfd_settime", SYS_timerfd_settime) }
    public static var clockGettime: SystemCall { SystemCall("clock_gettime", SYS_clock_gettime) }
    public static var clockNanosleep: SystemCall { SystemCall("clock_nanosleep", SYS_clock_nanosleep) }
    public static var ppoll: SystemCall { SystemCall("ppoll", SYS_ppoll) }
    #if arch(x86_64)
        // arm64 has the p of each alone.
        public static var epollWait: SystemCall { SystemCall("epoll_wait", SYS_epoll_wait) }
        public static var poll: SystemCall { SystemCall("poll", SYS_poll) }
    #endif
}

// The process itself.
extension SystemCall {
    public static var getrandom: SystemCall { SystemCall("getrandom", SYS_getrandom) }
    public static var getpid: SystemCall { SystemCall("getpid", SYS_getpid) }
    public static var gettid: SystemCall { SystemCall("gettid", SYS_gettid) }
    public static var rtSigaction: SystemCall { SystemCall("rt_sigaction", SYS_rt_sigaction) }
    public static var rtSigprocmask: SystemCall { SystemCall("rt_sigprocmask", SYS_rt_sigprocmask) }
    public static var rtSigreturn: SystemCall { SystemCall("rt_sigreturn", SYS_rt_sigreturn) }
    public static var sigaltstack: SystemCall { SystemCall("sigaltstack", SYS_sigaltstack) }
    public static var restartSyscall: SystemCall { SystemCall("restart_syscall", SYS_restart_syscall) }
    public static var tgkill: SystemCall { SystemCall("tgkill", SYS_tgkill) }
    public static var exit: SystemCall { SystemCall("exit", SYS_exit) }
    public static var exitGroup: SystemCall { SystemCall("exit_group", SYS_exit_group) }
}
