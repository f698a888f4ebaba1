// The ports: widths, offsets, frames that are no memory, strings (varstored.md 2; rows 14 to 18).
import Machine

extension Rows {
    /// A request that was written, but not seen: the buffer still holds it.
    private static func isUnanswered() -> Bool { load64(VariableService.buffer) == 1 | UInt64(Command.query) << 32 }

    static func ports(_ judge: inout Judge) {
        commandPort(&judge)
        frames(&judge)
        reads(&judge)
        strings(&judge)
    }

    private static func commandPort(_ judge: inout Judge) {
        let frame = VariableService.bufferFrame
        judge.row("14", "1 or 2 bytes to 0x100, 4 bytes to 0x101, 0x102 and 0x103: ignored") {
            _ = Request(Command.query).u32(7)
            out8(0x100, frame)
            out16(0x100, frame)
            for port: UInt32 in 0x101...0x103 { out32(port, frame) }
            $0.expect(isUnanswered())
            VariableService.call()
            $0.expect(VariableService.status, .success)
        }
        judge.row("2", "1 or 2 bytes to 0x104, 4 bytes to 0x105: the index stays") {
            out32(VariableService.windowIndexPort, 16)
            out32(VariableService.windowDataPort, 0x4433_2211)
            out8(0x104, 0)
            out16(0x104, 0)
            out32(0x105, 0)
            $0.expect(UInt64(in32(VariableService.windowDataPort)), 0x4433_2211)
            out32(VariableService.windowDataPort, 0)
        }
    }

    private static func frames(_ judge: inout Judge) {
        judge.row("16", "a frame that is no memory, and one whose last pages are none: no reply, and it goes on") {
            _ = Request(Command.query).u32(7)
            VariableService.call(frame: 0x3_0000)
            VariableService.call(frame: 0x7_fff8)
            $0.expect(isUnanswered())
            VariableService.call()
            $0.expect(VariableService.status, .success)
        }
        judge.row("17", "frames 0xfffffff8 and 0xffffffff: the range passes 2^32, no reply") {
            _ = Request(Command.query).u32(7)
            VariableService.call(frame: 0xffff_fff8)
            VariableService.call(frame: 0xffff_ffff)
            $0.expect(isUnanswered())
            VariableService.call()
            $0.expect(VariableService.status, .success)
        }
        judge.row("2", "another buffer is as good, and the next call goes to the first one again") {
            let other = Scratch.value
            _ = Request(Command.query).u32(7)
            Bytewise.copy(16, from: VariableService.buffer, to: other)
            VariableService.call(frame: UInt32(truncatingIfNeeded: other >> 12))
            $0.expect(isUnanswered())
            $0.expect(load64(other), 0)
            $0.expect(load64(other + 8), 131072)
            VariableService.call()
            $0.expect(VariableService.status, .success)
        }
    }

    private static func reads(_ judge: inout Judge) {
        judge.row("15", "reads of 0x100 to 0x107 give 0, in every width") { row in
            for port: UInt32 in 0x100...0x107 {
                row.expect(UInt64(in8(port)), 0)
                row.expect(UInt64(in16(port)), 0)
                row.expect(UInt64(in32(port)), 0)
            }
        }
    }

    private static func strings(_ judge: inout Judge) {
        judge.row("18", "rep outs to 0x100, 4 and 1 bytes wide: completed, nothing is done") {
            _ = Request(Command.query).u32(7)
            for index: UInt64 in 0..<4 { store32(Scratch.kept + 4 * index, UInt64(VariableService.bufferFrame)) }
            out_string(0x100, 4, Scratch.kept, 4, 0)
            out_string(0x100, 1, Scratch.kept, 16, 0)
            $0.expect(isUnanswered())
        }
        judge.row("2", "rep ins and rep outs at the window: completed, nothing is written there") {
            out32(VariableService.windowIndexPort, 16)
            out_string(VariableService.windowDataPort, 4, Scratch.kept, 4, 0)
            in_string(VariableService.windowDataPort, 4, Scratch.kept, 4, 0)
            $0.expect(UInt64(in32(VariableService.windowDataPort)), 0)
        }
    }
}
