// The demonstration: a machine's first boot enrols keys and is then attacked; its second finds everything as it was.
import Machine

enum Demo {
    /// The first boot's fingerprint of the store, by which the second knows what it should find.
    private static var fingerprint: Variable { Variable("Fingerprint", .owner) }

    /// Which boot it is the store tells.
    static func run() -> Verdict { fingerprint.get().status == .success ? secondBoot() : firstBoot() }

    // MARK: First boot

    static func firstBoot() -> Verdict {
        var steps = Steps()
        Line("firmware: the first boot of a machine, by the variable service at port 0x100").end()
        Line.heading("a new store: no platform key, so whoever comes first may enrol one")
        modes(setup: 1, secure: 0, &steps)
        storage()
        enrol(&steps)
        bootEntries(&steps)
        attacks(&steps)
        owner(&steps)
        Line.heading("the store as the machine leaves it")
        if StoreTable.print() == nil { steps.fail() }
        keepFingerprint(&steps)
        return steps.verdict("the first boot", next: .reboot)
    }

    private static func enrol(_ steps: inout Steps) {
        Line.heading("enrolling keys, the platform key last: it ends setup mode")
        steps.step("dbx, 1 hash that must not run", Variable.dbx.set(.dbx, Attributes.authenticatedAppend), .success)
        steps.step("db, 1 certificate that may", Variable.db.set(.db), .success)
        steps.step("KEK, 1 certificate that may change db and dbx", Variable.kek.set(.kek), .success)
        steps.step("PK, signed by itself", Variable.pk.set(.pk), .success)
        modes(setup: 0, secure: 1, &steps)
    }

    private static func bootEntries(_ steps: inout Steps) {
        Line.heading("what firmware and an installer set")
        let order = Variable("BootOrder", .global)
        steps.step("Boot0000", Variable("Boot0000", .global).set(.text("example disk"), 7), .success)
        steps.step("BootOrder: 0000", order.set(.number(0, count: 2), 7), .success)
        steps.step("Boot0001", Variable("Boot0001", .global).set(.text("example network card"), 7), .success)
        steps.step("BootOrder: 0001 appended", order.set(.number(1, count: 2), 0x47), .success)
        steps.step("Timeout", Variable("Timeout", .global).set(.number(3, count: 2), 7), .success)
        steps.step(
            "BootCurrent, of this boot only", Variable("BootCurrent", .global).set(.number(0, count: 2), 6), .success)
        steps.check("BootOrder reads 0000 0001", order.holds(.number(0x1_0000, count: 4), 7))
    }

    private static func attacks(_ steps: inout Steps) {
        Line.heading("what somebody who has taken the machine over would try")
        steps.step(
            "db, the current one, without a signature",
            Variable.db.setUnsigned(Fixture.db.payload, year: 2027), .securityViolation)
        steps.step(
            "db, signed by a stranger",
            Variable.db.set(.dbStranger, Attributes.authenticatedAppend), .securityViolation)
        steps.step("db, as a plain variable", Variable.db.set(Fixture.db.payload, 7), .invalidParameter)
        steps.step("dbx, deleted as a plain variable", Variable.dbx.delete(), .invalidParameter)
        steps.step("KEK, deleted without a signature", Variable.kek.setUnsigned(.none, year: 2027), .securityViolation)
        steps.step("PK, deleted without a signature", Variable.pk.setUnsigned(.none, year: 2027), .securityViolation)
        steps.step("SetupMode := 1", Variable.setupMode.set(.number(1, count: 1), 6), .writeProtected)
        steps.step("SecureBoot, deleted", Variable.secureBoot.delete(6), .writeProtected)
        modes(setup: 0, secure: 1, &steps)
    }

    private static func owner(_ steps: inout Steps) {
        Line.heading("what the owner of the keys may do")
        steps.step(
            "db, 1 hash more, signed by KEK",
            Variable.db.set(.dbUpdate, Attributes.authenticatedAppend), .success)
        steps.step("db, its first update again: an old time", Variable.db.set(.db), .securityViolation)
    }

    // MARK: Second boot

    static func secondBoot() -> Verdict {
        var steps = Steps()
        Line("firmware: the second boot of the same machine").end()
        Line.heading("the store as it was found")
        modes(setup: 0, secure: 1, &steps)
        storage()
        if StoreTable.print() == nil { steps.fail() }
        Line.heading("is it what the first boot has left?")
        steps.check("PK is the one that was enrolled", Variable.pk.holds(Fixture.pk.payload, 0x27))
        steps.check("KEK too", Variable.kek.holds(Fixture.kek.payload, 0x27))
        steps.check("dbx too", Variable.dbx.holds(Fixture.dbx.payload, 0x27))
        steps.check("BootOrder reads 0000 0001", Variable("BootOrder", .global).holds(.number(0x1_0000, count: 4), 7))
        steps.step("BootCurrent, which was volatile, is gone", Variable("BootCurrent", .global).get().status, .notFound)
        compareFingerprint(&steps)
        steps.step("db, its first update again: still an old time", Variable.db.set(.db), .securityViolation)
        return steps.verdict("the second boot", next: .passed)
    }

    // MARK: Parts of both

    private static func modes(setup: UInt64, secure: UInt64, _ steps: inout Steps) {
        let modes = (Variable.setupMode.byte, Variable.secureBoot.byte, Variable.deployedMode.byte)
        Line("   SetupMode ").number(modes.0).text("   SecureBoot ").number(modes.1).text("   DeployedMode ")
            .number(modes.2).end()
        if modes != (setup, secure, 1 - setup) {
            Line("   not as it should be: SetupMode ").number(setup).text(", SecureBoot ").number(secure).end()
            steps.fail()
        }
    }

    private static func storage() {
        let storage = Storage(7)
        Line("   ").number(storage.total - storage.remaining).text(" of ").number(storage.total)
            .text(" bytes are used, one variable may have ").number(storage.largest).end()
    }

    private static func keepFingerprint(_ steps: inout Steps) {
        guard let found = StoreTable.fingerprint(except: fingerprint) else { return steps.fail() }
        let status = fingerprint.set(.number(found.hash, count: 8), 7)
        Line("   ").number(found.count).text(" of them must survive: fingerprint ").hex(found.hash, digits: 16).end()
        if status != .success { steps.fail() }
    }

    private static func compareFingerprint(_ steps: inout Steps) {
        guard let found = StoreTable.fingerprint(except: fingerprint) else { return steps.fail() }
        let kept = fingerprint.get()
        Line("   ").number(found.count).text(" non-volatile variables, fingerprint ").hex(found.hash, digits: 16).end()
        steps.check(
            "names, order, attributes and values: the same",
            kept.status == .success && kept.count == 8 && load64(kept.place) == found.hash)
    }
}

/// Steps of a demonstration: each a line with what came of it, and a mark where it is not what should have come.
struct Steps {
    private var failed: UInt64 = 0
    private var done: UInt64 = 0

    mutating func step(_ text: StaticString, _ got: VariableStatus, _ wanted: VariableStatus) {
        done += 1
        var line = Line("   ").text(text).dots(to: 51).status(got)
        if got != wanted {
            failed += 1
            line = line.text("  WRONG, should be: ").status(wanted)
        }
        line.end()
    }

    mutating func check(_ text: StaticString, _ isTrue: Bool) {
        done += 1
        if !isTrue { failed += 1 }
        Line("   ").text(text).dots(to: 51).text(isTrue ? "yes" : "NO").end()
    }

    mutating func fail() { failed += 1 }

    func verdict(_ what: StaticString, next: Verdict) -> Verdict {
        Line.blank()
        if failed == 0 {
            Line("firmware: ").text(what).text(" passed, all ").number(done).text(" answers as they should be").end()
            return next
        }
        Line("firmware: ").text(what).text(" FAILED, ").number(failed).text(" of ").number(done).text(" wrong").end()
        return .failed
    }
}

extension Line {
    static func heading(_ text: StaticString) {
        blank()
        Line("-- ").text(text).end()
    }
}
