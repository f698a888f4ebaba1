// Steps about the block's guest as its toolstack sees it: parameters, log-dirty mode, its end.
// Not for: what the guest does (Steps+Requests).

internal import SystemCalls
internal import XenABI

extension Step {
    /// Sets an HVM parameter.
    public static func setParameter(_ index: UInt32, _ value: UInt64) -> Step {
        Step("param \(index) = \(Value.text(value))") { bench throws(HostError) in
            try bench.host.parameter(bench.guest, index, set: value)
        }
    }

    /// An HVM parameter; answers it.
    public static func parameter(_ index: UInt32) -> Step {
        Step("param \(index)", .success) { bench throws(HostError) in
            try bench.host.parameter(bench.guest, index, set: nil)
        }
    }

    /// Switches log-dirty mode.
    public static func logDirty(_ isOn: Bool) -> Step {
        Step("log-dirty \(isOn ? "on" : "off")") { bench throws(HostError) in
            try bench.host.setLogDirty(bench.guest, isOn)
        }
    }

    /// Pauses the guest.
    public static let pause = Step.action("pause") { bench throws(HostError) in
        try bench.host.setPaused(bench.guest, true)
        return .value(0)
    }

    /// Lets the guest run.
    public static let unpause = Step.action("unpause") { bench throws(HostError) in
        try bench.host.setPaused(bench.guest, false)
        return .value(0)
    }

    /// Destroys the guest. What is mapped of it stays mapped.
    public static let destroyGuest = Step.action("destroy the domain") { bench throws(HostError) in
        try bench.destroyGuest()
        return .value(0)
    }

    /// createdomain with the id of the guest, which was destroyed.
    public static let createSameID = Step("createdomain with its id") { bench throws(HostError) in
        try bench.host.createDomain(withID: bench.guest)
    }

    /// Waits for the guest's shutdown; answers the reason.
    public static let shutdownReason = Step("the domain's shutdown reason", .success) { bench throws(HostError) in
        var patience = Patience(bench.host)
        while true {
            let condition = try bench.host.condition(of: bench.guest)
            if case .shutDown(let reason) = condition { return .value(UInt64(reason)) }
            guard patience.wait(bench.host) else { return .other("the domain is \(condition)") }
        }
    }

    /// The guest has not shut down.
    public static let stillRuns = Step.action("the domain has not shut down") { bench throws(HostError) in
        bench.host.wait(milliseconds: 300)
        let condition = try bench.host.condition(of: bench.guest)
        return condition == .running || condition == .paused ? .value(0) : .other("the domain is \(condition)")
    }
}

/// How long steps wait for a guest: emulation under emulation, on a machine with other work. Where nothing happens by
/// itself, a few looks are enough.
struct Patience {
    /// nil: nothing happens by itself.
    private let end: MonotonicTime?
    private var looksLeft = 8

    init(_ host: any ConformanceHost, seconds: Int32 = 20) {
        end = host.name == "model" ? nil : MonotonicTime.now.advanced(byMilliseconds: seconds * 1000)
    }

    /// Lets some time pass; false: it is over.
    mutating func wait(_ host: any ConformanceHost) -> Bool {
        guard let end else {
            looksLeft -= 1
            return looksLeft > 0
        }
        guard MonotonicTime.now < end else { return false }
        host.wait(milliseconds: 2)
        return true
    }
}
