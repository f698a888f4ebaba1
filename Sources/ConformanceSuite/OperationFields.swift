// The payloads of the 20 operations by the names that dmop.md section 2 gives their fields. It is written down a second
// time here, beside XenABI, on purpose: rows set pads, and a wrong offset in one of the two would show.

/// Where the fields of payloads are.
enum OperationFields {
    /// A field of a payload: bytes from its start.
    struct Place {
        var name: String
        var offset: Int
        var width: Int
    }

    /// Bytes of an operation's payload; 0 for numbers that have none. dmop.md section 2.
    static func payloadByteCount(of number: UInt32) -> Int {
        number < UInt32(byteCounts.count) ? byteCounts[Int(number)] : 0
    }

    private static let byteCounts = [
        0, 6, 24, 24, 24, 4, 4, 16, 6, 2, 2, 8, 16, 24, 16, 16, 4, 24, 24, 8, 4,
    ]

    /// The field of a name; nil: the operation has none.
    static func find(_ name: String, of number: UInt32) -> Place? {
        guard number < UInt32(texts.count) else { return nil }
        for field in texts[Int(number)].split(separator: " ") {
            let parts = field.split(separator: "@")
            let numbers = parts[1].split(separator: ":").compactMap { Int($0) }
            if parts[0] == name, numbers.count == 2 { return Place(name: name, offset: numbers[0], width: numbers[1]) }
        }
        return nil
    }

    /// By operation: name@offset:width. Pads of several bytes are numbered.
    private static let texts = [
        "",
        "handle_bufioreq@0:1 pad0@1:1 pad1@2:1 pad2@3:1 id@4:2",
        "id@0:2 flags@2:2 bufioreq_port@4:4 ioreq_gfn@8:8 bufioreq_gfn@16:8",
        "id@0:2 pad@2:2 type@4:4 start@8:8 end@16:8",
        "id@0:2 pad@2:2 type@4:4 start@8:8 end@16:8",
        "id@0:2 enabled@2:1 pad@3:1",
        "id@0:2 pad@2:2",
        "nr@0:4 pad@4:4 first_pfn@8:8",
        "domain@0:2 bus@2:1 device@3:1 intx@4:1 level@5:1",
        "isa_irq@0:1 level@1:1",
        "link@0:1 isa_irq@1:1",
        "nr_extents@0:4 opaque@4:4",
        "nr@0:4 mem_type@4:2 pad@6:2 first_pfn@8:8",
        "vcpuid@0:4 vector@4:1 type@5:1 insn_len@6:1 pad0@7:1 error_code@8:4 pad1@12:4 cr2@16:8",
        "data@0:4 pad@4:4 addr@8:8",
        "id@0:2 type@2:2 flags@4:4 opaque@8:8",
        "reason@0:4",
        "size@0:4 pad@4:4 src_gfn@8:8 dst_gfn@16:8",
        "start@0:8 end@8:8 type@16:4 pad@20:4",
        "irq@0:4 level@4:1 pad0@5:1 pad1@6:1 pad2@7:1",
        "vcpus@0:4",
    ]
}
