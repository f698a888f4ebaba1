// Other processes: a program that is asked something, a copy of this one that tries something, and another program in
// this process's place. For processes with one thread.
// Not for: going into the background (BackgroundProcess).

internal import CSystem
public import SystemCalls

/// A process that we have started, and what it says. It is killed, and waited for, when this value is closed or goes
/// away.
public struct ChildProcess: ~Copyable {
    /// Its number.
    public let id: Int32
    /// What it writes to its standard output, non-blocking; at its end when the process is.
    public let output: OwnedDescriptor

    private init(_ id: Int32, _ output: consuming OwnedDescriptor) {
        self.id = id
        self.output = output
    }

    deinit {
        _ = kill(id, SIGKILL)
        var answer: Int32
        repeat { answer = waitpid(id, nil, 0) } while answer < 0 && corbel_errno() == EINTR
    }

    /// Ends it.
    public consuming func close() {}

    /// Starts a program. Of our descriptors it has those that are to be inherited. That the file is no program is seen
    /// by an output that is empty. Throws what pipe2 and fork answer.
    public static func start(path: String, arguments: [String]) throws(SystemError) -> ChildProcess {
        let pipe = try Pipe()
        try pipe.reading.setNonBlocking(true)
        let list = ArgumentList([path] + arguments)
        // SAFETY: both are terminated and live throughout the call.
        let id = try once("fork") {
            unsafe path.withCString { unsafe corbel_start_program($0, list.start, pipe.writing.rawValue) }
        }
        return ChildProcess(id, pipe.intoReading())
    }

    /// Starts a copy of this process, which writes what `body` answers, and ends. Nothing that the copy does is seen
    /// here, but for files and what stands behind descriptors. Throws what pipe2 and fork answer.
    public static func copy(_ body: () -> [UInt8]) throws(SystemError) -> ChildProcess {
        let pipe = try Pipe()
        try pipe.reading.setNonBlocking(true)
        let id = try once("fork") { corbel_fork() }
        if id != 0 { return ChildProcess(id, pipe.intoReading()) }
        try? pipe.writing.writeAll(body().span)
        // Without what the process does at its end: that is the other one's business.
        _exit(0)
    }

    /// All that it writes, up to so many bytes, if it has ended its output within a time; nil: it has not. Waits.
    public func wholeOutput(byteCountMax: Int, milliseconds: Int32) throws(SystemError) -> [UInt8]? {
        let deadline = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        var bytes: [UInt8] = []
        while true {
            let left = MonotonicTime.now.milliseconds(until: deadline)
            if left <= 0 { return nil }
            if try waitUntilReadable(output.rawValue, milliseconds: left).isEmpty { return nil }
            if try !readOutput(into: &bytes, byteCountMax: byteCountMax) { return bytes }
        }
    }

    /// Reads what it has written meanwhile, up to so many bytes in all; false: there will be no more, or there are too
    /// many.
    public func readOutput(into bytes: inout [UInt8], byteCountMax: Int) throws(SystemError) -> Bool {
        var storage: [1024 of UInt8] = .init(repeating: 0)
        while true {
            var piece = storage.mutableSpan
            guard let count = try output.readIfReady(into: &piece) else { return true }
            for index in 0..<count { bytes.append(piece[index]) }
            if count == 0 || bytes.count > byteCountMax { return false }
        }
    }
}

/// Goes on as another program, with the same number and the descriptors that are to be inherited. `keepsSignals`:
/// signals that are blocked stay so, for a program that takes them by a descriptor. Comes back only with why not, and
/// all is as it was.
public func becomeProgram(path: String, arguments: [String], keepsSignals: Bool) -> SystemError {
    let list = ArgumentList([path] + arguments)
    // SAFETY: both are terminated and live throughout the call.
    _ = unsafe path.withCString { unsafe corbel_become_program($0, list.start, keepsSignals ? 1 : 0) }
    return SystemError(corbel_errno(), "execv")
}

/// Arguments as C wants them: terminated, in a list with a nil at its end.
@safe
private final class ArgumentList {
    let start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ arguments: [String]) {
        count = arguments.count
        // SAFETY: one more than there are arguments, each set before it is read; freed in deinit.
        unsafe start = .allocate(capacity: count + 1)
        for (index, argument) in arguments.enumerated() {
            unsafe (start + index).initialize(to: argument.withCString { unsafe strdup($0) })
        }
        unsafe (start + count).initialize(to: nil)
    }

    deinit {
        // SAFETY: what init has made.
        for index in 0..<count { unsafe free(start[index]) }
        unsafe start.deallocate()
    }
}
