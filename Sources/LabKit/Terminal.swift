// The user's terminal: its size, its settings, and bytes as they are typed. The one place for its system calls; what
// the bytes are for is ShellInput's.
public import Foundation
import Glibc
import Synchronization

/// A terminal's size in characters.
public struct TerminalSize: Equatable {
    public var rows: Int
    public var columns: Int

    /// Asks the terminal on `descriptor`; nil when it is none, or does not know its width.
    public init?(of descriptor: Int32) {
        var size = winsize()
        // SAFETY: TIOCGWINSZ writes one winsize, during the call.
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return nil }
        (rows, columns) = (size.ws_row > 0 ? Int(size.ws_row) : 24, Int(size.ws_col))
    }
}

/// The terminal on stdin, which can be told to pass on every key as it is. Whoever does has to restore it.
public final class Terminal: Sendable {
    /// The settings that were found; nil while they are in force.
    private let former = Mutex<termios?>(nil)

    /// The terminal on stdin, whose settings are left alone at first.
    public init() {}

    /// Whether stdin is a terminal at all.
    public static var isThere: Bool { isatty(0) == 1 }

    /// Keys pass as they are: what they mean is for the terminal in dom0. What ends of lines in the output become stays
    /// this one's business.
    public func passKeys() {
        former.withLock { former in
            var settings = termios()
            // SAFETY: both calls read or write the one structure, during the call.
            guard former == nil, unsafe tcgetattr(0, &settings) == 0 else { return }
            former = settings
            apply(Self.raw(settings))
        }
    }

    /// The same again, after somebody else changed it: a shell does when it has stopped and continued us.
    public func passKeysAgain() {
        former.withLock { former in
            if let settings = former { apply(Self.raw(settings)) }
        }
    }

    private static func raw(_ settings: termios) -> termios {
        var raw = settings
        // SAFETY: the call changes the one structure, during the call.
        unsafe cfmakeraw(&raw)
        raw.c_oflag = settings.c_oflag
        return raw
    }

    /// As it was before; false when it is so already.
    @discardableResult
    public func restore() -> Bool {
        former.withLock { former in
            guard let settings = former else { return false }
            apply(settings)
            former = nil
            return true
        }
    }

    /// At once: a terminal that takes no more output must not keep us.
    private func apply(_ settings: termios) {
        var settings = settings
        // SAFETY: the structure is read during the call.
        while unsafe tcsetattr(0, TCSANOW, &settings) != 0, errno == EINTR {}
    }

    /// The next bytes on stdin, terminal or not, as soon as there are some; none at the end.
    public static func read(bytesMax: Int) -> Data {
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        while true {
            // SAFETY: the call writes at most `count` bytes into the array, during the call.
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(0, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {  // somebody who shares it made it non-blocking
                StandardOutput.wait(for: POLLIN, on: 0)
                continue
            }
            return Data(bytes.prefix(max(count, 0)))
        }
    }
}
