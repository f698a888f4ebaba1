// Rows B: a running guest and the servers that it asks. dmop.md 18.7.

internal import HypervisorModel

extension ConformanceSuite {
    static var guestBlocks: [ConformanceBlock] { [] }
}
