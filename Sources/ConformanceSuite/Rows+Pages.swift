// Rows I, M, G, F: where a server's pages are, and mapping of guest frames. dmop.md 18.2, 18.3, sections 3.2, 8 and 9.

internal import HypervisorModel

extension ConformanceSuite {
    static var pageBlocks: [ConformanceBlock] { [] }
}
