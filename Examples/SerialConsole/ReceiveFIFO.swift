// The bytes a UART has received and the guest has not read yet.
// Not for: interrupts (see UART16550).

/// Up to 16 received bytes, each with the errors it came with. Never allocates.
struct ReceiveFIFO {
    /// What the data sheet gives a 16550A.
    static let capacity = 16

    private struct Entry {
        var byte: UInt8 = 0
        var errors: LineStatus = []
    }

    private var entries = InlineArray<16, Entry>(repeating: Entry())
    private var first = 0
    private(set) var count = 0

    var isFull: Bool { count == Self.capacity }

    /// Adds a byte at the end. A byte that finds the FIFO full is lost: the caller checks.
    mutating func append(_ byte: UInt8, errors: LineStatus) {
        guard !isFull else { return }
        entries[(first + count) % Self.capacity] = Entry(byte: byte, errors: errors)
        count += 1
    }

    /// Takes the oldest byte; nil when there is none.
    mutating func removeFirst() -> UInt8? {
        guard count > 0 else { return nil }
        let byte = entries[first].byte
        first = (first + 1) % Self.capacity
        count -= 1
        return byte
    }

    /// Takes the errors of the oldest byte: the CPU is shown them when the byte comes to the top, once.
    mutating func takeErrorsOfFirst() -> LineStatus {
        guard count > 0 else { return [] }
        let errors = entries[first].errors
        entries[first].errors = []
        return errors
    }

    /// Whether any byte still carries an error.
    var holdsErrors: Bool {
        for index in 0..<count where !entries[(first + index) % Self.capacity].errors.isEmpty { return true }
        return false
    }

    mutating func removeAll() {
        first = 0
        count = 0
    }
}
