// What the program writes: standard output in large pieces, errors at once, each in its place among the others.
// Not for: live tables (TopScreen).

internal import SystemCalls

/// The standard streams of a run.
final class Console {
    /// The name before messages: the program's, without folders.
    private let name: [UInt8]
    private var pending: [UInt8] = []
    /// Output that may yet be taken back begins here.
    private var mark: Int?
    private let writesErrors: (Span<UInt8>) -> Void
    private let writesOutput: (Span<UInt8>) -> Void

    private static let pendingByteCountMax = 65536

    /// The streams of the process, or in their place what a test gives.
    init(
        name: [UInt8],
        output: @escaping (Span<UInt8>) -> Void = { try? StandardStream.output.write($0) },
        errors: @escaping (Span<UInt8>) -> Void = { try? StandardStream.error.write($0) }
    ) {
        self.name = name
        writesOutput = output
        writesErrors = errors
    }

    /// Writes to standard output, later.
    func write(_ bytes: [UInt8]) {
        pending += bytes
        if mark == nil, pending.count >= Self.pendingByteCountMax { flush() }
    }

    /// Keeps all output from here on until `keep` or `takeBack`.
    func hold() {
        flush()
        mark = pending.count
    }

    /// Forgets the output since `hold`.
    func takeBack() {
        if let mark { pending.removeLast(pending.count - mark) }
        mark = nil
    }

    /// Lets the output since `hold` go its way.
    func keep() { mark = nil }

    /// Writes all output that waits.
    func flush() {
        if !pending.isEmpty { writesOutput(pending.span) }
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes a message with the program's name before it and a newline behind it to standard error.
    func warn(_ message: [UInt8]) { complain(name + Array(": ".utf8) + message) }

    /// Writes a line to standard error.
    func complain(_ line: [UInt8]) {
        if mark == nil { flush() }
        writesErrors((line + [0x0A]).span)
    }
}

/// Why a run ends before its end.
struct ToolFailure: Error, Equatable {
    /// What is told behind the program's name; nil: all was told, or nothing is.
    var message: [UInt8]?

    /// A text, and bytes behind it as they were given.
    init(_ text: String, _ bytes: [UInt8] = [], _ after: String = "") {
        message = Array(text.utf8) + bytes + Array(after.utf8)
    }

    private init(message: [UInt8]?) { self.message = message }

    /// Nothing more is to be told.
    static let silent = ToolFailure(message: nil)
}
