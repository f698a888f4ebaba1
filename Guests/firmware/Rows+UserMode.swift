// Key variables while there is a PK: who may change which (rows 87 to 103, 131 to 139). At the end it is setup mode
// again, without keys.
import Machine

extension Rows {
    static func userMode(_ judge: inout Judge) {
        judge.row("10.5", "dbx, db, KEK and PK enrolled, in this order") {
            $0.expect(Variable.dbx.set(.dbx, 0x67), .success)
            $0.expect(Variable.db.set(.db), .success)
            $0.expect(Variable.kek.set(.kek), .success)
            $0.expect(Variable.pk.set(.pk), .success)
            expectModes(setup: 0, &$0)
        }
        platformKeyKept(&judge)
        exchangeKeys(&judge)
        databases(&judge)
        chains(&judge)
        chainsRefused(&judge)
        ends(&judge)
    }

    private static func platformKeyKept(_ judge: inout Judge) {
        judge.row("87", "PK can't be appended to") { $0.expect(Variable.pk.set(.pk, 0x67), .invalidParameter) }
        judge.row("90", "PK can't be deleted without a signature") {
            $0.expect(Variable.pk.setUnsigned(.none, year: 2030), .securityViolation)
            $0.expect(Variable.pk.set(.none, 0x27), .securityViolation)
        }
        judge.row("91", "PK can't be deleted as a plain variable") {
            $0.expect(Variable.pk.delete(7), .invalidParameter)
            $0.expect(Variable.pk.delete(0), .invalidParameter)
            $0.expect(Variable.pk.holds(Fixture.pk.payload, 0x27))
        }
    }

    private static func exchangeKeys(_ judge: inout Judge) {
        judge.row("93", "KEK signed by a certificate of KEK") {
            $0.expect(Variable.kek.set(.kekByKEK), .securityViolation)
        }
        judge.row("94", "KEK signed by a leaf under PK") {
            $0.expect(Variable.kek.set(.kekByLeaf), .securityViolation)
        }
        judge.row("92", "KEK signed by PK") {
            $0.expect(Variable.kek.set(.kekMany), .success)
            $0.expect(Variable.kek.holds(Fixture.kekMany.payload, 0x27))
        }
        judge.row("109", "KEK's former update again: an old time") {
            $0.expect(Variable.kek.set(.kek), .securityViolation)
        }
    }

    private static func databases(_ judge: inout Judge) {
        judge.row("95", "db, dbx and dbt signed by PK") {
            $0.expect(Variable.db.set(.dbByPK), .success)
            $0.expect(Variable.dbx.set(.dbxByPK), .success)
            $0.expect(Variable.dbt.set(.dbtByPK), .success)
            $0.expect(Variable.dbx.holds(Fixture.dbxByPK.payload, 0x27))
        }
        judge.row("96, 101", "db and dbt signed by a certificate of KEK") {
            $0.expect(Variable.db.set(.dbByKEK), .success)
            $0.expect(Variable.dbt.set(.dbtByKEK), .success)
        }
        judge.row("7", "db signed by a stranger, or without a signature") {
            $0.expect(Variable.db.set(.dbStranger, 0x67), .securityViolation)
            $0.expect(Variable.db.setUnsigned(Fixture.db.payload, year: 2030), .securityViolation)
            $0.expect(Variable.db.setUnsigned(Fixture.db.payload, 0x67, year: 2030), .securityViolation)
            $0.expect(Variable.db.holds(Fixture.dbByKEK.payload, 0x27))
        }
        judge.row("107, 109", "db: the same update again, and an older one") {
            $0.expect(Variable.db.set(.dbByKEK), .securityViolation)
            $0.expect(Variable.db.set(.dbByPK), .securityViolation)
        }
    }

    private static func append(_ update: Fixture, _ wanted: VariableStatus, _ row: inout Row) {
        row.expect(Variable.db.set(update, 0x67), wanted)
    }

    private static func chains(_ judge: inout Judge) {
        judge.row("97", "dbx signed by a leaf under an authority of KEK") {
            $0.expect(Variable.dbx.set(.dbxByLeaf, 0x67), .success)
            $0.expect(Variable.dbx.get().count, 152)
        }
        judge.row("98", "db signed by a leaf under an embedded intermediate") { append(.dbDeep, .success, &$0) }
        judge.row("100", "db signed under an entry of KEK whose root nobody has") {
            append(.dbPartial, .success, &$0)
        }
        judge.row("103", "db signed by the second authority of KEK") { append(.dbSecond, .success, &$0) }
        judge.row("131", "db with two signers, both leaves under one authority") {
            append(.dbTwoLeaves, .success, &$0)
        }
        judge.row("137", "an issuer's name that differs in the case of its letters only") {
            append(.dbShout, .success, &$0)
        }
        judge.row("136", "db signed by an entry of KEK that is no authority") { append(.dbByPlain, .success, &$0) }
    }

    private static func chainsRefused(_ judge: inout Judge) {
        let before = Variable.db.get().count
        judge.row("99", "the same without the intermediate") { append(.dbDeepAlone, .securityViolation, &$0) }
        judge.row("132", "two signers, the second one's signature broken") {
            var draft = Draft(.dbTwoLeaves)
            draft.change(at: Fixture.dbTwoLeaves.descriptorByteCount - 1)
            $0.expect(Variable.db.set(draft.bytes, 0x67), .securityViolation)
        }
        judge.row("134", "an intermediate that is no authority") { append(.dbNotCA, .securityViolation, &$0) }
        judge.row("135", "a leaf under an entry of KEK without basicConstraints and keyUsage") {
            append(.dbUnderPlain, .securityViolation, &$0)
        }
        judge.row("138", "a chain longer than pathLenConstraint says") { append(.dbTooDeep, .securityViolation, &$0) }
        judge.row("143", "a chain of nine") { append(.dbLong, .securityViolation, &$0) }
        judge.row("139", "an unknown critical extension") { append(.dbOdd, .securityViolation, &$0) }
        judge.row("7", "of all that was refused nothing is in db") { $0.expect(Variable.db.get().count, before) }
    }

    private static func ends(_ judge: inout Judge) {
        judge.row("102", "KEK deleted: what it has signed is refused") {
            $0.expect(Variable.kek.set(.kekDelete), .success)
            $0.expect(Variable.kek.get().status, .notFound)
            append(.dbUpdate, .securityViolation, &$0)
        }
        judge.row("88", "PK replaced, signed by the old one, which then signs no more") {
            $0.expect(Variable.pk.set(.pkReplace), .success)
            expectModes(setup: 0, &$0)
            $0.expect(Variable.pk.set(.pkDelete), .securityViolation)
            $0.expect(Variable.pk.holds(Fixture.pkReplace.payload, 0x27))
        }
        judge.row("89", "the new PK deletes itself: setup mode") {
            $0.expect(Variable.pk.set(.pk2Delete), .success)
            expectModes(setup: 1, &$0)
            $0.expect(Variable.db.setUnsigned(.none), .success)
            $0.expect(Variable.dbx.setUnsigned(.none), .success)
            $0.expect(Variable.dbt.setUnsigned(.none), .success)
        }
    }
}

/// A prepared update that is changed before it is sent.
struct Draft {
    private let count: UInt64
    var bytes: Bytes { .memory(Scratch.value, count: count) }

    init(_ update: Fixture) {
        count = update.byteCount
        update.bytes.write(at: Scratch.value)
    }

    /// Another byte than the one that is there.
    mutating func change(at offset: UInt64) { store8(Scratch.value + offset, load8(Scratch.value + offset) ^ 1) }
    mutating func put(_ bytes: Bytes, at offset: UInt64) { bytes.write(at: Scratch.value + offset) }
}
