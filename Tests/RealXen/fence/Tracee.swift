// What the kernel says of traced processes: ptrace, their memory, their descriptors.
// Not for: what it means (see Tracer). The only unsafe code of xen-fence.

import CTrace
import FenceRules
import SystemCalls

/// A change of a traced process or thread.
enum Stop {
    /// It is gone; the status as a shell gives it.
    case ended(status: Int32)
    /// At the entry of a system call or on its way back.
    case systemCall
    /// The program has been replaced by another one (`execve`).
    case executed
    /// It is stopped, as by SIGSTOP, and so are its threads.
    case halted
    /// A signal is about to be delivered, or 0: something that only tracing makes happen.
    case signal(Int32)

    /// Reads what `waitpid` says; `ptrace(2)` under PTRACE_SEIZE.
    init(status: Int32) {
        let signal = status >> 8 & 0xFF
        let event = status >> 16
        switch (status & 0xFF, event, signal) {
        case (0x7F, 0, 5 | 0x80): self = .systemCall
        case (0x7F, 0, _): self = .signal(signal)
        case (0x7F, 7, _): self = .systemCall
        case (0x7F, 4, _): self = .executed
        case (0x7F, 128, 19...22): self = .halted
        case (0x7F, _, _): self = .signal(0)
        case (0, _, _): self = .ended(status: signal)
        default: self = .ended(status: 128 + (status & 0x7F))
        }
    }
}

/// Where in a system call a process stopped.
enum CallStop {
    case entry(TracedCall)
    case exit(result: Int64)
}

/// Starts a program that is traced from its first instruction on. Answers its id.
func startTraced(_ command: [String]) throws(SystemError) -> Int32 {
    let words = command.map { $0.utf8CString }
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
    for word in words {
        // SAFETY: there is room for all of the word, with its end. It is needed to our own end, and never given back.
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: word.count)
        _ = unsafe copy.initialize(fromContentsOf: word)
        unsafe pointers.append(copy.baseAddress)
    }
    unsafe pointers.append(nil)
    // SAFETY: terminated strings behind a terminated array; all live throughout the call.
    let process = unsafe pointers.withUnsafeBufferPointer { unsafe ctrace_start($0.baseAddress) }
    if process < 0 { throw SystemError(ctrace_errno(), "ptrace") }
    return process
}

/// The next change of any traced process; nil when none is left.
func nextStop() throws(SystemError) -> (process: Int32, stop: Stop)? {
    while true {
        var status: Int32 = 0
        // SAFETY: the call writes our number.
        let process = unsafe ctrace_wait(&status)
        if process > 0 { return (process, Stop(status: status)) }
        switch ctrace_errno() {
        case 4: continue  // EINTR
        case 10: return nil  // ECHILD
        case let code: throw SystemError(code, "waitpid")
        }
    }
}

/// Lets a stopped process go on, to the end of its system call if that is wanted. One that was killed meanwhile is told
/// of by `nextStop`.
func resume(_ process: Int32, after stop: Stop, toExit: Bool) throws(SystemError) {
    let answer: Int32
    switch stop {
    case .ended: return
    case .halted: answer = ctrace_stay(process)
    case .signal(let signal): answer = ctrace_go_on(process, signal)
    case .systemCall where toExit: answer = ctrace_go_on_to_exit(process)
    case .systemCall, .executed: answer = ctrace_go_on(process, 0)
    }
    let noSuchProcess: Int32 = 3
    if answer != 0, ctrace_errno() != noSuchProcess { throw SystemError(ctrace_errno(), "ptrace") }
}

/// The system call that a process stopped at; nil when it was killed meanwhile. Layout: `ptrace_syscall_info` of
/// linux/ptrace.h.
func callStop(of process: Int32) throws(SystemError) -> CallStop? {
    var bytes = [UInt8](repeating: 0, count: 88)
    // SAFETY: the kernel writes as many bytes at most as it is told there are.
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe ctrace_system_call(process, $0.baseAddress, $0.count) }
    if count < 0 {
        if ctrace_errno() == 3 { return nil }
        throw SystemError(ctrace_errno(), "PTRACE_GET_SYSCALL_INFO")
    }
    let numbers = stride(from: 24, to: 80, by: 8).map { offset in
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
    }
    switch bytes[0] {
    case 1, 3:  // entry, and entry as seccomp stops at it
        let architecture = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[4 + $1]) << (8 * UInt32($1)) }
        return .entry(
            TracedCall(architecture: architecture, number: numbers[0], arguments: Array(numbers.dropFirst())))
    case 2: return .exit(result: Int64(bitPattern: numbers[0]))
    default: throw SystemError(22, "PTRACE_GET_SYSCALL_INFO")
    }
}

/// Bytes of a process' memory; nil when not all of them can be read.
func memory(of process: Int32, at address: UInt64, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    // SAFETY: the kernel writes as many bytes at most as it is told there are.
    let read = unsafe bytes.withUnsafeMutableBytes { unsafe ctrace_read(process, address, $0.baseAddress, $0.count) }
    return read == count ? bytes : nil
}

/// What a path leads to; nil when it leads nowhere.
func identity(of path: String) -> TracedFile? {
    var information = stat()
    // SAFETY: withCString gives a terminated string that lives throughout the call, which fills in our structure.
    let answer = unsafe path.withCString { unsafe stat($0, &information) }
    guard answer == 0 else { return nil }
    return TracedFile(
        mode: information.st_mode, device: UInt64(information.st_dev), inode: UInt64(information.st_ino),
        node: UInt64(information.st_rdev))
}

/// The text of a symbolic link; nothing when there is none.
func textOfLink(_ path: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    // SAFETY: the kernel writes as many bytes at most as it is told there are.
    let count = unsafe bytes.withUnsafeMutableBufferPointer { target in
        unsafe path.withCString { unsafe ctrace_link($0, target.baseAddress, target.count) }
    }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
}
