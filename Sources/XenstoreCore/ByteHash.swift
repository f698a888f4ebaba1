// A number for bytes, other ones in each process: nobody outside can choose bytes whose numbers meet. What a request is
// answered does not depend on it.
// Not for: secrets.

/// Hashes of names and paths.
enum ByteHash {
    private static let seed = UInt64(truncatingIfNeeded: Hasher().finalize())

    /// A number for some of the bytes and for where they stand.
    static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>, _ place: UInt64) -> UInt64 {
        var state = seed ^ (place &+ 1) &* 0x9E37_79B9_7F4A_7C15
        var word = UInt64(range.count)
        var left = 7
        for index in range {
            word = word << 8 | UInt64(bytes[index])
            left -= 1
            if left == 0 {
                state = mixed(state, word)
                word = 0
                left = 8
            }
        }
        return mixed(mixed(state, word), seed)
    }

    private static func mixed(_ one: UInt64, _ two: UInt64) -> UInt64 {
        let product = (one ^ two).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
