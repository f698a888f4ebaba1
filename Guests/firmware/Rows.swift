// The acceptance rows of varstored.md 20 that a guest can judge by itself, on a store that is new: `rows`, then, after
// a reboot, what the first part has left. What needs a look at the daemon, its backend or its log is not here.
import Machine

enum Rows {
    /// By this the second part knows that the first has run.
    private static var mark: Variable { Variable("RowsAreDone", .owner) }
    /// Lacks RUNTIME_ACCESS: what the runtime latch hides.
    static var bootOnly: Variable { .test("BootOnly") }

    static func run() -> Verdict { mark.get().status == .success ? second() : first() }

    static func first() -> Verdict {
        guard Variable.setupMode.byte == 1, Storage(7).remaining == 129489 else {
            Line("Bail out! The store is not new: these rows want a first boot without keys").end()
            return .failed
        }
        var judge = Judge()
        requests(&judge)
        ports(&judge)
        race(&judge)
        lookups(&judge)
        attributes(&judge)
        space(&judge)
        setupMode(&judge)
        lists(&judge)
        userMode(&judge)
        privateVariables(&judge)
        forgeries(&judge)
        platform(&judge)
        judge.row("6", "what the second part looks for is stored") {
            $0.expect(mark.set(.number(1, count: 1), 7), .success)
            $0.expect(bootOnly.set(.text("boot"), 3), .success)
        }
        runtime(&judge)
        return judge.verdict("the first part of the rows", next: .reboot)
    }

    static func second() -> Verdict {
        var judge = Judge()
        judge.row("69", "a new boot is not at runtime: what lacks RUNTIME_ACCESS is seen again") {
            $0.expect(bootOnly.holds(.text("boot"), 3))
        }
        judge.row("11.3", "volatile variables are gone") {
            $0.expect(Variable.test("Volatile").get().status, .notFound)
        }
        judge.row("164", "MOR lock is open, MOR control is 0") {
            $0.expect(Variable.morLock.byte, 0)
            $0.expect(Variable.morControl.byte, 0)
            $0.expect(Variable.morControl.set(.number(0x11, count: 1)), .success)
        }
        judge.row("10.1", "the PPI lock is open, the function flags are 0, PPIBuffer has kept its bytes") {
            $0.expect(Variable.ppiLock.byte, 0)
            out32(VariableService.windowIndexPort, 16)
            $0.expect(UInt64(in32(VariableService.windowDataPort)), 0)
            out32(VariableService.windowIndexPort, 0x105)
            $0.expect(UInt64(in32(VariableService.windowDataPort)), 0xddcc_bbaa)
        }
        judge.row("169", "flags can't be created past the lock") {
            $0.expect(Variable.ppiFlags.delete(), .success)
            $0.expect(Variable.ppiLock.set(.number(1, count: 1)), .success)
            $0.expect(Variable.ppiFlags.set(.number(0, count: 4)), .writeProtected)
        }
        judge.row("7", "a private variable still knows its signer and its time") {
            $0.expect(Variable.test("A").holds(.text("data"), 0x27))
            Fixture.vector41.bytes.write(at: VariableService.buffer)
            VariableService.call()
            $0.expect(VariableService.status, .securityViolation)
        }
        judge.row("10.2", "without PK it is setup mode") {
            $0.expect(Variable.setupMode.byte, 1)
            $0.expect(Variable.secureBoot.byte, 0)
        }
        return judge.verdict("the second part of the rows", next: .passed)
    }
}
