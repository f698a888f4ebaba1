// All variables of one guest: an ordered list, newest first, a hash index by key beside it, and the running sum of
// charges. Not for: whether a change is allowed (SetDecision.swift); changes come as a StoreChange
// (StoreChange.swift).

/// The variables of a guest in enumeration order, newest first. Finding one is constant, stepping to the next too.
/// Source: varstored.md 3.5, 5.
public struct VariableStore: Sendable {
    /// A variable with its place in the order. Slots keep their number while their variable lives.
    struct Slot: Sendable {
        var record: VariableRecord
        var hash: UInt64
        var next: Int32
        var previous: Int32
    }

    private(set) var slots: [Slot] = []
    private var buckets: [Int32] = []
    private(set) var head: Int32 = Self.none
    private var free: [Int32] = []
    /// Variables in it, internal ones too.
    public private(set) var count = 0
    /// Sum of the charges of all variables, in bytes. Source: varstored.md 5.
    public private(set) var chargeSum = 0

    /// No slot.
    static var none: Int32 { -1 }
    /// What the sum of charges may reach by a guest's write, in bytes. Source: varstored.md 5, 18.
    public static var chargeMax: Int { 131072 }

    /// No variables.
    public init() {}

    /// These variables, newest first. Of several with one key the first is kept.
    public init(records: [VariableRecord]) {
        for record in records.reversed() {
            if let later = slot(of: record.name, record.guid) { remove(later) }
            insert(record)
        }
    }

    /// All variables, newest first. A copy of the list: for saving and converting, not for finding.
    public var records: [VariableRecord] {
        var records: [VariableRecord] = []
        records.reserveCapacity(count)
        var slot = head
        while slot != Self.none {
            records.append(slots[Int(slot)].record)
            slot = slots[Int(slot)].next
        }
        return records
    }

    /// The variable of this name; nil if there is none.
    public func record(_ name: VariableName, _ guid: VendorGUID) -> VariableRecord? {
        slot(of: name, guid).map { slots[Int($0)].record }
    }

    /// The slot of the variable of this name.
    func slot(of name: VariableName, _ guid: VendorGUID) -> Int32? { slot(of: name.bytes.span, guid) }

    /// The slot of the variable of this name.
    func slot(of name: Span<UInt8>, _ guid: VendorGUID) -> Int32? {
        if buckets.isEmpty { return nil }
        let hash = Self.hash(name, guid)
        let mask = buckets.count &- 1
        var bucket = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = buckets[bucket]
            if slot == Self.none { return nil }
            if holds(slot, hash, name, guid) { return slot }
            bucket = (bucket &+ 1) & mask
        }
    }

    @inline(__always)
    private func holds(_ slot: Int32, _ hash: UInt64, _ name: Span<UInt8>, _ guid: VendorGUID) -> Bool {
        let place = Int(slot)
        if slots[place].hash != hash || slots[place].record.guid != guid { return false }
        let own = slots[place].record.name
        return own.bytes.span.equals(name)
    }

    private static func hash(_ name: Span<UInt8>, _ guid: VendorGUID) -> UInt64 {
        name.hash(guid.low ^ guid.high.mixed)
    }
}

extension VariableStore {
    /// Puts a variable that is not there yet at the head: it is the newest. Answers its slot.
    @discardableResult
    mutating func insert(_ record: VariableRecord) -> Int32 {
        let slot = take(record)
        slots[Int(slot)].next = head
        if head != Self.none { slots[Int(head)].previous = slot }
        head = slot
        return slot
    }

    /// Takes a variable out of the order and the index.
    mutating func remove(_ slot: Int32) {
        let place = Int(slot)
        let (next, previous) = (slots[place].next, slots[place].previous)
        if previous == Self.none { head = next } else { slots[Int(previous)].next = next }
        if next != Self.none { slots[Int(next)].previous = previous }
        leaveIndex(slot)
        chargeSum &-= slots[place].record.charge
        count &-= 1
        slots[place].record = VariableRecord(
            guid: VendorGUID(low: 0, high: 0), name: VariableName(bytes: []), attributes: [], data: [])
        free.append(slot)
    }

    /// Gives a variable new contents; it keeps its position and its attributes.
    mutating func replace(_ slot: Int32, data: [UInt8], timestamp: EFITime, digest: SignerDigest) {
        let place = Int(slot)
        chargeSum &+= data.count &- slots[place].record.data.count
        slots[place].record.data = data
        slots[place].record.timestamp = timestamp
        slots[place].record.digest = digest
    }

    /// Adds to a variable's contents.
    mutating func extend(_ slot: Int32, by added: [UInt8], timestamp: EFITime, digest: SignerDigest) {
        let place = Int(slot)
        chargeSum &+= added.count
        slots[place].record.data.append(contentsOf: added)
        slots[place].record.timestamp = timestamp
        slots[place].record.digest = digest
    }

    /// Gives a variable new contents without authentication.
    mutating func replace(_ slot: Int32, data: [UInt8]) {
        replace(slot, data: data, timestamp: .zero, digest: .zero)
    }

    /// Gives a variable other attributes: what loading repairs.
    mutating func setAttributes(_ slot: Int32, _ attributes: VariableAttributes) {
        slots[Int(slot)].record.attributes = attributes
    }

    /// A slot with the variable in it, in the index, in no order yet.
    private mutating func take(_ record: VariableRecord) -> Int32 {
        let hash = Self.hash(record.name.bytes.span, record.guid)
        let entry = Slot(record: record, hash: hash, next: Self.none, previous: Self.none)
        let slot: Int32
        if let old = free.popLast() {
            slot = old
            slots[Int(old)] = entry
        } else {
            slot = Int32(truncatingIfNeeded: slots.count)
            slots.append(entry)
        }
        count &+= 1
        chargeSum &+= record.charge
        if count &* 2 > buckets.count { rebuildIndex(except: slot) }
        enterIndex(slot)
        return slot
    }

    /// Twice as many buckets. The index is at most half full, so that a search always ends.
    private mutating func rebuildIndex(except newest: Int32) {
        let old = buckets
        buckets = [Int32](repeating: Self.none, count: max(64, old.count &* 2))
        for slot in old where slot != Self.none && slot != newest { enterIndex(slot) }
    }

    private mutating func enterIndex(_ slot: Int32) {
        let mask = buckets.count &- 1
        var bucket = Int(truncatingIfNeeded: slots[Int(slot)].hash) & mask
        while buckets[bucket] != Self.none { bucket = (bucket &+ 1) & mask }
        buckets[bucket] = slot
    }

    /// Removes a slot from the index and moves up those behind it, so that no marks of the removed are needed.
    private mutating func leaveIndex(_ slot: Int32) {
        let mask = buckets.count &- 1
        var hole = Int(truncatingIfNeeded: slots[Int(slot)].hash) & mask
        while buckets[hole] != slot { hole = (hole &+ 1) & mask }
        var bucket = (hole &+ 1) & mask
        while buckets[bucket] != Self.none {
            let home = Int(truncatingIfNeeded: slots[Int(buckets[bucket])].hash) & mask
            // It may move up if its home does not lie behind the hole (counted around the end).
            if (bucket &- home) & mask >= (bucket &- hole) & mask {
                buckets[hole] = buckets[bucket]
                hole = bucket
            }
            bucket = (bucket &+ 1) & mask
        }
        buckets[hole] = Self.none
    }
}
