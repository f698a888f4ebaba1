// Descriptors as sinks that never wait, among them the standard streams.
// Not for: what is written (see ConsoleOutput).

internal import SystemCalls

/// A descriptor as a sink.
final class DescriptorSink: ByteSink {
    private static let again: Int32 = 11  // EAGAIN
    private static let brokenPipe: Int32 = 32  // EPIPE

    let descriptor: OwnedDescriptor
    /// A socket is sent to without waiting, for its mode may be somebody else's to set.
    private let isSocket: Bool

    init(_ descriptor: consuming OwnedDescriptor) {
        isSocket = (try? descriptor.isSocket()) ?? false
        self.descriptor = descriptor
    }

    func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        do throws(SystemError) {
            let count = try isSocket ? descriptor.send(bytes) : descriptor.write(bytes)
            return count > 0 ? .wrote(count) : .failed(reason: "nothing was taken")
        } catch {
            switch error.code {
            case Self.again: return .wouldBlock
            case Self.brokenPipe: return .closed(reason: error.description)
            default: return .failed(reason: error.description)
            }
        }
    }

    /// A standard output stream; nil when the program was started without it.
    static func standard(_ number: Int32) -> DescriptorSink? {
        guard let descriptor = openStandardStream(number, .write) else { return nil }
        return DescriptorSink(descriptor)
    }

    /// Whether a terminal is behind it: whether it knows terminal settings (TCGETS).
    var isTerminal: Bool {
        var settings = [64 of UInt8](repeating: 0)
        var bytes = settings.mutableSpan
        return (try? descriptor.control(0x5401, &bytes)) != nil
    }
}

/// A standard stream, opened anew so that not waiting is ours alone: a shell or a pipe's other writers keep what they
/// have. nil when the program was started without it.
func openStandardStream(_ number: Int32, _ access: FileAccess) -> OwnedDescriptor? {
    let options: OpenOptions = access == .read ? [.nonBlocking] : [.nonBlocking, .append]
    do throws(SystemError) {
        let stream = try OwnedDescriptor.open(path: "/proc/self/fd/\(number)", access, options)
        // Others write to the same file, the shell's next command say, at a place that only the stream itself moves on.
        if access == .write, try stream.isRegularFile() { return try .duplicate(ofStandardStream: number) }
        return stream
    } catch {
        // ENOENT: nothing is there, if /proc itself is. Others: a socket, or a terminal of another user's.
        let hasProc = (try? OwnedDescriptor.open(path: "/proc/self/fd", .read, [.directory])) != nil
        if error.code == 2 && hasProc { return nil }
        return try? .duplicate(ofStandardStream: number)
    }
}

/// What the program says to its user, on standard error.
final class Messages {
    private let sink: DescriptorSink?

    init() { sink = DescriptorSink.standard(2) }

    /// One sentence. Whether anybody reads it is not our concern.
    func say(_ sentence: String) { show("SerialConsole: \(sentence)\n") }

    /// Text of several lines.
    func show(_ text: String) {
        let bytes = Array(text.utf8)
        _ = sink?.write(bytes.span)
    }
}
