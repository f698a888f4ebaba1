// What the shell in dom0 reads: the user's terminal, key by key, or a script on our stdin. Lab/dom0-shell is the other
// end. Not for the command of `lab run`, which has no input.
import Dispatch
import Foundation
import Glibc
import Synchronization

/// Where the command in dom0 gets its input.
public enum LabInput: Sendable {
    /// It has none.
    case nothing
    /// A shell is run, for the terminal on our stdin.
    case terminal
    /// A shell is run, for what comes on our stdin.
    case script

    /// What our stdin is good for.
    public static var ofShell: LabInput { Terminal.isThere ? .terminal : .script }
}

/// Sends our stdin into the machine, by two FIFOs in the run's folder: keys go to the virtio console, everything else
/// to a virtio port of its own. QEMU's "pipe" device reads NAME.in and writes NAME.out, which is a link to the file of
/// the output: a file takes everything, so that not a byte is lost.
final class ShellInput: Sendable {
    /// Names for QEMU's pipe devices.
    static let (console, port) = ("console", "port")
    /// Ctrl-], with which xl console is left too.
    static let escape: UInt8 = 0x1d
    /// As much is kept for a dom0 that reads nothing; then keys are lost, all but the one that ends it all.
    private static let pendingBytesMax = 1 << 20
    /// In a line of base64 this becomes 4000 bytes.
    private static let pieceBytesMax = 3000

    private let keys: FileHandle
    private let lines: FileHandle
    private let input: LabInput
    private let terminal = Terminal()
    private let pending = Mutex(0)
    private let keyQueue = DispatchQueue(label: "keys")

    /// Makes the files that QEMU opens.
    init(_ input: LabInput, in run: RunFolder) throws(LabError) {
        self.input = input
        keys = try Self.fifo(Self.console, output: run.output.lastPathComponent, in: run.folder)
        lines = try Self.fifo(Self.port, output: "/dev/null", in: run.folder)
        guard input == .terminal else {
            send("script")
            return
        }
        send("terminal \(Self.terminalType(ProcessInfo.processInfo.environment["TERM"]))")
        sendSize()
        watch(SIGWINCH) { $0.sendSize() }
        watch(SIGCONT) { input in
            input.terminal.passKeysAgain()
            input.sendSize()
        }
    }

    /// The name that programs in dom0 get: a word in a line, so nothing but what such names are made of.
    static func terminalType(_ name: String?) -> String {
        let isFit = name.map { !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } } ?? false
        return isFit ? name ?? "" : "vt100"
    }

    /// The shell is about to start. `onEscape` is called when the user wants it to end at once, `onHangup` when the
    /// terminal is gone.
    func begin(onEscape: @escaping @Sendable () -> Void, onHangup: @escaping @Sendable () -> Void) {
        if input == .terminal { terminal.passKeys() }
        Thread.detachNewThread { [self] in
            switch input {
            case .nothing: break
            case .script: sendScript()
            case .terminal:
                while true {
                    let bytes = Terminal.read(bytesMax: 4096)
                    if bytes.isEmpty { return onHangup() }
                    guard !bytes.contains(Self.escape) else { return onEscape() }
                    send(keys: bytes)
                }
            }
        }
    }

    /// The terminal is the user's again, at the beginning of a line even when the shell did not see it out.
    func end(ended outcome: LabOutcome? = nil) {
        guard terminal.restore(), let outcome else { return }
        if case .exited = outcome { return }
        StandardError.write("\n")
    }

    private func sendScript() {
        while true {
            let bytes = Terminal.read(bytesMax: Self.pieceBytesMax)
            if bytes.isEmpty { return send("end") }
            send("data \(bytes.base64EncodedString())")
        }
    }

    private func sendSize() {
        let size = TerminalSize(of: 0)
        send("size \(size?.rows ?? 24) \(size?.columns ?? 80)")
    }

    /// Waits while the FIFO is full.
    private func send(_ line: String) {
        try? lines.write(contentsOf: Data("\(line)\n".utf8))  // we read the FIFO too: it can't be closed
    }

    /// Does not wait: the reading thread has to see the escape even when dom0 takes nothing.
    private func send(keys bytes: Data) {
        let fits = pending.withLock { count in
            guard count + bytes.count <= Self.pendingBytesMax else { return false }
            count += bytes.count
            return true
        }
        guard fits else { return }
        keyQueue.async { [self] in
            try? keys.write(contentsOf: bytes)
            pending.withLock { $0 -= bytes.count }
        }
    }

    /// As long as this object lives; the source lasts as long as the program.
    private func watch(_ signal: Int32, _ action: @escaping @Sendable (ShellInput) -> Void) {
        let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
        source.setEventHandler { [weak self] in
            withExtendedLifetime(source) {
                if let self { action(self) }
            }
        }
        source.activate()
    }

    /// `name`.in as a FIFO, open in both directions so that no open waits for the other side, and `name`.out as a link.
    private static func fifo(_ name: String, output: String, in folder: URL) throws(LabError) -> FileHandle {
        let place = folder.appendingPathComponent("\(name).in")
        // SAFETY: the path is read during the call.
        guard unsafe mkfifo(place.path, 0o600) == 0 else {
            throw .file(NSError(domain: NSPOSIXErrorDomain, code: Int(errno)), "make \(place.path)")
        }
        do {
            try FileManager.default.createSymbolicLink(
                atPath: folder.appendingPathComponent("\(name).out").path, withDestinationPath: output)
            return try FileHandle(forUpdating: place)
        } catch { throw .file(error, "make \(place.path)") }
    }
}
