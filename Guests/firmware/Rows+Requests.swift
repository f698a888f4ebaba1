// Requests that are malformed, and how far their fields go (varstored.md 3.3; rows 1 to 12).
import Machine

extension Rows {
    static func requests(_ judge: inout Judge) {
        headers(&judge)
        names(&judge)
        sizes(&judge)
    }

    private static func headers(_ judge: inout Judge) {
        judge.row("1", "another version: 8 bytes are written, the rest of the buffer stays") {
            let buffer = VariableService.buffer
            Bytewise.fill(VariableService.bufferByteCount, at: buffer, 0xa5)
            $0.expect(Request(Command.get, version: 2).call(), .incompatibleVersion)
            $0.expect(Bytes.filled(0xa5, count: VariableService.bufferByteCount - 8).match(buffer + 8))
        }
        judge.row("3.3", "versions 0 and 2^32 - 1") {
            $0.expect(Request(Command.set, version: 0).call(), .incompatibleVersion)
            $0.expect(Request(Command.set, version: .max).call(), .incompatibleVersion)
        }
        judge.row("2", "commands that there are not") {
            $0.expect(Request(5).call(), .unsupported)
            $0.expect(Request(.max).call(), .unsupported)
        }
        judge.row("3.3", "bytes after the last field are ignored") {
            let request = Request(Command.query).u32(7)
            Bytewise.fill(1000, at: request.end, 0xff)
            $0.expect(request.call(), .success)
        }
    }

    private static func names(_ judge: inout Judge) {
        let (letter, none) = (Bytes.text("x"), Name.text(""))
        judge.row("3", "Get of an empty name") { $0.expect(Variable(none, .test).get().status, .notFound) }
        judge.row("4", "Set of an empty name") { $0.expect(Variable(none, .test).set(letter), .invalidParameter) }
        judge.row("5", "GetNext of an empty name starts the list, whatever the GUID is") {
            $0.expect(Request(Command.next).u64(4096).name(none).guid(.test).flag(false).call(), .success)
            let (count, start) = (load64(VariableService.buffer + 8), VariableService.buffer + 16)
            $0.expect(Variable.ppiLock.name.match(start, count: count))
        }
        judge.row("6", "names of 4097 and 4098 bytes: Get, Set, GetNext") { row in
            for count: UInt64 in 4097...4098 {
                let variable = Variable(.repeated(0x61, byteCount: count), .test)
                row.expect(variable.get().status, .deviceError)
                row.expect(variable.set(letter), .deviceError)
                let next = Request(Command.next).u64(8192).name(variable.name).guid(.test).flag(false)
                row.expect(next.call(), .deviceError)
            }
        }
        judge.row("7", "a name length of 2^64 - 1, and of 2^63") {
            $0.expect(Request(Command.get).u64(.max).u64(0).u64(0).call(), .deviceError)
            $0.expect(Request(Command.get).u64(1 << 63).u64(0).u64(0).call(), .deviceError)
        }
        judge.row("8", "a name of 4096 bytes") {
            let variable = Variable(.repeated(0x61, byteCount: 4096), .test)
            $0.expect(variable.set(letter), .success)
            $0.expect(variable.holds(letter, 7))
            $0.expect(variable.delete(), .success)
        }
        judge.row("11", "a name of 3 bytes is refused, and looked for like any other") {
            let variable = Variable(.repeated(0x61, byteCount: 3), .test)
            $0.expect(variable.set(letter), .invalidParameter)
            $0.expect(variable.get().status, .notFound)
        }
        judge.row("12", "a name with a NUL in it is refused") {
            Bytes.number(0x0042_0000_0041, count: 6).write(at: Scratch.kept)
            $0.expect(Variable(.memory(Scratch.kept, count: 6), .test).set(letter), .invalidParameter)
        }
        judge.row("3.3", "a name that is an unpaired surrogate is a name") {
            Bytes.number(0xd800, count: 2).write(at: Scratch.kept)
            let variable = Variable(.memory(Scratch.kept, count: 2), .test)
            $0.expect(variable.set(letter, 6), .success)
            $0.expect(variable.holds(letter, 6))
            $0.expect(variable.delete(6), .success)
        }
    }

    private static func sizes(_ judge: inout Judge) {
        let t = Variable.test("T")
        judge.row("9", "57344 bytes of data") {
            $0.expect(t.set(.filled(0x5a, count: 57344)), .success)
            $0.expect(t.holds(.filled(0x5a, count: 57344), 7))
            $0.expect(t.delete(), .success)
        }
        judge.row("10", "57345 bytes of data, and a length of 2^63: nothing is stored") {
            $0.expect(t.set(.filled(0x5a, count: 57345)), .outOfResources)
            let request = Request(Command.set).name(t.name).guid(t.guid)
            $0.expect(request.u64(1 << 63).u64(0).call(), .outOfResources)
            $0.expect(t.get().status, .notFound)
        }
        judge.row("3.3", "checks follow the fields: a bad name length before a bad data length") {
            let request = Request(Command.set).name(.repeated(0x61, byteCount: 4098)).guid(.test)
            $0.expect(request.u64(.max).call(), .deviceError)
        }
    }
}
