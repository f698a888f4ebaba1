// Rows V, Y, W, X, Q, U: operations on the guest's memory. dmop.md 18.5.

internal import HypervisorModel

extension ConformanceSuite {
    static var memoryBlocks: [ConformanceBlock] { [] }
}
