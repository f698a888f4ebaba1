// What of a signed append is new: entries that the variable holds already are left out, in linear time.
// Source: varstored.md 9.3. Not for: whether the lists are valid (SignatureLists.swift).

/// The entries of a variable, found by their bytes. Source: varstored.md 5, 9.3.
struct SignatureFilter {
    private let old: [UInt8]
    private let lists: [SignatureList]
    /// Where in `old` an entry begins, and the number of its list; found by the hash of its bytes.
    private var places: [(offset: Int, list: Int)] = []
    private var buckets: [Int32]

    /// Knows all entries of these bytes. Of malformed lists, as an old blob may hold them, those before the malformed
    /// one.
    init(_ old: [UInt8]) {
        self.old = old
        let found = SignatureLists(old)
        lists = found.lists
        var size = 64
        while size < found.entryCount &* 2 { size &*= 2 }
        buckets = [Int32](repeating: -1, count: size)
        places.reserveCapacity(found.entryCount)
        let span = old.span
        for (number, list) in found.lists.enumerated() {
            for entry in 0..<list.entryCount { add(list.entry(entry), number, span) }
        }
    }

    private mutating func add(_ entry: Range<Int>, _ list: Int, _ bytes: Span<UInt8>) {
        // Many equal entries would make the search long.
        if holds(bytes.extracting(entry), lists[list]) { return }
        let mask = buckets.count &- 1
        var bucket = Self.bucket(bytes.extracting(entry)) & mask
        while buckets[bucket] >= 0 { bucket = (bucket &+ 1) & mask }
        buckets[bucket] = Int32(truncatingIfNeeded: places.count)
        places.append((entry.lowerBound, list))
    }

    private static func bucket(_ entry: Span<UInt8>) -> Int {
        Int(truncatingIfNeeded: entry.hash(0) & 0x7FFF_FFFF)
    }

    /// Whether a list of the same type holds this entry: all of its bytes are compared, and so its size, owner and
    /// data.
    private func holds(_ entry: Span<UInt8>, _ list: SignatureList) -> Bool {
        let mask = buckets.count &- 1
        var bucket = Self.bucket(entry) & mask
        while buckets[bucket] >= 0 {
            let place = places[Int(buckets[bucket])]
            let other = lists[place.list]
            if other.type == list.type
                && old.span.extracting(place.offset..<(place.offset &+ other.entryByteCount)).equals(entry)
            {
                return true
            }
            bucket = (bucket &+ 1) & mask
        }
        return false
    }

    /// What of these valid lists is not there yet: each list with its surviving entries and its size adjusted, without
    /// the lists of which nothing survives. Duplicates among the new entries stay.
    func survivors(of new: [UInt8]) -> [UInt8] {
        var survivors: [UInt8] = []
        survivors.reserveCapacity(new.count)
        let bytes = new.span
        for list in SignatureLists(new).lists {
            let start = survivors.count
            survivors.append(contentsOf: new[list.range.prefix(SignatureList.headerByteCount)])
            for number in 0..<list.entryCount where !holds(bytes.extracting(list.entry(number)), list) {
                survivors.append(contentsOf: new[list.entry(number)])
            }
            let byteCount = survivors.count &- start
            if byteCount == SignatureList.headerByteCount {
                survivors.removeLast(byteCount)
            } else {
                survivors.replace(UInt32(truncatingIfNeeded: byteCount), at: start &+ 16)
            }
        }
        return survivors
    }
}

extension [UInt8] {
    /// Replaces the 4 bytes at `offset`, which are there, by a number.
    fileprivate mutating func replace(_ value: UInt32, at offset: Int) {
        for place in 0..<4 { self[offset &+ place] = UInt8(truncatingIfNeeded: value &>> UInt32(8 &* place)) }
    }
}
