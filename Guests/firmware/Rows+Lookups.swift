// GetVariable, GetNextVariableName, QueryVariableInfo, NotifySecureBootFailure (rows 21 to 39).
import Machine

extension Rows {
    static func lookups(_ judge: inout Judge) {
        get(&judge)
        order(&judge)
        cursors(&judge)
        judge.row("33", "Query with attributes 0, 7 and 0xfffffff7: 131072, 129489, 57344") { row in
            for number in 0..<3 {
                let storage = Storage(number == 0 ? 0 : number == 1 ? 7 : 0xffff_fff7)
                row.expect(storage.status, .success)
                row.expect(storage.total, 131072)
                row.expect(storage.remaining, 129489)
                row.expect(storage.largest, 57344)
            }
        }
        judge.row("34", "Query with attribute 0x08") { $0.expect(Storage(8).status, .unsupported) }
        judge.row("35", "a variable is charged its name, its data and 128 bytes") {
            $0.expect(Variable.test("T").set(.text("abcde"), 6), .success)
            $0.expect(Storage(7).remaining, 129354)
            $0.expect(Variable.test("T").delete(6), .success)
            $0.expect(Storage(7).remaining, 129489)
        }
        judge.row("37, 39", "Notify is heard once") {
            $0.expect(notifySecureBootFailure(), .success)
            $0.expect(notifySecureBootFailure(), .accessDenied)
            $0.expect(notifySecureBootFailure(), .accessDenied)
        }
    }

    private static func get(_ judge: inout Judge) {
        let t = Variable.test("T")
        judge.row("21", "Get with room for exactly the value") {
            $0.expect(t.set(.text("abc")), .success)
            let found = t.get(room: 3)
            $0.expect(found.status, .success)
            $0.expect(UInt64(found.attributes), 7)
            $0.expect(found.count, 3)
            $0.expect(Bytes.text("abc").match(found.place))
        }
        judge.row("22", "Get with one byte less: the size that is needed, and no attributes") {
            Bytewise.fill(64, at: VariableService.buffer, 0)
            let found = t.get(room: 2)
            $0.expect(found.status, .bufferTooSmall)
            $0.expect(found.count, 3)
            $0.expect(t.get(room: 0).count, 3)
        }
        judge.row("23", "Get under another GUID, and by another name") {
            $0.expect(Variable("T", .global).get().status, .notFound)
            $0.expect(Variable.test("t").get().status, .notFound)
            $0.expect(t.delete(), .success)
        }
        judge.row("25", "a variable created with the append bit is stored without it") {
            $0.expect(t.set(.text("abc"), 0x47), .success)
            $0.expect(t.holds(.text("abc"), 7))
            $0.expect(t.delete(), .success)
        }
    }

    /// Whether the list is that, from its start: the variables, then what the start has made, newest first.
    private static func listIs(_ first: Variable, _ second: Variable) -> Bool {
        var enumeration = Enumeration()
        for number in 0..<11 {
            let wanted: Variable
            switch number {
            case 0: wanted = first
            case 1: wanted = second
            case 2: wanted = .ppiLock
            case 3: wanted = .ppiBuffer
            case 4: wanted = .morLock
            case 5: wanted = .morControl
            case 6: wanted = .secureBoot
            case 7: wanted = .deployedMode
            case 8: wanted = .auditMode
            case 9: wanted = .setupMode
            default: wanted = .signatureSupport
            }
            guard enumeration.next() == .success, enumeration.isAt(wanted) else { return false }
        }
        return enumeration.next() == .notFound
    }

    private static func order(_ judge: inout Judge) {
        let (a, b) = (Variable.test("A"), Variable.test("B"))
        judge.row("26", "newest first: B, A, then the start variables in reverse") {
            $0.expect(a.set(.text("a"), 6), .success)
            $0.expect(b.set(.text("b"), 6), .success)
            $0.expect(listIs(b, a))
        }
        judge.row("27", "an update in place, or an append, keeps the place") {
            $0.expect(a.set(.text("another"), 6), .success)
            $0.expect(a.set(.text("more"), 0x46), .success)
            $0.expect(listIs(b, a))
        }
        judge.row("3.5", "deleted and created again it is the newest") {
            $0.expect(a.delete(6), .success)
            $0.expect(a.set(.text("a"), 6), .success)
            $0.expect(listIs(a, b))
            $0.expect(a.delete(6), .success)
            $0.expect(b.delete(6), .success)
        }
    }

    private static func next(after variable: Variable, room: UInt64 = 4096) -> VariableStatus {
        Request(Command.next).u64(room).name(variable.name).guid(variable.guid).flag(false).call()
    }

    private static func cursors(_ judge: inout Judge) {
        let t = Variable.test("T")
        judge.row("28", "GetNext after the last") { $0.expect(next(after: .signatureSupport), .notFound) }
        judge.row("29", "GetNext after a variable that there is not") {
            $0.expect(next(after: t), .invalidParameter)
            $0.expect(next(after: Variable("SignatureSupport", .test)), .invalidParameter)
        }
        judge.row("32", "GetNext with room for the name, but not for its NUL") {
            $0.expect(t.set(.text("abc"), 6), .success)
            let request = Request(Command.next).u64(3).name(.text("")).guid(.test).flag(false)
            $0.expect(request.call(), .bufferTooSmall)
            $0.expect(load64(VariableService.buffer + 8), 4)
            $0.expect(Request(Command.next).u64(4).name(.text("")).guid(.test).flag(false).call(), .success)
            $0.expect(t.delete(6), .success)
        }
    }
}
