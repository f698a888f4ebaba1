// Rows for a host that has set something else than the rest of the rows want: each is a boot of its own, on a store
// that is new.
import Machine

extension Rows {
    /// `enrolled`: the daemon has found the four files of keys/ at its first boot (row 175).
    static func enrolled() -> Verdict {
        var judge = Judge()
        judge.row("175", "the host's keys are enrolled: user mode from the first moment") {
            expectModes(setup: 0, &$0)
            $0.expect(Variable.pk.holds(Fixture.pk.payload, 0x27))
            $0.expect(Variable.kek.holds(Fixture.kek.payload, 0x27))
            $0.expect(Variable.db.holds(Fixture.db.payload, 0x27))
            $0.expect(Variable.dbx.holds(Fixture.dbx.payload, 0x27))
        }
        judge.row("96", "db takes an update that KEK has signed, once") {
            $0.expect(Variable.db.set(.dbUpdate, 0x67), .success)
            $0.expect(Variable.db.set(.db), .securityViolation)
            $0.expect(Variable.db.set(.dbStranger, 0x67), .securityViolation)
        }
        return judge.verdict("a first boot with the host's keys", next: .passed)
    }

    /// `permissive`: signatures are not enforced (rows 104, 105, 144).
    static func permissive() -> Verdict {
        var judge = Judge()
        judge.row("104", "db in user mode: unsigned, with an older time") {
            $0.expect(Variable.db.set(.db), .success)
            $0.expect(Variable.kek.set(.kek), .success)
            $0.expect(Variable.pk.set(.pk), .success)
            $0.expect(Variable.db.setUnsigned(Fixture.db.payload, year: 2001), .success)
        }
        judge.row("105", "PK unsigned, no valid list") {
            $0.expect(Variable.pk.setUnsigned(.text("no list")), .invalidParameter)
            $0.expect(Variable.pk.holds(Fixture.pk.payload, 0x27))
        }
        judge.row("7", "PK can't be appended to here either") {
            $0.expect(Variable.pk.set(.pk, 0x67), .invalidParameter)
        }
        judge.row("144", "a private variable signed by somebody else: he has it from then on") {
            let b = Variable.test("B")
            $0.expect(b.set(.b), .success)
            $0.expect(b.set(.bOther), .success)
            $0.expect(b.holds(.text("the payload"), 0x27))
        }
        return judge.verdict("permissive", next: .passed)
    }

    /// `unsecured`: the Secure Boot setting is false (row 80).
    static func unsecured() -> Verdict {
        var judge = Judge()
        judge.row("80", "PK enrolled: user mode, SecureBoot stays 0") {
            $0.expect(Variable.secureBoot.byte, 0)
            $0.expect(Variable.pk.set(.pk), .success)
            $0.expect(Variable.setupMode.byte, 0)
            $0.expect(Variable.deployedMode.byte, 1)
            $0.expect(Variable.secureBoot.byte, 0)
        }
        return judge.verdict("Secure Boot setting false", next: .passed)
    }

    /// `relaxed`: names may have an odd length or a NUL (row 12).
    static func relaxed() -> Verdict {
        var judge = Judge()
        judge.row("12", "a name with a NUL in it, and one of 3 bytes") {
            Bytes.number(0x0042_0000_0041, count: 6).write(at: Scratch.kept)
            let variable = Variable(.memory(Scratch.kept, count: 6), .test)
            $0.expect(variable.set(.text("x")), .success)
            $0.expect(variable.holds(.text("x"), 7))
            let odd = Variable(.repeated(0x61, byteCount: 3), .test)
            $0.expect(odd.set(.text("y")), .success)
            $0.expect(odd.holds(.text("y"), 7))
        }
        return judge.verdict("relaxed names", next: .passed)
    }
}
