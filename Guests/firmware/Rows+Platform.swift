// MOR and PPI: variables with rules of their own, and the window at ports 0x104 and 0x108 (rows 156 to 173). At the end
// both locks are closed.
import Machine

extension Rows {
    private static func byte(_ value: UInt64) -> Bytes { .number(value, count: 1) }
    private static func key(_ value: UInt64) -> Bytes { .number(value, count: 8) }

    static func platform(_ judge: inout Judge) {
        window(&judge)
        windowEdges(&judge)
        presence(&judge)
        overwrite(&judge)
        overwriteLock(&judge)
    }

    private static func index(_ value: UInt32) { out32(VariableService.windowIndexPort, value) }

    private static func window(_ judge: inout Judge) {
        let data = VariableService.windowDataPort
        judge.row("171", "what is written at index 0x104 is read back, and is in PPIBuffer") {
            index(0x104)
            out32(data, 0x1234_5678)
            $0.expect(UInt64(in32(data)), 0x1234_5678)
            let found = Variable.ppiBuffer.get()
            $0.expect(found.count, 48)
            $0.expect(load32(found.place + 4), 0x1234_5678)
        }
        judge.row("10.4", "1, 2 and 4 bytes at each offset of the data port") { row in
            index(16)
            out32(data, 0x4433_2211)
            for offset: UInt32 in 0..<4 { row.expect(UInt64(in8(data + offset)), 0x11 * UInt64(offset + 1)) }
            row.expect(UInt64(in16(data + 2)), 0x4433)
            out8(data + 1, 0xaa)
            out16(data + 2, 0xbbcc)
            row.expect(UInt64(in32(data)), 0xbbcc_aa11)
            index(18)
            row.expect(UInt64(in8(data)), 0xcc)
        }
        judge.row("10.4", "the last four bytes of the window") {
            index(300)
            out32(data, 0x0102_0304)
            $0.expect(UInt64(in32(data)), 0x0102_0304)
            $0.expect(load32(Variable.ppiBuffer.get().place + 44), 0x0102_0304)
        }
    }

    private static func windowEdges(_ judge: inout Judge) {
        let data = VariableService.windowDataPort
        judge.row("172", "beyond the window: reads are 0, writes are ignored") {
            index(303)
            $0.expect(UInt64(in8(data)), 1)
            out32(data, .max)
            out16(data, 0xffff)
            $0.expect(UInt64(in32(data)), 0)
            $0.expect(UInt64(in8(data)), 1)
            index(.max)
            out8(data, 1)
            $0.expect(UInt64(in8(data)), 0)
            $0.expect(UInt64(in8(data + 1)), 0)
        }
        judge.row("173", "4 bytes at index 254: two are flags, two are PPIBuffer's") { row in
            index(254)
            out32(data, 0x0d0c_0b0a)
            row.expect(UInt64(in32(data)), 0x0d0c_0b0a)
            let buffer = Variable.ppiBuffer.get()
            row.expect(load16(buffer.place), 0x0d0c)
            for place: UInt32 in 0..<4 {
                index(254 + place)
                row.expect(UInt64(in8(data)), 0x0a + UInt64(place))
            }
        }
        judge.row("174", "300 one-byte writes to the upper half") { row in
            for number: UInt32 in 0..<300 {
                index(0x110 + number % 16)
                out8(data, number)
            }
            index(0x11f)
            row.expect(UInt64(in8(data)), 287 & 0xff)
            index(0x105)
            out32(data, 0xddcc_bbaa)
            row.expect(UInt64(in32(data)), 0xddcc_bbaa)
        }
    }

    private static func presence(_ judge: inout Judge) {
        let (flags, lock, buffer) = (Variable.ppiFlags, Variable.ppiLock, Variable.ppiBuffer)
        judge.row("166", "function flags: 4 bytes, attributes 7") {
            $0.expect(flags.set(.number(5, count: 4)), .success)
        }
        judge.row("170", "PPIBuffer of 47 bytes, of attributes 3, deleted") {
            $0.expect(buffer.set(.filled(0, count: 47)), .invalidParameter)
            $0.expect(buffer.set(.filled(0, count: 48), 3), .invalidParameter)
            $0.expect(buffer.set(.filled(0, count: 48), 0x47), .invalidParameter)
            $0.expect(buffer.delete(), .writeProtected)
            $0.expect(buffer.get().count, 48)
        }
        judge.row("167", "PPI lock 0, of 2 bytes, of attributes 3, empty") {
            $0.expect(lock.set(byte(0)), .invalidParameter)
            $0.expect(lock.set(.number(1, count: 2)), .invalidParameter)
            $0.expect(lock.set(byte(1), 3), .invalidParameter)
            $0.expect(lock.set(.none), .invalidParameter)
            $0.expect(lock.byte, 0)
        }
        judge.row("168", "PPI lock 1, and again") {
            $0.expect(lock.set(byte(1)), .success)
            $0.expect(lock.set(byte(1)), .success)
            $0.expect(lock.byte, 1)
        }
        judge.row("169", "locked: the flags can't be written, appended to or deleted, the lock can't be opened") {
            $0.expect(flags.set(.number(6, count: 4)), .writeProtected)
            $0.expect(flags.set(byte(1), 0x47), .writeProtected)
            $0.expect(flags.delete(), .writeProtected)
            $0.expect(lock.delete(0), .invalidParameter)
            $0.expect(lock.byte, 1)
            $0.expect(flags.holds(.number(5, count: 4), 7))
        }
    }

    private static func overwrite(_ judge: inout Judge) {
        let control = Variable.morControl
        judge.row("156", "MOR control 0x01, 0x10 and 0x11") { row in
            ([0x01, 0x10, 0x11] as InlineArray<3, UInt64>).each { value in
                row.expect(control.set(byte(value)), .success)
                row.expect(control.byte, value)
            }
        }
        judge.row("157", "MOR control 0x02, two bytes, none, appended to, of attributes 3") {
            $0.expect(control.set(byte(2)), .invalidParameter)
            $0.expect(control.set(.number(1, count: 2)), .invalidParameter)
            $0.expect(control.set(.none), .invalidParameter)
            $0.expect(control.set(byte(1), 0x47), .invalidParameter)
            $0.expect(control.set(byte(1), 3), .invalidParameter)
            $0.expect(control.byte, 0x11)
        }
    }

    private static func overwriteLock(_ judge: inout Judge) {
        let (control, lock, keyed) = (Variable.morControl, Variable.morLock, key(0x0123_4567_89ab_cdef))
        judge.row("158", "MOR lock empty, or of attributes 0") {
            $0.expect(lock.set(.none), .writeProtected)
            $0.expect(lock.set(byte(1), 0), .writeProtected)
        }
        judge.row("159", "MOR lock of attributes 3, of 2 bytes, of value 2") {
            $0.expect(lock.set(byte(1), 3), .invalidParameter)
            $0.expect(lock.set(.number(1, count: 2)), .invalidParameter)
            $0.expect(lock.set(byte(2)), .invalidParameter)
        }
        judge.row("161", "MOR lock by a key of 8 bytes: it reads as 2, and control is closed") {
            $0.expect(lock.set(byte(0)), .success)
            $0.expect(lock.set(keyed), .success)
            $0.expect(lock.byte, 2)
            $0.expect(control.set(byte(1)), .writeProtected)
            $0.expect(lock.set(byte(0)), .accessDenied)
        }
        judge.row("162", "the same key opens it") {
            $0.expect(lock.set(keyed), .success)
            $0.expect(lock.byte, 0)
            $0.expect(control.set(byte(1)), .success)
        }
        judge.row("163", "a wrong key closes it for good: the right one comes too late") {
            $0.expect(lock.set(keyed), .success)
            $0.expect(lock.set(key(1)), .accessDenied)
            $0.expect(lock.byte, 1)
            $0.expect(lock.set(keyed), .accessDenied)
        }
        judge.row("160", "locked without a key: neither 0, 1 nor 8 bytes, and no control") {
            $0.expect(lock.set(byte(0)), .accessDenied)
            $0.expect(lock.set(byte(1)), .accessDenied)
            $0.expect(lock.set(key(0)), .accessDenied)
            $0.expect(control.set(byte(0)), .writeProtected)
            $0.expect(lock.byte, 1)
        }
    }
}
