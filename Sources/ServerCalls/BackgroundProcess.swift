// A program that goes on in the background, while the one that was started waits until it is ready.
// Not for: starting other programs (ChildProcess); processes with more than one thread. No device model links it.

internal import CSystem
public import SystemCalls

/// What the process in the background says once to the one that was started.
public struct StartReport: ~Copyable {
    private let pipe: OwnedDescriptor
    /// Open from the start on: later there may be no descriptor left.
    private let nowhere: OwnedDescriptor

    fileprivate init(_ pipe: consuming OwnedDescriptor, _ nowhere: consuming OwnedDescriptor) {
        self.pipe = pipe
        self.nowhere = nowhere
    }

    /// Ends the process that was started, with this status. Before that this one's standard streams lead to nowhere,
    /// so that whoever reads them sees their end.
    public consuming func end(status: UInt8) throws(SystemError) {
        // That the command ends matters more than the streams.
        for number in Int32(0)...2 { _ = dup2(nowhere.rawValue, number) }
        let byte: [1 of UInt8] = [status]
        try pipe.writeAll(byte.span)
    }
}

/// Goes on as another process, in a session of its own, without a terminal and in the root folder; standard streams
/// stay as they are. Who was started waits for the report, and ends as it says; when there is none, as the process has
/// ended before, it writes the complaint to standard error and ends with status 1. For processes with one thread.
/// Throws what pipe2, open and fork answer, with nothing changed.
public func becomeBackground(complaint: String) throws(SystemError) -> StartReport {
    let nowhere = try OwnedDescriptor.open(path: "/dev/null", .readWrite)
    let pipe = try Pipe()
    if try once("fork", { corbel_fork() }) == 0 {
        // A child is no leader of its group, so it may begin a session.
        _ = setsid()
        // No file system is kept from being unmounted.
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        _ = unsafe "/".withCString { unsafe chdir($0) }
        return StartReport(pipe.intoWriting(), nowhere)
    }
    waitForReport(pipe.intoReading(), complaint)
}

private func waitForReport(_ pipe: consuming OwnedDescriptor, _ complaint: String) -> Never {
    var storage: [1 of UInt8] = [1]
    var byte = storage.mutableSpan
    let count = try? pipe.read(into: &byte)
    if count != 1 { try? StandardStream.error.write(complaint) }
    pipe.close()
    _exit(Int32(byte[0]))
}
