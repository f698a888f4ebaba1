// A guest as a program: its vCPUs take turns, chosen by a seed. Single-threaded; who gives each vCPU a thread of its
// own calls `run` under one lock. Not for: one access alone (VirtualCPU.perform).

public import XenABI

/// Runs a program on the vCPUs of a domain.
public final class Guest {
    /// Where it runs.
    public let domain: Domain
    /// What it runs.
    public let program: GuestProgram
    /// What it has done.
    public var trace: GuestTrace { recorder.trace }
    private let recorder = GuestRecorder()
    private let threads: [GuestThread]
    private var generator: SeededGenerator
    /// The vCPU whose turn is not over: `run(stepsMax:)` has stopped it in the midst.
    private var cutShort: GuestThread?

    /// A guest about to start. vCPUs that the program does not name have nothing to do; steps of vCPUs that the domain
    /// does not have are left out.
    public init(_ domain: Domain, _ program: GuestProgram, seed: UInt64 = 0) {
        self.domain = domain
        self.program = program
        generator = SeededGenerator(seed: seed)
        let recorder = recorder
        threads = zip(domain.vcpus, program.steps).map { GuestThread($0, $1, recorder) }
    }

    /// Runs a vCPU until it waits or is done, or its turn is over: then it can be run at once.
    @discardableResult
    public func run(_ vcpu: VCPUID) -> GuestProgress {
        Int(vcpu.rawValue) < threads.count ? threads[Int(vcpu.rawValue)].run() : .finished
    }

    /// Whether running a vCPU would do something.
    public func canRun(_ vcpu: VCPUID) -> Bool {
        Int(vcpu.rawValue) < threads.count && threads[Int(vcpu.rawValue)].canRun
    }

    /// Runs one of the vCPUs that can, until it waits, is done, or its turn is over; false: none can.
    @discardableResult
    public func step() -> Bool {
        guard let thread = nextThread() else { return false }
        _ = thread.run()
        return true
    }

    /// Steps until none can run, or so many steps of the program were done. What was cut short goes on first the next
    /// time, so that the trace is the same whatever the bound. Answers how many steps were done: fewer than `stepsMax`
    /// when none can run. A step that does much, a `fill` say, counts as several.
    public func run(stepsMax: Int) -> Int {
        var left = stepsMax
        while left > 0, let thread = nextThread() {
            let used = thread.run(stepsMax: left)
            left -= max(1, used)
            if thread.isCutShort { cutShort = thread }
        }
        return stepsMax - max(0, left)
    }

    /// Whose turn it is; nil: none can run.
    private func nextThread() -> GuestThread? {
        if let thread = cutShort {
            cutShort = nil
            return thread
        }
        var able: UInt64 = 0
        for thread in threads where thread.canRun { able += 1 }
        guard able > 0 else { return nil }
        var chosen = generator.next() % able
        for thread in threads where thread.canRun {
            if chosen == 0 { return thread }
            chosen -= 1
        }
        return nil
    }

    /// Steps until no vCPU can run.
    public func runUntilIdle() { while step() {} }

    /// Whether nothing is left to do, come what may.
    public var isFinished: Bool {
        threads.allSatisfy { $0.progress == .finished || $0.progress == .stopped }
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator of this seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed &>> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed &>> 31
    }
}
