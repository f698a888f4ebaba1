// FrameBuffer and ShadowTable, used by a real guest. Addresses and registers: their README.md.

import GuestDriving
import StoredPNG
import SystemCalls
import TAP

extension Stage {
    func screenRows(_ path: String) throws(DriverError) {
        let (base, screen): (UInt64, UInt64) = (0xF002_0000, 0x80_0000)
        _ = try guest.run(.fill, [0, 64 * 48, 0x0010_2030])
        _ = try guest.run(.moveOut, pair(screen) + [4, 64 * 48, 0, 0])
        try store(base, screen, 8)
        try store(base + 8, 64)
        try store(base + 0xC, 48)
        tap.check(contents(of: path) == nil, "FrameBuffer: without a screen there is no picture")
        try store(base + 0x10, 1)
        tap.check(try wait(base + 0x18) { $0 == 1 }, "the guest switches its screen on, and a picture is made")
        let first = contents(of: path).flatMap { StoredPNG($0) }
        tap.check(
            first?.width == 64 && first?.height == 48 && first?.pixels.allSatisfy { $0 == 0x10_2030 } == true,
            "of the right size and colour", detail: "\(first?.width ?? 0) x \(first?.height ?? 0)")
        // A picture that is written now would be a new file.
        do throws(SystemError) { try removeFile(path: path) } catch { tap.say("# \(error)") }
        let checks = try load(base + 0x14)
        let isChecked = try wait(base + 0x14) { $0 >= checks + 4 }
        let pictures = try load(base + 0x18)
        tap.check(
            isChecked && pictures == 1 && contents(of: path) == nil, "as long as nothing is drawn, none is written",
            detail: "\(pictures) pictures")
        try store(screen + (7 * 64 + 5) * 4, 0x00FF_0000)
        tap.check(try wait(base + 0x18) { $0 == 2 }, "the guest draws a pixel, and a picture is made")
        let drawn = contents(of: path).flatMap { StoredPNG($0) }
        tap.check(
            drawn?[5, 7] == 0xFF_0000 && drawn?.pixels.count(where: { $0 != 0x10_2030 }) == 1,
            "that pixel is red in it, and no other has changed")
        try store(base, 0xE000_0000, 8)
        tap.check(try wait(base + 0x1C) { $0 >= 2 }, "a screen where the guest has no memory is refused")
        try store(base, screen, 8)
        tap.check(try wait(base + 0x18) { $0 == 3 }, "and does no harm: back at the old place there is a picture")
        let last = contents(of: path).flatMap { StoredPNG($0) }
        tap.check(last != nil && last == drawn, "the same as before")
        try store(base + 0x10, 0)
    }

    func shadowRows() throws(DriverError) {
        let (base, table): (UInt64, UInt64) = (0xF004_0000, 0x90_0000)
        let shadow = base + 0x1000
        try store(table, 0x1001, 8)
        try store(table + 8, 0x2000, 8)
        try expect(shadow, .max, "ShadowTable: without a table there is no shadow", bytes: 8)
        try store(base, table, 8)
        try store(base + 8, 1)
        try expect(base + 0xC, 1, "the guest has a page of it tracked")
        try expect(shadow, 0x1001, "a valid entry that was there before is in the shadow", bytes: 8)
        try expect(shadow + 8, 0, "one that is not valid is 0 there", bytes: 8)
        try store(table + 16, 0x3001, 8)
        try expect(shadow + 16, 0x3001, "the guest writes an entry, and the shadow has it", bytes: 8)
        try expect(table + 16, 0x3001, "and so has the guest's own table", bytes: 8)
        try store(table + 8, 0x01, 1)
        try expect(shadow + 8, 0x2001, "one byte makes an entry valid", bytes: 8)
        _ = try guest.run(.fill, [0, 4, 0x0000_5001])
        _ = try guest.run(.moveOut, pair(table + 0xFF0) + [4, 4, 0, 0])
        try expect(shadow + 0xFF8, 0x0000_5001_0000_5001, "rep movs fills entries, up to the last one", bytes: 8)
        try expect(table + 0xFF0, 0x0000_5001_0000_5001, "in the guest's table too", bytes: 8)
        try store(table, 0, 8)
        try expect(shadow, 0, "an entry that is cleared goes", bytes: 8)
        try store(base, 0xE000_0000, 8)
        try store(base + 8, 1)
        try expect(base + 0xC, 2, "a table where the guest has no memory is refused")
        try store(table, 0x7001, 8)
        try expect(table, 0x7001, "and the old one is memory like any other again", bytes: 8)
        try store(base, table, 8)
        try store(base + 8, 1)
        try expect(shadow, 0x7001, "which can be tracked anew", bytes: 8)
        try store(base + 8, 0)
        try expect(base + 0xC, 0, "and given up")
    }
}
