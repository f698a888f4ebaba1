// Rows T and Z: a server's state, a domain's end. dmop.md 18.4 and 18.5.

internal import HypervisorModel

extension ConformanceSuite {
    static var lifeBlocks: [ConformanceBlock] { [] }
}
