// The table of golden vectors of xenstored.md 3, as it stands there.
// Not for: what a server makes of them.

/// A request and what a server sends on it.
public struct GoldenVector: Sendable {
    /// The operation's name.
    public var name: String
    /// The request, header and payload.
    public var request: [UInt8]
    /// What comes back, message by message.
    public var replies: [[UInt8]]
}

/// All of them, in the page's order; a line without a name has that of the one before.
public let goldenVectors: [GoldenVector] = {
    var vectors: [GoldenVector] = []
    for line in table.split(separator: "\n") {
        guard let arrow = line.firstIndex(where: { $0 == ">" || $0 == "<" }) else { continue }
        let name = line[..<arrow].split(separator: " ").joined(separator: " ")
        let bytes = octets(line[line.index(after: arrow)...])
        if line[arrow] == ">" {
            let before = vectors.last?.name ?? ""
            let isNamed = !name.isEmpty && !name.hasPrefix("with")
            vectors.append(GoldenVector(name: isNamed ? name : before, request: bytes, replies: []))
        } else {
            vectors[vectors.count - 1].replies.append(bytes)
        }
    }
    return vectors
}()

private func octets(_ digits: Substring) -> [UInt8] {
    let nibbles = digits.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: nibbles.count - 1, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
}

private let table = """
    CONTROL               > 00000000 1f000000 00000000 09000000 7072696e7400686900
                          < 00000000 1f000000 00000000 03000000 4f4b00
    DIRECTORY             > 01000000 02000000 00000000 03000000 2f6100
                          < 01000000 02000000 00000000 04000000 62006300
    READ                  > 02000000 01000000 00000000 03000000 2f6100
                          < 02000000 01000000 00000000 01000000 31
                          > 02000000 02000000 00000000 06000000 2f6e6f6e6500
                          < 10000000 02000000 00000000 07000000 454e4f454e5400
    GET_PERMS             > 03000000 03000000 00000000 03000000 2f6100
                          < 03000000 03000000 00000000 06000000 6e3000723500
    WATCH                 > 04000000 04000000 00000000 07000000 2f6100746f6b00
                          < 04000000 04000000 00000000 03000000 4f4b00
                          < 0f000000 00000000 00000000 07000000 2f6100746f6b00
    WATCH, depth 1        > 04000000 05000000 00000000 13000000 4072656c65617365446f6d61696e0072003100
                          < 04000000 05000000 00000000 03000000 4f4b00
                          < 0f000000 00000000 00000000 11000000 4072656c65617365446f6d61696e007200
    UNWATCH               > 05000000 06000000 00000000 07000000 2f6100746f6b00
                          < 05000000 06000000 00000000 03000000 4f4b00
    TRANSACTION_START     > 06000000 07000000 00000000 01000000 00
                          < 06000000 07000000 00000000 02000000 3100
    TRANSACTION_END       > 07000000 08000000 01000000 02000000 5400
                          < 07000000 08000000 01000000 03000000 4f4b00
      with a conflict     > 07000000 09000000 02000000 02000000 5400
                          < 10000000 09000000 02000000 07000000 45414741494e00
    INTRODUCE             > 08000000 0a000000 00000000 0c000000 350031303434343736003300
                          < 08000000 0a000000 00000000 03000000 4f4b00
    RELEASE               > 09000000 0b000000 00000000 02000000 3500
                          < 09000000 0b000000 00000000 03000000 4f4b00
    GET_DOMAIN_PATH       > 0a000000 0c000000 00000000 02000000 3500
                          < 0a000000 0c000000 00000000 10000000 2f6c6f63616c2f646f6d61696e2f3500
    WRITE                 > 0b000000 0d000000 00000000 04000000 2f610031
                          < 0b000000 0d000000 00000000 03000000 4f4b00
    WRITE 00 ff           > 0b000000 0e000000 00000000 07000000 2f612f620000ff
                          < 0b000000 0e000000 00000000 03000000 4f4b00
    MKDIR                 > 0c000000 0f000000 00000000 05000000 2f612f6300
                          < 0c000000 0f000000 00000000 03000000 4f4b00
    RM                    > 0d000000 10000000 00000000 05000000 2f612f6300
                          < 0d000000 10000000 00000000 03000000 4f4b00
    SET_PERMS             > 0e000000 11000000 00000000 09000000 2f61006e3000723500
                          < 0e000000 11000000 00000000 03000000 4f4b00
    WATCH_EVENT           > 0f000000 12000000 00000000 05000000 2f61007800
                          < 10000000 12000000 00000000 07000000 454e4f53595300
    ERROR                 > 10000000 13000000 00000000 04000000 45494f00
                          < 10000000 13000000 00000000 07000000 454e4f53595300
    IS_DOMAIN_INTRODUCED  > 11000000 14000000 00000000 02000000 3500
                          < 11000000 14000000 00000000 02000000 4600
    RESUME                > 12000000 15000000 00000000 02000000 3500
                          < 12000000 15000000 00000000 03000000 4f4b00
    SET_TARGET            > 13000000 16000000 00000000 04000000 36003500
                          < 13000000 16000000 00000000 03000000 4f4b00
    RESTRICT              > 14000000 17000000 00000000 02000000 3500
                          < 10000000 17000000 00000000 07000000 454e4f53595300
    RESET_WATCHES         > 15000000 18000000 00000000 01000000 00
                          < 15000000 18000000 00000000 03000000 4f4b00
    DIRECTORY_PART        > 16000000 19000000 00000000 05000000 2f61003000
                          < 16000000 19000000 00000000 08000000 3432006200630000
    GET_FEATURE           > 17000000 1a000000 00000000 00000000
                          < 17000000 1a000000 00000000 03000000 313500
    SET_FEATURE           > 18000000 1b000000 00000000 04000000 37003600
                          < 18000000 1b000000 00000000 03000000 4f4b00
    GET_QUOTA             > 19000000 1c000000 00000000 08000000 7761746368657300
                          < 19000000 1c000000 00000000 04000000 31323800
    GET_QUOTA, domain     > 19000000 1d000000 00000000 08000000 35006e6f64657300
                          < 19000000 1d000000 00000000 05000000 3130303000
    SET_QUOTA             > 1a000000 1e000000 00000000 0e000000 3500776174636865730032353600
                          < 1a000000 1e000000 00000000 03000000 4f4b00
    """
