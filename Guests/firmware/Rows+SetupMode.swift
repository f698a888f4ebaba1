// Modes and key variables while there is no PK (rows 71 to 85). At the end it is setup mode again.
import Machine

extension Rows {
    /// The modes, as they must be together.
    static func expectModes(setup: UInt64, _ row: inout Row) {
        row.expect(Variable.setupMode.byte, setup)
        row.expect(Variable.deployedMode.byte, 1 - setup)
        row.expect(Variable.secureBoot.byte, 1 - setup)
        row.expect(Variable.auditMode.byte, 0)
    }

    static func setupMode(_ judge: inout Judge) {
        internals(&judge)
        withoutSignature(&judge)
        platformKeyRefused(&judge)
        platformKey(&judge)
    }

    private static func internals(_ judge: inout Judge) {
        judge.row("71", "the five internal variables can't be written, deleted or appended to") { row in
            for number in 0..<5 {
                let variable: Variable =
                    switch number {
                    case 0: .signatureSupport
                    case 1: .setupMode
                    case 2: .auditMode
                    case 3: .deployedMode
                    default: .secureBoot
                    }
                row.expect(variable.set(.number(0, count: 1), 6), .writeProtected)
                row.expect(variable.delete(6), .writeProtected)
                row.expect(variable.set(.number(0, count: 1), 0x46), .writeProtected)
            }
            expectModes(setup: 1, &row)
        }
        judge.row("72", "SecureBoot under another GUID is like any other variable") {
            $0.expect(Variable.test("SecureBoot").set(.text("x"), 6), .success)
            $0.expect(Variable.test("SecureBoot").delete(6), .success)
        }
        judge.row("73, 74", "PK, KEK, db, dbx and dbt have attributes 0x27 or none") {
            $0.expect(Variable.pk.set(.pk, 7), .invalidParameter)
            $0.expect(Variable.kek.set(.kek, 0x26), .invalidParameter)
            $0.expect(Variable.db.set(.db, 7), .invalidParameter)
            $0.expect(Variable.dbx.set(.dbx, 0x23), .invalidParameter)
            $0.expect(Variable.dbt.set(.db, 7), .invalidParameter)
        }
    }

    private static func withoutSignature(_ judge: inout Judge) {
        judge.row("75", "KEK needs no signature in setup mode, which it does not end") {
            $0.expect(Variable.kek.setUnsigned(Fixture.kek.payload, year: 2020), .success)
            $0.expect(Variable.kek.holds(Fixture.kek.payload, 0x27))
            expectModes(setup: 1, &$0)
        }
        judge.row("76", "nor a later time") {
            $0.expect(Variable.kek.setUnsigned(Fixture.kek.payload, year: 2001), .success)
        }
        judge.row("77", "an empty payload deletes it") {
            $0.expect(Variable.kek.setUnsigned(.none), .success)
            $0.expect(Variable.kek.get().status, .notFound)
        }
    }

    private static func platformKeyRefused(_ judge: inout Judge) {
        judge.row("78", "PK without a signature") {
            $0.expect(Variable.pk.setUnsigned(Fixture.pk.payload), .securityViolation)
        }
        judge.row("82", "PK signed by a stranger") {
            $0.expect(Variable.pk.set(.pkStranger), .securityViolation)
            expectModes(setup: 1, &$0)
        }
        judge.row("83", "PK with two lists") { $0.expect(Variable.pk.set(.pkTwo), .invalidParameter) }
        judge.row("84", "PK with a good signature of nothing") { $0.expect(Variable.pk.set(.pkDelete), .notFound) }
        judge.row("85", "PK when the store is full") {
            fill(leaving: 500, &$0)
            $0.expect(Variable.pk.set(.pk), .outOfResources)
            expectModes(setup: 1, &$0)
            clear(&$0)
        }
    }

    private static func platformKey(_ judge: inout Judge) {
        judge.row("79", "PK signed by itself ends setup mode") {
            $0.expect(Variable.pk.set(.pk), .success)
            $0.expect(Variable.pk.holds(Fixture.pk.payload, 0x27))
            expectModes(setup: 0, &$0)
        }
        judge.row("89", "PK deleted by its own signature: setup mode again") {
            $0.expect(Variable.pk.set(.pkDelete), .success)
            $0.expect(Variable.pk.get().status, .notFound)
            expectModes(setup: 1, &$0)
        }
        judge.row("81", "PK that is an authority, signed by a leaf under it") {
            $0.expect(Variable.pk.set(.pkLeaf), .success)
            expectModes(setup: 0, &$0)
            $0.expect(Variable.pk.set(.pkDelete), .success)
        }
    }
}
