// Guests of real Xen: a program makes domains (corbel-domains, which is built for one release of Xen and is no
// product), the exerciser in them does what it is told. Not for: what rows mean by it.

public import XenABI

/// Runs the program that makes domains. Its words, and what it has printed and its status, are the contract of
/// Lab/conformance/domains.c.
public struct DomainsProgram {
    /// What a run of it has come to.
    public struct Run {
        /// The exit status.
        public var status: Int32
        /// Standard output, without the last line's end.
        public var output: String

        /// A run that is over.
        public init(status: Int32, output: String) {
            self.status = status
            self.output = output
        }
    }

    let run: ([String]) -> Run?
    /// The file that a running guest is made of; nil: there is none.
    let exerciser: String?

    /// `run` starts it with these words and waits; nil: it could not be started.
    public init(exerciser: String?, run: @escaping ([String]) -> Run?) {
        self.exerciser = exerciser
        self.run = run
    }
}

/// The block's guest.
struct XenGuest {
    let domain: DomainID
    /// Of a running one.
    var driver: ExerciserDriver?
    /// Looks at a vCPU since it was last asked whether the domain lives.
    var looks = 0
    /// It has shut down, as far as is known.
    var hasEnded = false
}

extension XenHost {
    /// One call of the program; its last line's words.
    private func call(_ words: [String]) throws(HostError) -> DomainsProgram.Run {
        guard let domains else { throw .unavailable("corbel-domains is not there (--domains)") }
        guard let run = domains.run(words) else { throw .unavailable("corbel-domains can't be started") }
        return run
    }

    /// A call that has to succeed.
    @discardableResult
    private func order(_ words: [String]) throws(HostError) -> String {
        let run = try call(words)
        guard run.status == 0 else {
            throw .broken("corbel-domains \(words.joined(separator: " ")): status \(run.status), \(run.output)")
        }
        return run.output
    }

    /// A call whose error is an answer: `errno N`.
    private func ask(_ words: [String]) throws(HostError) -> Answer {
        let run = try call(words)
        let text = run.output.split(separator: "\n").last ?? ""
        if text.hasPrefix("errno "), let code = Int32(text.dropFirst(6)) { return .error(XenErrorCode(code)) }
        guard run.status == 0 else { return .other("status \(run.status), \(run.output)") }
        return .value(UInt64(number: text) ?? 0)
    }

    // MARK: Domains

    /// Rows ask domain 77 for everything, its shutdown too, as it is not there (dmop.md 18.1, E15): where somebody's
    /// guest has that id, no row runs.
    private func checkAbsent() throws(HostError) {
        guard try condition(of: DomainID(77)) == .gone else {
            throw .unavailable("domain 77 is there, which rows want not to be")
        }
    }

    /// A domain; its id.
    private func make(_ words: [String]) throws(HostError) -> UInt16 {
        let output = try order(words)
        guard let last = output.split(separator: "\n").last, let id = UInt16(last) else {
            throw .broken("corbel-domains make said: \(output)")
        }
        return id
    }

    /// Makes a guest.
    public func makeGuest(_ kind: GuestKind, vcpuCount: Int) throws(HostError) -> DomainID {
        let type: String
        switch kind {
        case .none: throw .broken("no guest was asked for")
        case .pausedPVH, .runningPVH: type = "pvh"
        case .pausedHVM, .runningHVM: type = "hvm"
        case .pausedPV: type = "pv"
        }
        var words = ["make", type, "\(vcpuCount)"]
        if kind.isRunning {
            guard let exerciser = domains?.exerciser else { throw .unavailable("no exerciser.elf (--exerciser)") }
            words.append(exerciser)
        }
        try checkAbsent()
        var id = try make(words)
        if DomainID(id) == DomainID(77) {
            // Nor is it to be ours: the next one has another id.
            try order(["destroy", "\(id)"])
            id = try make(words)
        }
        let domain = DomainID(id)
        guest = XenGuest(domain: domain)
        guard kind.isRunning else { return domain }
        do throws(HostError) {
            let driver = try ExerciserDriver(self, domain, vcpuCount: vcpuCount)
            guest?.driver = driver
            try order(["unpause", "\(id)"])
            try driver.greet()
        } catch {
            try destroyGuest(domain)
            throw error
        }
        return domain
    }

    /// Destroys a guest.
    public func destroyGuest(_ domain: DomainID) throws(HostError) {
        // Before the domain, so that nothing holds its id.
        if let driver = guest?.driver { try driver.close() }
        guest = nil
        try order(["destroy", "\(domain.rawValue)"])
    }

    /// Pauses a guest, or lets it run.
    public func setPaused(_ domain: DomainID, _ isPaused: Bool) throws(HostError) {
        try order([isPaused ? "pause" : "unpause", "\(domain.rawValue)"])
    }

    /// Switches log-dirty mode.
    public func setLogDirty(_ domain: DomainID, _ isOn: Bool) throws(HostError) -> Answer {
        try ask(["logdirty", "\(domain.rawValue)", isOn ? "on" : "off"])
    }

    /// An HVM parameter.
    public func parameter(_ domain: DomainID, _ index: UInt32, set value: UInt64?) throws(HostError) -> Answer {
        var words = ["param", "\(domain.rawValue)", "\(index)"]
        if let value { words.append("\(value)") }
        let answer = try ask(words)
        if value != nil, case .value = answer { return .value(0) }
        return answer
    }

    /// What has become of a guest.
    public func condition(of domain: DomainID) throws(HostError) -> GuestCondition {
        if guest?.domain == domain { try guest?.driver?.answerIdleReads() }
        let output = try order(["state", "\(domain.rawValue)"])
        let words = output.split { " \n".contains($0) }
        switch words.first {
        case "running": return .running
        case "paused": return .paused
        case "dying": return .dying
        case "none": return .gone
        case "shutdown":
            guard words.count > 1, let reason = UInt32(words[1]) else { break }
            return .shutDown(reason)
        default: break
        }
        throw .broken("corbel-domains state said: \(output)")
    }

    /// createdomain with an id, and its end again.
    public func createDomain(withID id: DomainID) throws(HostError) -> Answer {
        let answer = try ask(["create-with-id", "\(id.rawValue)"])
        if case .value = answer { try order(["destroy", "\(id.rawValue)"]) }
        return answer
    }

    // MARK: The exerciser

    private func driver() throws(HostError) -> ExerciserDriver {
        guard let driver = guest?.driver else { throw .broken("no guest runs") }
        return driver
    }

    /// As the guest has told it.
    public func exerciserBuffer() throws(HostError) -> UInt64 { try driver().buffer }

    /// Begins a command.
    public func begin(_ command: GuestCommand, vcpu: Int) throws(HostError) {
        let (words, count) = command.words
        try driver().begin(words, results: count, vcpu: vcpu)
    }

    /// Looks at the driver; now and then, whether the domain lives at all.
    public func progress(vcpu: Int) throws(HostError) -> GuestProgress {
        if let results = try driver().results(vcpu) {
            guest?.looks = 0
            let low = UInt64(results.first ?? 0)
            return .done(results.count == 2 ? low | UInt64(results[1]) << 32 : low)
        }
        guard let domain = guest?.domain else { return .ended }
        guest?.looks += 1
        if guest?.hasEnded == true { return .ended }
        guard let looks = guest?.looks, looks % 200 == 199 else { return .waiting }
        switch try condition(of: domain) {
        case .running, .paused: return .waiting
        default:
            guest?.hasEnded = true
            return .ended
        }
    }
}

extension UInt64 {
    /// Decimal, or hexadecimal after 0x.
    fileprivate init?(number text: Substring) {
        if text.hasPrefix("0x") { self.init(text.dropFirst(2), radix: 16) } else { self.init(text) }
    }
}
