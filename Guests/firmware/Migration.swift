// A daemon that is saved and resumed while the guest runs: as in a migration, the guest sees nothing of it (rows 68,
// 165, 189; varstored.md 3.5). The guest waits until nobody has its ports, and then until somebody has.
import Machine

enum Migration {
    private static let count: UInt64 = 12

    static func run() -> Verdict {
        var judge = Judge()
        judge.row("189", "variables are there, volatile and others") { row in
            for number in 0..<count {
                let attributes: UInt32 = number % 3 == 0 ? 6 : number % 3 == 1 ? 7 : 3
                row.expect(variable(number).set(.number(number, count: 8), attributes), .success)
            }
        }
        judge.row("165", "MOR control is locked by a key") {
            $0.expect(Variable.morLock.set(.number(0x5eed, count: 8)), .success)
            $0.expect(Variable.morLock.byte, 2)
        }
        out32(VariableService.windowIndexPort, 40)
        out32(VariableService.windowDataPort, 0x600d_f1a6)
        let before = listHash(pausingAfter: .max)
        // The list is read once more; half-way another daemon takes over.
        let across = listHash(pausingAfter: 6)
        Line("firmware: somebody serves again").end()
        after(&judge, before, across)
        return judge.verdict("migration", next: .passed)
    }

    private static func after(_ judge: inout Judge, _ before: UInt64?, _ across: UInt64?) {
        judge.row("189", "the list that was begun goes on: the same names, order, attributes and values") {
            $0.expect(before != nil)
            $0.expect(across ?? 0, before ?? 1)
            $0.expect(listHash(pausingAfter: .max) ?? 0, before ?? 1)
        }
        judge.row("11.5", "volatile variables and the window are as they were") {
            $0.expect(variable(0).holds(.number(0, count: 8), 6))
            $0.expect(UInt64(in32(VariableService.windowDataPort)), 0x600d_f1a6)
        }
        judge.row("165", "the key opens MOR control") {
            $0.expect(Variable.morControl.set(.number(1, count: 1)), .writeProtected)
            $0.expect(Variable.morLock.set(.number(0x5eed, count: 8)), .success)
            $0.expect(Variable.morLock.byte, 0)
        }
    }

    /// `migrate2`: the same for a guest that is at runtime (row 68).
    static func runLatched() -> Verdict {
        var judge = Judge()
        let boot = Rows.bootOnly
        judge.row("67", "the guest is at runtime") {
            $0.expect(boot.set(.text("boot"), 3), .success)
            $0.expect(boot.get(atRuntime: true).status, .notFound)
            $0.expect(boot.get().status, .notFound)
        }
        Line("firmware: now save the daemon, and resume it").end()
        waitForAnother()
        judge.row("68", "it still is") { $0.expect(boot.get().status, .notFound) }
        return judge.verdict("migration at runtime", next: .passed)
    }

    private static func variable(_ number: UInt64) -> Variable { Variable(.numbered("Migrating", number), .test) }

    private static func waitForAnother() {
        VariableService.wait(untilThere: false)
        VariableService.wait(untilThere: true)
    }

    /// FNV-1a over the list: vendors, attributes, values in order. Nil if an answer is wrong.
    private static func listHash(pausingAfter pause: UInt64) -> UInt64? {
        var (hash, read): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0)
        var enumeration = Enumeration()
        while true {
            let status = enumeration.next()
            if status == .notFound { return hash }
            guard status == .success, read < 1024 else { return nil }
            let found = enumeration.variable.get()
            guard found.status == .success else { return nil }
            hash = StoreTable.add(enumeration.count, Scratch.cursor, to: hash)
            hash = (hash ^ enumeration.guid.low ^ UInt64(found.attributes)) &* 0x100_0000_01b3
            hash = StoreTable.add(found.count, found.place, to: hash)
            read += 1
            if read != pause { continue }
            // Only now: a request that is under way when the daemon goes is answered by nobody.
            Line("firmware: half of the list is read; now save the daemon, and resume it").end()
            waitForAnother()
        }
    }
}
