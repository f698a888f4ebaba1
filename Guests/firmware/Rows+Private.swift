// Private variables: their first signer is the only one (rows 106 to 144). The forgeries are all refused.
import Machine

extension Rows {
    private static var b: Variable { .test("B") }

    static func privateVariables(_ judge: inout Judge) {
        vector(&judge)
        judge.row("106", "B is created by its signer") {
            $0.expect(b.set(.b), .success)
            $0.expect(b.holds(.text("the payload"), 0x27))
        }
        judge.row("107", "the same again: an equal time") { $0.expect(b.set(.b), .securityViolation) }
        judge.row("108", "one second later, in a ContentInfo") {
            $0.expect(b.set(.bLater), .success)
            $0.expect(b.holds(.text("another payload"), 0x27))
        }
        judge.row("109", "an older time") { $0.expect(b.set(.b), .securityViolation) }
        judge.row("110", "an append with an older time: the stored time stays") {
            $0.expect(b.set(.bAppend, 0x67), .success)
            $0.expect(b.holds(.text("another payload, and more"), 0x27))
            $0.expect(b.set(.bLater), .securityViolation)
        }
        judge.row("111", "an append that was signed without the append bit") {
            $0.expect(b.set(.bAppend27, 0x67), .securityViolation)
        }
        judge.row("112", "an update by another certificate") { $0.expect(b.set(.bOther), .securityViolation) }
        judge.row("113", "a plain Set") {
            $0.expect(b.set(.text("x"), 7), .invalidParameter)
            $0.expect(b.delete(7), .invalidParameter)
            $0.expect(b.holds(.text("another payload, and more"), 0x27))
        }
        judge.row("16", "deleted by its signer") {
            $0.expect(b.set(.bDelete), .success)
            $0.expect(b.get().status, .notFound)
        }
        accepted(&judge)
    }

    private static func vector(_ judge: inout Judge) {
        judge.row("106, 107", "the request of section 4.1, and the same again") { row in
            for number in 0..<2 {
                Fixture.vector41.bytes.write(at: VariableService.buffer)
                VariableService.call()
                row.expect(VariableService.status, number == 0 ? .success : .securityViolation)
            }
            row.expect(Variable.test("A").holds(.text("data"), 0x27))
        }
    }

    private static func accepts(_ update: Bytes, _ row: inout Row) {
        row.expect(b.set(update, 0x27), .success)
        row.expect(b.holds(.text("the payload"), 0x27))
        row.expect(b.set(.bDelete), .success)
    }

    private static func accepted(_ judge: inout Judge) {
        judge.row("117", "wRevision 0") {
            var draft = Draft(.b)
            draft.put(.number(0, count: 2), at: 20)
            accepts(draft.bytes, &$0)
        }
        judge.row("126", "signed attributes with the right digest") { accepts(Fixture.bAttributes.bytes, &$0) }
        judge.row("140", "embedded content is not looked at") { accepts(Fixture.bEmbedded.bytes, &$0) }
        judge.row("133", "a certificate that has expired, and one that is not valid yet") {
            $0.expect(Variable.test("E").set(.expired), .success)
            $0.expect(Variable.test("F").set(.future), .success)
        }
    }

    // MARK: What must be refused

    private static func refused(_ bytes: Bytes, attributes: UInt32 = 0x27, _ row: inout Row) {
        row.expect(b.set(bytes, attributes), .securityViolation)
    }

    private static func refused(_ update: Fixture, _ row: inout Row) { refused(update.bytes, &row) }

    static func forgeries(_ judge: inout Judge) {
        descriptors(&judge)
        contents(&judge)
        encodings(&judge)
        signers(&judge)
        judge.row("6", "of all that was refused nothing is there") { $0.expect(b.get().status, .notFound) }
    }

    private static func descriptors(_ judge: inout Judge) {
        judge.row("114", "39 bytes, and none") {
            refused(.memory(Fixture.b.start, count: 39), &$0)
            $0.expect(b.set(.none, 0x27), .notFound)
        }
        judge.row("115", "dwLength 23, 0, 2^32 - 1, and one byte beyond the data") { row in
            for number in 0..<4 {
                let length = number == 0 ? 23 : number == 1 ? 0 : number == 2 ? 0xffff_ffff : Fixture.b.byteCount - 15
                var draft = Draft(.b)
                draft.put(.number(length, count: 4), at: 16)
                refused(draft.bytes, &row)
            }
        }
        judge.row("116", "another certificate type, another GUID") { row in
            ([22, 23, 24, 39] as InlineArray<4, UInt64>).each { offset in
                var draft = Draft(.b)
                draft.change(at: offset)
                refused(draft.bytes, &row)
            }
        }
        judge.row("118", "pad1, nanosecond, timezone, daylight or pad2 not 0") { row in
            for offset: UInt64 in 7...15 {
                var draft = Draft(.b)
                draft.change(at: offset)
                refused(draft.bytes, &row)
            }
        }
    }

    private static func contents(_ judge: inout Judge) {
        judge.row("119", "one byte of the payload changed") {
            var draft = Draft(.b)
            draft.change(at: Fixture.b.byteCount - 1)
            refused(draft.bytes, &$0)
        }
        judge.row("7", "one byte of the time changed") {
            var draft = Draft(.b)
            draft.change(at: 6)
            refused(draft.bytes, &$0)
        }
        judge.row("120", "signed for another name, another GUID, other attributes") {
            $0.expect(Variable.test("C").set(.b), .securityViolation)
            $0.expect(Variable("B", .owner).set(.b), .securityViolation)
            refused(Fixture.b.bytes, attributes: 0x67, &$0)
            refused(Fixture.b.bytes, attributes: 0x26, &$0)
        }
    }

    private static func encodings(_ judge: inout Judge) {
        judge.row("121, 122", "DER one byte short, and one byte behind it") { row in
            for change: UInt64 in 0..<2 {
                var draft = Draft(.b)
                draft.put(.number(Fixture.b.descriptorByteCount - 17 + 2 * change, count: 4), at: 16)
                refused(draft.bytes, &row)
            }
        }
        judge.row("123", "indefinite lengths, and one that is longer than it need be") {
            refused(.bIndefinite, &$0)
            refused(.bLonger, &$0)
        }
        judge.row("124", "digests SHA-1, SHA-224, SHA-384 and SHA-512") {
            refused(.bSha1, &$0)
            refused(.bSha224, &$0)
            refused(.bSha384, &$0)
            refused(.bSha512, &$0)
        }
        judge.row("127", "signed attributes with another digest") { refused(.bAttributesOther, &$0) }
    }

    private static func signers(_ judge: inout Judge) {
        judge.row("128", "the signer's certificate is not embedded") { refused(.bNoCertificate, &$0) }
        judge.row("129", "no signer") { refused(.bNoSigner, &$0) }
        judge.row("130", "two signers who do not know each other") { refused(.bTwoSigners, &$0) }
        judge.row("141", "a signer without a common name") { refused(.bNameless, &$0) }
        judge.row("142", "a key of 1024 bits, and one of an elliptic curve") {
            refused(.bSmall, &$0)
            refused(.bCurve, &$0)
        }
        judge.row("143", "17 embedded certificates, and five signers") {
            refused(.bCrowd, &$0)
            refused(.bFiveSigners, &$0)
        }
    }
}
