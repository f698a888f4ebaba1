// All blocks of the suite, in the order of dmop.md section 18. Not for: their rows (Rows+*.swift).

/// The conformance suite.
public enum ConformanceSuite {
    /// All blocks.
    public static var blocks: [ConformanceBlock] {
        let ofCalls = transportBlocks + entryBlocks + serverBlocks + pageBlocks + rangeBlocks
        let ofOperations = lifeBlocks + memoryBlocks + interruptBlocks + eventBlocks
        return ofCalls + ofOperations + guestBlocks
    }

    /// All rows.
    public static var rows: [ConformanceRow] { blocks.flatMap(\.rows) }
}
