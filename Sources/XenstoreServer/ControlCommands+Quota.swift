// `quota` and `quota-soft` (xenstored.md 12, 7).
// Not for: GET_QUOTA and SET_QUOTA (XenstoreCore).

internal import XenstoreCore

extension ControlCommands {
    /// `quota`, all forms:
    ///
    ///     quota               name: value         what new domains get, in the order of table 7.1; 0 is unlimited
    ///     quota DOMID         name: count, highest value, quota value      of that domain; those of single requests
    ///                                                                      have no count: name: highest ...
    ///     quota set NAME N    OK
    ///     quota max [-r]      name: value         the highest count among guests
    func quota(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        let core = server.core
        if words.parameters.isEmpty { return .lines(Quota.allCases.map { "\($0.name): \(core.defaultQuota($0))" }) }
        switch words.text(0) {
        case "set": return setQuota(words, core) { Quota(name: $0) }
        case "max":
            let isReset = words.parameters.count == 2 && words.text(1) == "-r"
            if words.parameters.count != 1 && !isReset { return .wrong }
            if isReset { core.resetMaxima() }
            return .lines(Quota.allCases.map { "\($0.name): \(core.maximum($0))" })
        default:
            guard words.parameters.count == 1, let domain = words.domain(0) else { return .wrong }
            guard let summary = core.summary(of: domain, now: now()) else { return .unknown }
            return .lines(["Domain \(domain):"] + Quota.allCases.map { line($0, summary) })
        }
    }

    private func line(_ quota: Quota, _ summary: DomainSummary) -> String {
        let count = summary.count(quota).map { "\($0), " } ?? ""
        return "\(quota.name): \(count)highest \(summary.maximum(quota)), quota \(summary.quota(quota))"
    }

    private func setQuota(
        _ words: ControlWords, _ core: XenstoreCore, _ named: ([UInt8]) -> Quota?
    ) -> ControlAnswer {
        guard words.parameters.count == 3, let quota = named(words.parameters[1]), let value = words.positive(2) else {
            return .wrong
        }
        core.setDefaultQuota(quota, to: value)
        return .done
    }

    /// `quota-soft`: as `quota`, of the only soft quota, `memory` (`soft-memory` is another name for it).
    func softQuota(_ words: ControlWords, _ server: StoreServer) -> ControlAnswer {
        if words.parameters.isEmpty { return .lines(["memory: \(server.core.defaultQuota(.softMemory))"]) }
        if words.text(0) != "set" { return .wrong }
        return setQuota(words, server.core) {
            ["memory", "soft-memory"].contains(String(decoding: $0, as: UTF8.self)) ? .softMemory : nil
        }
    }
}
