// Guests as programs, on a bench: steps of text, run against the device models until they are done.
// Not for: the words of a script (GuestProgram).

public import HypervisorModel
internal import SandboxServer
internal import XenDeviceModel
public import XenABI

/// How a script has ended.
public struct ScriptOutcome {
    /// What the guest has done, a line for each step: `vcpu 0: in 0x100 4 -> 0x11`.
    public var lines: [String]
    /// The same, to be compared.
    public var trace: GuestTrace
    /// Whether every step of every vCPU was done.
    public var isFinished: Bool
    /// Whether all was done, and all that the script expects was met.
    public var isAsExpected: Bool { isFinished && trace.failureCount == 0 }
}

extension SandboxBench {
    /// Runs a script, and serves the device models while the guest waits. It ends when the guest is done, or waits for
    /// what nobody brings. `seed` chooses which vCPU goes first. Throws for a word that no script has.
    public func run(script: String, seed: UInt64 = 0) throws(GuestScriptError) -> ScriptOutcome {
        run(try GuestProgram(script: script), seed: seed)
    }

    /// Runs a program, as `run(script:)`.
    public func run(_ program: GuestProgram, seed: UInt64 = 0) -> ScriptOutcome {
        let runner = Guest(target, program, seed: seed)
        var idleRounds = 0
        while !runner.isFinished, idleRounds < 8 {
            var progress = false
            while runner.step() { progress = true }
            // What a device throws is in its server's statistics; the guest has its answer.
            try? process()
            idleRounds = progress ? 0 : idleRounds + 1
        }
        return ScriptOutcome(
            lines: runner.trace.lines(of: program), trace: runner.trace, isFinished: runner.isFinished)
    }

    /// Lets a guest run a program whenever a device model of this bench waits for events: for device models that have a
    /// loop of their own, `serve(until:)`. When the guest is done, `stop` is called.
    public func runWhileServing(
        _ program: GuestProgram, seed: UInt64 = 0, whenDone stop: @escaping () throws(XenError) -> Void
    ) -> Guest {
        let runner = Guest(target, program, seed: seed)
        var isTold = false
        sandbox.whenIdle = { () throws(XenError) -> Bool in
            if runner.step() { return true }
            if runner.isFinished, !isTold {
                isTold = true
                try stop()
            }
            return false
        }
        return runner
    }
}
