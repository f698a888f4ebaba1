// Rows C, D, H: event channels, domain states, grants. dmop.md 18.6.

internal import HypervisorModel

extension ConformanceSuite {
    static var eventBlocks: [ConformanceBlock] { [] }
}
