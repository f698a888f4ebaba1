// The store as a table, and a fingerprint of what must survive a reboot.
import Machine

enum StoreTable {
    /// Prints every variable in the order in which the service lists them. How many; nil if an answer was wrong.
    static func print() -> UInt64? {
        Line("   name").column(37).text("vendor").column(53).text("attributes").column(65).text("bytes").end()
        var enumeration = Enumeration()
        var rows: UInt64 = 0
        while true {
            let status = enumeration.next()
            if status == .notFound { return rows }
            guard status == .success, rows < 1024 else {
                Line("   the enumeration ended with: ").status(status).end()
                return nil
            }
            let found = enumeration.variable.get()
            guard found.status == .success else {
                Line("   listed, but not to be read: ").name(Scratch.cursor, count: enumeration.count).end()
                return nil
            }
            Line("   ").name(Scratch.cursor, count: enumeration.count).column(37).vendor(enumeration.guid).column(53)
                .attributes(found.attributes).column(65).number(found.count, width: 5).end()
            rows += 1
        }
    }

    /// FNV-1a over name, vendor, attributes and value of what is kept over a reboot, in order; not of the variables
    /// that a start creates anew, nor of `except`. Nil if the enumeration fails.
    static func fingerprint(except: Variable) -> (hash: UInt64, count: UInt64)? {
        var (hash, count): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0)
        var enumeration = Enumeration()
        while true {
            let status = enumeration.next()
            if status == .notFound { return (hash, count) }
            guard status == .success else { return nil }
            if enumeration.isAt(except) || isOfTheStart(enumeration.guid) { continue }
            let found = enumeration.variable.get()
            guard found.status == .success else { return nil }
            if found.attributes & Attributes.nonVolatile == 0 { continue }
            hash = add(enumeration.count, Scratch.cursor, to: hash)
            hash = (hash ^ enumeration.guid.low) &* prime
            hash = (hash ^ enumeration.guid.high) &* prime
            hash = (hash ^ UInt64(found.attributes)) &* prime
            hash = add(found.count, found.place, to: hash)
            count += 1
        }
    }

    private static let prime: UInt64 = 0x100_0000_01b3

    static func add(_ count: UInt64, _ place: UInt64, to hash: UInt64) -> UInt64 {
        var hash = hash
        for index in 0..<count { hash = (hash ^ load8(place + index)) &* prime }
        return hash
    }

    /// MOR and PPI variables: reset or created by each start (varstored.md 10.1).
    private static func isOfTheStart(_ guid: VendorGUID) -> Bool {
        guid == .morControl || guid == .morLock || guid == .physicalPresence
    }
}

extension Line {
    /// `NV BS RT AT`
    func attributes(_ attributes: UInt32) -> Line {
        var line = self
        line = line.text(attributes & 0x01 != 0 ? "NV " : "-- ").text(attributes & 0x02 != 0 ? "BS " : "-- ")
        line = line.text(attributes & 0x04 != 0 ? "RT " : "-- ").text(attributes & 0x20 != 0 ? "AT" : "--")
        return line
    }
}
