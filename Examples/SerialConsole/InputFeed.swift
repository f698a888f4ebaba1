// The standard input on its way to the guest, at the guest's pace.
// Not for: editing or raw terminals; what the terminal hands over is sent as it is.

internal import EventLoop
internal import SystemCalls

/// Feeds a UART's receiver from a descriptor, and only as much as fits, so that nothing is lost to an overrun.
final class InputFeed: DescriptorHandler {
    private let input: OwnedDescriptor
    private let uart: UART16550
    private let loop: EventLoop
    private let messages: Messages
    private var queue: ArraySlice<UInt8> = []
    private var watch: Watch?
    private var hasEnded = false
    private(set) var byteCount: UInt64 = 0

    init(_ input: consuming OwnedDescriptor, to uart: UART16550, loop: EventLoop, messages: Messages)
        throws(SystemError)
    {
        try input.setNonBlocking(true)
        self.input = input
        self.uart = uart
        self.loop = loop
        self.messages = messages
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { pump() }

    /// Moves bytes until the receiver is full or no more are there, then waits for whichever it lacks.
    func pump() {
        do throws(SystemError) {
            while !hasEnded && uart.receiveRoom > 0 {
                if queue.isEmpty, try !refill() { return try wait(true) }
                let part = queue.prefix(uart.receiveRoom)
                queue.removeFirst(part.count)
                byteCount += UInt64(part.count)
                uart.receive(part)
            }
            // The receiver is full: the guest's reading goes on from here.
            try wait(false)
        } catch {
            hasEnded = true
            messages.say("the input can't be read: \(error); the guest goes on without")
        }
    }

    /// Reads what is there; false when nothing is, for now.
    private func refill() throws(SystemError) -> Bool {
        var storage = [256 of UInt8](repeating: 0)
        var bytes = storage.mutableSpan
        guard let count = try input.readIfReady(into: &bytes) else { return false }
        hasEnded = count == 0
        for index in 0..<count { queue.append(storage[index]) }
        return true
    }

    private func wait(_ on: Bool) throws(SystemError) {
        if on, watch == nil {
            watch = try loop.watch(input.rawValue, self)
        } else if !on, let old = watch {
            watch = nil
            try loop.remove(old)
        }
    }
}
