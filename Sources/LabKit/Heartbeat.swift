// Wakes the machine once a second. Under QEMU's emulation Xen was seen to sleep for ever in its idle loop, both dom0
// and guest idle and no timer of the machine armed: a lost timer interrupt. QEMU's VMRUN (svm_helper.c) sets a bit
// among a processor's pending interrupts without the lock that others take for them, so that one that comes at this
// moment can be undone. Any other interrupt makes Xen look at its timers again, and a byte on the serial port is one
// that changes nothing else. Not for: telling whether the machine still lives.
import Dispatch
import Foundation
import Synchronization

/// The input of a machine's first serial port: a byte of zero each second. It can carry one message.
final class Heartbeat: Sendable {
    private let pipe = Pipe()
    private let stopped = DispatchSemaphore(value: 0)
    private let beat = Mutex(Data([0]))

    /// Give this to the machine as its standard input. Our copy stays open, so that a machine that ended is no error.
    var input: FileHandle { pipe.fileHandleForReading }

    /// Begins.
    func start() {
        Thread.detachNewThread { [self] in
            while stopped.wait(timeout: .now() + 1) == .timedOut {
                send()
            }
        }
    }

    private func send() { try? pipe.fileHandleForWriting.write(contentsOf: beat.withLock { $0 }) }

    /// Tells Lab/guest-run that the command is ready: now, and with each beat, should Xen's console lose some of it.
    func tellReady() {
        beat.withLock { $0 = Data("\nready\n".utf8) }
        send()
    }

    /// Ends it.
    func stop() { stopped.signal() }
}
