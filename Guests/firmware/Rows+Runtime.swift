// Runtime: what at_runtime forbids, and the latch (rows 24, 30, 31, 61 to 67, 70). The last of all: nothing undoes it.
import Machine

extension Rows {
    /// `runtime`: these rows alone.
    static func runtimeAlone() -> Verdict {
        var judge = Judge()
        judge.row("40", "a variable without RUNTIME_ACCESS") { $0.expect(bootOnly.set(.text("boot"), 3), .success) }
        runtime(&judge)
        return judge.verdict("runtime", next: .passed)
    }

    static func runtime(_ judge: inout Judge) {
        let (kept, volatile, x) = (Variable.test("Kept"), Variable.test("Volatile"), Bytes.text("x"))
        judge.row("70", "any number of Queries does not latch") { row in
            row.expect(kept.set(x, 7), .success)
            row.expect(volatile.set(x, 6), .success)
            for _ in 0..<20 { row.expect(Storage(7).status, .success) }
            row.expect(bootOnly.get().status, .success)
        }
        judge.row("24", "Get at runtime of what lacks RUNTIME_ACCESS") {
            $0.expect(bootOnly.get(atRuntime: true).status, .notFound)
            $0.expect(kept.get(atRuntime: true).status, .success)
        }
        judge.row("67", "from then on it is runtime, whatever the guest says") {
            $0.expect(bootOnly.get().status, .notFound)
        }
        judge.row("30", "GetNext at runtime after what lacks RUNTIME_ACCESS") {
            let request = Request(Command.next).u64(4096).name(bootOnly.name).guid(bootOnly.guid)
            $0.expect(request.flag(true).call(), .invalidParameter)
        }
        judge.row("31, 67", "it is skipped in the list, by a latched guest too") { row in
            for atRuntime in 0..<2 {
                var (enumeration, count, isSkipped) = (Enumeration(), 0, true)
                while enumeration.next(atRuntime: atRuntime == 1) == .success && count < 1024 {
                    if enumeration.isAt(bootOnly) { isSkipped = false }
                    count += 1
                }
                row.expect(isSkipped)
                row.expect(count > 9)
            }
        }
        runtimeWrites(&judge)
    }

    private static func runtimeWrites(_ judge: inout Judge) {
        let (kept, t, x) = (Variable.test("Kept"), Variable.test("T"), Bytes.text("x"))
        judge.row("61", "created at runtime: not with attributes 3 or 6") {
            $0.expect(t.set(x, 3, atRuntime: true), .invalidParameter)
            $0.expect(t.set(x, 6, atRuntime: true), .invalidParameter)
            $0.expect(t.set(x, 6), .invalidParameter)
        }
        judge.row("62", "created at runtime with attributes 7") {
            $0.expect(t.set(x, 7, atRuntime: true), .success)
            $0.expect(t.holds(x, 7))
        }
        judge.row("63", "written at runtime: what lacks RUNTIME_ACCESS") {
            $0.expect(bootOnly.set(x, 3, atRuntime: true), .invalidParameter)
        }
        judge.row("64", "written at runtime: what is volatile") {
            $0.expect(Variable.test("Volatile").set(x, 6, atRuntime: true), .writeProtected)
        }
        judge.row("65", "written, appended to and deleted at runtime: what has attributes 7") {
            $0.expect(kept.set(.text("y"), 7, atRuntime: true), .success)
            $0.expect(kept.set(.text("z"), 0x47, atRuntime: true), .success)
            $0.expect(kept.holds(.text("yz"), 7))
            $0.expect(t.set(.none, 7, atRuntime: true), .success)
        }
        judge.row("66", "an internal variable at runtime") {
            $0.expect(Variable.setupMode.set(.number(0, count: 1), 6, atRuntime: true), .writeProtected)
        }
    }
}
