// The names of nodes, each once (xenstored.md 11): `state` of ten thousand devices is one.
// Not for: finding a node; lists of children are ordered by the names themselves (ChildList).

internal import XenstoreWire

/// The first 16 bytes of a name as two numbers, zeros behind it: of two of them the one that comes first is the smaller
/// one, as no name has a zero.
struct NameWords {
    var first: UInt64
    var second: UInt64

    init(_ path: Span<UInt8>, _ range: Range<Int>) {
        first = Self.word(path, range.lowerBound, range.upperBound)
        second = range.count > 8 ? Self.word(path, range.lowerBound + 8, range.upperBound) : 0
    }

    private static func word(_ path: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        var word: UInt64 = 0
        var shift: UInt64 = 56
        for index in start..<min(end, start + 8) {
            word |= UInt64(path[index]) << shift
            shift &-= 8
        }
        return word
    }
}

/// A name.
struct NameSlot: SlabSlot {
    static var inlineByteCount: Int { 16 }

    /// The next one of its bucket.
    var link = noSlot
    var hash: UInt32 = 0
    /// Nodes that have it.
    var useCount: UInt32 = 0
    var byteCount: UInt16 = 0
    /// Its words; of one longer than both, `second` is the number among the long ones.
    var first: UInt64 = 0
    var second: UInt64 = 0

    var isLong: Bool { Int(byteCount) > Self.inlineByteCount }
    var longNumber: UInt32 { UInt32(truncatingIfNeeded: second) }

    /// The words of one that is not long, without its first bytes.
    func words(from start: Int) -> (first: UInt64, second: UInt64) {
        if start == 0 { return (first, second) }
        if start >= 8 { return (start >= 16 ? 0 : second << UInt64(8 * (start - 8)), 0) }
        let bits = UInt64(8 * start)
        return (first << bits | second >> (64 - bits), second << bits)
    }

    static var unused: NameSlot { NameSlot() }
    static var pieceBits: UInt32 { 12 }
}

/// Names by their bytes, counted. The buckets grow and shrink one at a time (linear hashing), so that none waits while
/// all are sorted anew.
struct NameTable: ~Copyable {
    private var names = Slab<NameSlot>()
    private var long = Slab<LongBytes>()
    /// The first name of each bucket, in rows of 1024.
    private var buckets: ContiguousArray<ContiguousArray<UInt32>> = [[noSlot]]
    private var bucketCount = 1
    /// The largest power of two that is not above `bucketCount`.
    private var level = 1

    private static var rowBits: Int { 10 }

    /// How many.
    var count: Int { names.count }

    private subscript(bucket index: Int) -> UInt32 {
        get { buckets[index >> Self.rowBits][index & (1 << Self.rowBits - 1)] }
        set { buckets[index >> Self.rowBits][index & (1 << Self.rowBits - 1)] = newValue }
    }

    private func bucket(of hash: UInt32) -> Int {
        let wide = Int(hash) & (2 * level - 1)
        return wide < bucketCount ? wide : wide & (level - 1)
    }

    func byteCount(_ name: UInt32) -> Int { Int(names[name].byteCount) }

    /// -1, 0, 1: a name is before, equal to or behind the one that stands in a path, whose words are given too.
    func compare(_ name: UInt32, _ words: NameWords, _ path: Span<UInt8>, _ range: Range<Int>) -> Int {
        let first = names[name].first
        if first != words.first { return first < words.first ? -1 : 1 }
        let byteCount = Int(names[name].byteCount)
        let second = names[name].second
        if byteCount > NameSlot.inlineByteCount { return compareLong(UInt32(truncatingIfNeeded: second), path, range) }
        if second != words.second { return second < words.second ? -1 : 1 }
        return byteCount == range.count ? 0 : byteCount < range.count ? -1 : 1
    }

    private func compareLong(_ number: UInt32, _ path: Span<UInt8>, _ range: Range<Int>) -> Int {
        let bytes = long[number].bytes
        for offset in 0..<min(bytes.count, range.count) where bytes[offset] != path[range.lowerBound + offset] {
            return bytes[offset] < path[range.lowerBound + offset] ? -1 : 1
        }
        return bytes.count == range.count ? 0 : bytes.count < range.count ? -1 : 1
    }

    /// Puts a name's bytes behind what is there.
    func append(_ name: UInt32, to bytes: inout [UInt8]) {
        let slot = names[name]
        if slot.isLong {
            bytes.append(contentsOf: long[slot.longNumber].bytes)
            return
        }
        for offset in 0..<Int(slot.byteCount) {
            let word = offset < 8 ? slot.first : slot.second
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (offset & 7))))
        }
    }

    /// Puts a name's bytes, from one of them on, over zeros, the last of which is its NUL: the place behind that. Nil
    /// when this would be behind `end`.
    func put(
        _ name: UInt32, from start: Int, at place: Int, before end: Int, into bytes: inout MutableSpan<UInt8>
    ) -> Int? {
        let slot = names[name]
        let byteCount = Int(slot.byteCount) - start
        if place + byteCount >= end { return nil }
        if slot.isLong {
            let text = long[slot.longNumber].bytes
            for offset in 0..<byteCount { bytes[place + offset] = text[start + offset] }
            return place + byteCount + 1
        }
        let words = slot.words(from: start)
        var word = words.first
        for offset in 0..<byteCount {
            if offset == 8 { word = words.second }
            bytes[place + offset] = UInt8(truncatingIfNeeded: word >> 56)
            word <<= 8
        }
        return place + byteCount + 1
    }

    /// The name that stands in a path, which has one user more.
    mutating func intern(_ path: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(path, range, 0))
        let words = NameWords(path, range)
        var at = self[bucket: bucket(of: hash)]
        while at != noSlot {
            if names[at].hash == hash, compare(at, words, path, range) == 0 {
                names[at].useCount += 1
                return at
            }
            at = names[at].link
        }
        var slot = NameSlot(
            hash: hash, useCount: 1, byteCount: UInt16(truncatingIfNeeded: range.count), first: words.first,
            second: words.second)
        if slot.isLong {
            slot.second = UInt64(long.insert(LongBytes(bytes: XenstoreText.copy(path, range))))
        }
        let name = names.insert(slot)
        link(name)
        if names.count > bucketCount { split() }
        return name
    }

    private mutating func link(_ name: UInt32) {
        let bucket = bucket(of: names[name].hash)
        names[name].link = self[bucket: bucket]
        self[bucket: bucket] = name
    }

    /// One user less.
    mutating func release(_ name: UInt32) {
        names[name].useCount -= 1
        if names[name].useCount > 0 { return }
        let slot = names[name]
        let bucket = bucket(of: slot.hash)
        var at = self[bucket: bucket]
        if at == name {
            self[bucket: bucket] = slot.link
        } else {
            while at != noSlot, names[at].link != name { at = names[at].link }
            if at != noSlot { names[at].link = slot.link }
        }
        if slot.isLong { long.remove(slot.longNumber) }
        names.remove(name)
        // Two at a time, to come after a count that falls.
        for _ in 0..<2 where names.count * 2 < bucketCount && bucketCount > 1 { join() }
    }

    /// One bucket more: what is to be there is taken out of another.
    private mutating func split() {
        let old = bucketCount - level == level ? 0 : bucketCount - level
        if bucketCount == 2 * level { level *= 2 }
        if bucketCount & (1 << Self.rowBits - 1) == 0 { buckets.append([]) }
        buckets[bucketCount >> Self.rowBits].append(noSlot)
        bucketCount += 1
        scatter(old)
    }

    /// One bucket less.
    private mutating func join() {
        let last = self[bucket: bucketCount - 1]
        bucketCount -= 1
        buckets[bucketCount >> Self.rowBits].removeLast()
        if bucketCount & (1 << Self.rowBits - 1) == 0 { buckets.removeLast() }
        if bucketCount == level, level > 1 { level /= 2 }
        var at = last
        while at != noSlot {
            let next = names[at].link
            link(at)
            at = next
        }
    }

    private mutating func scatter(_ bucket: Int) {
        var at = self[bucket: bucket]
        self[bucket: bucket] = noSlot
        while at != noSlot {
            let next = names[at].link
            link(at)
            at = next
        }
    }
}
