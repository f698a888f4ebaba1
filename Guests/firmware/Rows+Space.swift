// A store that is full (rows 52 to 55, 85). Volatile variables are charged like all others, and spare the disk.
import Machine

extension Rows {
    private static var fillers: InlineArray<3, StaticString> { ["F1", "F2", "F3"] }

    /// Leaves so many bytes of the store, which is otherwise as a first boot makes it.
    static func fill(leaving left: UInt64, _ row: inout Row) {
        // Each costs its name, 4 bytes, and 128 more.
        let last = 129489 - 2 * (57344 + 132) - 132 - left
        for number in 0..<3 {
            let count = number == 2 ? last : 57344
            row.expect(Variable.test(fillers[number]).set(.filled(0x46, count: count), 6), .success)
        }
        row.expect(Storage(7).remaining, left)
    }

    static func clear(_ row: inout Row) {
        for number in 0..<3 { row.expect(Variable.test(fillers[number]).delete(6), .success) }
    }

    static func space(_ judge: inout Judge) {
        let (t, last) = (Variable.test("T"), Variable.test("F3"))
        let size = UInt64(129489 - 2 * (57344 + 132) - 132)
        judge.row("52", "127 bytes are left: no variable of one byte") {
            fill(leaving: 127, &$0)
            $0.expect(t.set(.text("x"), 6), .outOfResources)
            $0.expect(t.get().status, .notFound)
        }
        judge.row("20", "a replacement may use them up, and no more") {
            $0.expect(last.set(.filled(0x47, count: size + 1), 6), .outOfResources)
            $0.expect(last.set(.filled(0x47, count: size), 6), .success)
            $0.expect(Storage(7).remaining, 0)
        }
        judge.row("18", "nothing can be appended") {
            $0.expect(last.set(.text("x"), 0x46), .outOfResources)
            $0.expect(last.holds(.filled(0x47, count: size), 6))
        }
        judge.row("53", "full: a replacement by less") {
            $0.expect(last.set(.filled(0x48, count: size - 1), 6), .success)
            $0.expect(last.set(.filled(0x48, count: size), 6), .success)
        }
        judge.row("54", "full: deleted, and created again as large as it was") {
            $0.expect(last.delete(6), .success)
            $0.expect(last.set(.filled(0x49, count: size), 6), .success)
            clear(&$0)
        }
        judge.row("55", "931 variables of one byte with names of 10 bytes, not one more (volatile ones)") { row in
            for number: UInt64 in 0..<931 {
                row.expect(Variable(.numbered("N", number), .test).set(.text("x"), 2), .success)
            }
            row.expect(Variable(.numbered("N", 931), .test).set(.text("x"), 2), .outOfResources)
            for number: UInt64 in 0..<931 { row.expect(Variable(.numbered("N", number), .test).delete(2), .success) }
            row.expect(Storage(7).remaining, 129489)
        }
    }
}
