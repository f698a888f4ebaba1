// Rows J, L, N, O, P: events, messages and lines. dmop.md 18.5.

internal import HypervisorModel

extension ConformanceSuite {
    static var interruptBlocks: [ConformanceBlock] { [] }
}
