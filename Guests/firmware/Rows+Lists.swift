// Signature lists, in setup mode, where key variables need no signature (rows 146 to 155).
import Machine

/// A signature list as it grows at Scratch.value (varstored.md 9).
struct SignatureList {
    private(set) var count: UInt64 = 0
    var bytes: Bytes { .memory(Scratch.value, count: count) }

    static var sha256: VendorGUID { VendorGUID(0x4092_504c_c1c4_1626, 0x2843_9336_f941_a9ac) }
    static var x509: VendorGUID { VendorGUID(0x4aa7_94e4_a5c0_59a1, 0x72f0_2b5c_15ab_b587) }

    private mutating func add(_ bytes: Bytes) {
        bytes.write(at: Scratch.value + count)
        count += bytes.count
    }

    private mutating func add(_ guid: VendorGUID) {
        guid.write(at: Scratch.value + count)
        count += 16
    }

    mutating func header(_ type: VendorGUID, size: UInt64, headerSize: UInt64 = 0, entrySize: UInt64) {
        add(type)
        add(.number(size, count: 4))
        add(.number(headerSize, count: 4))
        add(.number(entrySize, count: 4))
    }

    mutating func entry(_ data: Bytes, owner: VendorGUID = .owner) {
        add(owner)
        add(data)
    }

    mutating func tail(_ bytes: Bytes) { add(bytes) }

    /// A list of hashes, each one letter 32 times; 0 for none.
    static func hashes(_ first: UInt8, _ second: UInt8 = 0, owner: VendorGUID = .owner) -> SignatureList {
        var list = SignatureList()
        list.header(sha256, size: second == 0 ? 76 : 124, entrySize: 48)
        list.entry(.filled(first, count: 32), owner: owner)
        if second != 0 { list.entry(.filled(second, count: 32), owner: owner) }
        return list
    }

    /// A list of one certificate, with bytes behind it in its entry.
    static func certificate(_ der: Fixture, padding: UInt64 = 0) -> SignatureList {
        var list = SignatureList()
        let size = 16 + der.byteCount + padding
        list.header(x509, size: 28 + size, entrySize: size)
        list.entry(der.bytes)
        list.tail(.filled(0, count: padding))
        return list
    }
}

extension Rows {
    static func lists(_ judge: inout Judge) {
        shapes(&judge)
        certificates(&judge)
        filter(&judge)
    }

    private static func refused(_ list: SignatureList, _ row: inout Row) {
        row.expect(Variable.dbx.setUnsigned(list.bytes), .invalidParameter)
    }

    private static func shapes(_ judge: inout Judge) {
        judge.row("146", "a list of an unknown type") {
            var list = SignatureList()
            list.header(.test, size: 76, entrySize: 48)
            list.entry(.filled(1, count: 32))
            refused(list, &$0)
        }
        judge.row("147", "list sizes 0, 12, 27 and beyond the payload; a header; entry sizes 0 and 47") { row in
            for number in 0..<7 {
                let size: UInt64 = number < 4 ? ([0, 12, 27, 77] as InlineArray<4, UInt64>)[number] : 76
                var list = SignatureList()
                list.header(
                    SignatureList.sha256, size: size, headerSize: number == 4 ? 4 : 0,
                    entrySize: number == 5 ? 0 : number == 6 ? 47 : 48)
                list.entry(.filled(1, count: 32))
                refused(list, &row)
            }
        }
        judge.row("148", "a body that is no multiple of the entry; no entries") {
            var list = SignatureList()
            list.header(SignatureList.sha256, size: 77, entrySize: 48)
            list.entry(.filled(1, count: 33))
            refused(list, &$0)
            var none = SignatureList()
            none.header(SignatureList.sha256, size: 28, entrySize: 48)
            refused(none, &$0)
        }
        judge.row("149", "one byte behind the last list") {
            var list = SignatureList.hashes(1)
            list.tail(.number(0, count: 1))
            refused(list, &$0)
        }
    }

    private static func certificates(_ judge: inout Judge) {
        judge.row("150", "an X509 entry that is no certificate, or one of an elliptic curve") {
            var list = SignatureList()
            list.header(SignatureList.x509, size: 28 + 48, entrySize: 48)
            list.entry(.filled(0x30, count: 32))
            refused(list, &$0)
            refused(SignatureList.certificate(.curveDer), &$0)
        }
        judge.row("151", "an X509 entry with zeros behind the certificate") {
            let list = SignatureList.certificate(.dbDer, padding: 5)
            $0.expect(Variable.kek.setUnsigned(list.bytes), .success)
            $0.expect(Variable.kek.holds(list.bytes, 0x27))
        }
        judge.row("155", "KEK = {c}, append {c}: unchanged") {
            let list = SignatureList.certificate(.dbDer)
            $0.expect(Variable.kek.setUnsigned(list.bytes), .success)
            $0.expect(Variable.kek.setUnsigned(list.bytes, 0x67), .success)
            $0.expect(Variable.kek.holds(list.bytes, 0x27))
            $0.expect(Variable.kek.setUnsigned(.none), .success)
        }
    }

    private static func filter(_ judge: inout Judge) {
        judge.row("152", "dbx = {a}, append {a, b}: {a} and a list of {b}") {
            $0.expect(Variable.dbx.setUnsigned(SignatureList.hashes(0x61).bytes), .success)
            $0.expect(Variable.dbx.setUnsigned(SignatureList.hashes(0x61, 0x62).bytes, 0x67), .success)
            let found = Variable.dbx.get()
            $0.expect(found.count, 152)
            $0.expect(SignatureList.hashes(0x61).bytes.match(found.place))
            $0.expect(SignatureList.hashes(0x62).bytes.match(found.place + 76))
        }
        judge.row("153", "dbx = {a, b}, append {a, b}: unchanged") {
            $0.expect(Variable.dbx.setUnsigned(SignatureList.hashes(0x61, 0x62).bytes), .success)
            $0.expect(Variable.dbx.setUnsigned(SignatureList.hashes(0x61, 0x62).bytes, 0x67, year: 2027), .success)
            $0.expect(Variable.dbx.holds(SignatureList.hashes(0x61, 0x62).bytes, 0x27))
        }
        judge.row("154", "dbx = {a} of one owner, append {a} of another: both are kept") {
            $0.expect(Variable.dbx.setUnsigned(SignatureList.hashes(0x61).bytes), .success)
            $0.expect(Variable.dbx.setUnsigned(SignatureList.hashes(0x61, owner: .test).bytes, 0x67), .success)
            $0.expect(Variable.dbx.get().count, 152)
            $0.expect(Variable.dbx.setUnsigned(.none), .success)
        }
    }
}
