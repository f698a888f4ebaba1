// Attributes of plain variables, deletions and appends (rows 40 to 51, 56).
import Machine

extension Rows {
    static func attributes(_ judge: inout Judge) {
        creations(&judge)
        changes(&judge)
        appends(&judge)
    }

    private static func creations(_ judge: inout Judge) {
        let (t, x) = (Variable.test("T"), Bytes.text("x"))
        judge.row("40", "attributes 2, 3, 6 and 7 create a variable") { row in
            ([2, 3, 6, 7] as InlineArray<4, UInt32>).each { attributes in
                row.expect(t.set(x, attributes), .success)
                row.expect(t.holds(x, attributes))
                row.expect(t.delete(attributes), .success)
            }
        }
        judge.row("41", "attributes 0x42 create one") {
            $0.expect(t.set(x, 0x42), .success)
            $0.expect(t.holds(x, 2))
            $0.expect(t.delete(2), .success)
        }
        judge.row("42", "attributes 0, 1 and 0x40 ask for a deletion") { row in
            ([0, 1, 0x40] as InlineArray<3, UInt32>).each { attributes in
                row.expect(t.set(x, attributes), .notFound)
            }
        }
        judge.row("43", "attributes that can't be") { row in
            let all: InlineArray<7, UInt32> = [4, 5, 8, 0x0f, 0xa2, 0x102, 0x8000_0002]
            all.each { row.expect(t.set(x, $0), .invalidParameter) }
        }
        judge.row("44", "attributes that nobody supports") {
            $0.expect(t.set(x, 0x12), .unsupported)
            $0.expect(t.set(x, 0x82), .unsupported)
            $0.expect(t.get().status, .notFound)
        }
    }

    private static func changes(_ judge: inout Judge) {
        let (t, ab) = (Variable.test("T"), Bytes.text("ab"))
        judge.row("45", "other attributes than the stored ones") {
            $0.expect(t.set(ab, 3), .success)
            $0.expect(t.set(.text("x"), 7), .invalidParameter)
            $0.expect(t.holds(ab, 3))
        }
        judge.row("48", "an append of nothing changes nothing") {
            $0.expect(t.set(.none, 0x43), .success)
            $0.expect(t.holds(ab, 3))
        }
        judge.row("46", "empty data delete, whatever the attributes are") {
            $0.expect(t.set(.none, 7), .success)
            $0.expect(t.get().status, .notFound)
        }
        judge.row("47", "attributes 0 and 0x40 delete, whatever the data are") { row in
            ([0, 0x40] as InlineArray<2, UInt32>).each { attributes in
                row.expect(t.set(ab, 2), .success)
                row.expect(t.set(.text("x"), attributes), .success)
                row.expect(t.get().status, .notFound)
            }
        }
        judge.row("49", "empty data for a variable that there is not") {
            $0.expect(t.set(.none, 0x43), .notFound)
            $0.expect(t.set(.none, 7), .notFound)
        }
        judge.row("56", "the same data again") {
            $0.expect(t.set(ab), .success)
            $0.expect(t.set(ab), .success)
            $0.expect(t.holds(ab, 7))
            $0.expect(t.delete(), .success)
        }
    }

    private static func appends(_ judge: inout Judge) {
        let t = Variable.test("T")
        judge.row("50", "an append") {
            $0.expect(t.set(.text("ab"), 6), .success)
            $0.expect(t.set(.text("cd"), 0x46), .success)
            $0.expect(t.holds(.text("abcd"), 6))
        }
        judge.row("17", "an append with other attributes") {
            $0.expect(t.set(.text("ef"), 0x47), .invalidParameter)
            $0.expect(t.holds(.text("abcd"), 6))
            $0.expect(t.delete(6), .success)
        }
        judge.row("51", "an append to a variable that is as large as can be") {
            $0.expect(t.set(.filled(0x5a, count: 57344), 6), .success)
            $0.expect(t.set(.text("x"), 0x46), .outOfResources)
            $0.expect(t.holds(.filled(0x5a, count: 57344), 6))
            $0.expect(t.delete(6), .success)
        }
    }
}
