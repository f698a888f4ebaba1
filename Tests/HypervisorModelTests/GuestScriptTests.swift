// Programs of guests as text.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Guest scripts") struct GuestScriptTests {
    static let whole = """
        in 0x100 4 expect 0x11
        out 0x100 4 0xdeadbeef
        load 0xf0000000 8
        store 0xf0000010 4 0x5
        rep ins 0x200 4 count 16 to 0x8000
        rep outs 0x200 4 count 16 from 0x8000 down
        rep movs 0x8000 4 count 16 from 0xf0000000
        pci read 00:04.0 0x10 4 expect 0x11
        pci write 01:1f.7 0x3d 1 0xff
        write 0x8000 01 02 0a
        fill 0x8000 16 0xaa
        expect memory 0x8000 01 02 0a
        vcpu 2
        wait interrupt 0x40
        wait event
        wait event 0xe
        apic off
        clock -3600
        invalidate
        balloon 0x80 16
        handle faults
        repeat 100
          repeat 2
            note two words # and no comment
          end
        end
        shutdown 0
        """

    @Test("a program is written as it is read")
    func roundTrip() throws {
        let program = try GuestProgram(script: Self.whole)
        #expect(program.description == Self.whole)
        #expect(program.steps.map(\.count) == [12, 0, 14])
        #expect(try GuestProgram(script: program.description) == program)
    }

    @Test("comments, blank lines and decimal numbers")
    func freely() throws {
        let program = try GuestProgram(script: "# first\n\n  in 256 4  # the port\n\tout 1 1 255\n")
        #expect(
            program
                == GuestProgram(.access(.input(256, .four), expect: nil), .access(.output(1, .one, 255), expect: nil)))
    }

    @Test(
        "what is wrong is told with its line",
        arguments: [
            ("in 0x10000 4", "line 1: '0x10000' is too large: the port is at most 65535"),
            ("note a\nin 0x100 3", "line 2: an access has 1, 2, 4 or 8 bytes"),
            ("in 0x100 8", "line 1: an access to a port has 1, 2 or 4 bytes"),
            ("in 0x100", "line 1: the number of bytes is missing"),
            ("in -5 4", "line 1: '-5' is not a number (the port)"),
            ("in 0x 4", "line 1: '0x' is not a number (the port)"),
            ("in 0x100 4 exact 5", "line 1: 'exact' is too much"),
            ("out 0x100 1 256", "line 1: '256' is too large: the value is at most 255"),
            ("jump 5", "line 1: 'jump' is not a step"),
            ("end", "line 1: an end without a repeat"),
            ("\nrepeat 5\nnote a", "line 2: a repeat without an end"),
            ("repeat 5\nvcpu 1", "line 2: the repeat of line 1 has no end"),
            ("vcpu 128", "line 1: '128' is too large: a vCPU is at most 127"),
            ("pci read 4 0 4", "line 1: '4' is not a PCI function as 00:04.0 is"),
            ("pci read 0001:00:04.0 0 4", "line 1: ports reach segment 0 alone"),
            ("pci poke 00:04.0 0 4", "line 1: 'poke' is neither 'read' nor 'write'"),
            ("write 0x8000", "line 1: the bytes are missing"),
            ("write 0x8000 1 02", "line 1: '1' is not a byte of two digits as 0a is"),
            ("rep ins 0x200 4 16", "line 1: '16' where 'count' should be"),
            ("rep lods 0x200 4", "line 1: 'lods' is not ins, outs or movs"),
            ("wait", "line 1: 'interrupt' or 'event' is missing"),
            ("clock soon", "line 1: 'soon' is not a number of seconds"),
        ])
    func errors(script: String, message: String) {
        do throws(GuestScriptError) {
            _ = try GuestProgram(script: script)
            Issue.record("no error for \(script)")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("any bytes of a script give a program or an error")
    func anything() {
        var generator = SeededGenerator(seed: 5)
        let words = Self.whole.split(whereSeparator: \.isWhitespace)
        for _ in 0..<2000 {
            let count = Int(generator.next() % 7)
            let script = (0..<count).map { _ in
                words[Int(generator.next() % UInt64(words.count))] + (generator.next() % 4 == 0 ? "\n" : " ")
            }.joined()
            do throws(GuestScriptError) {
                let program = try GuestProgram(script: script)
                #expect((try? GuestProgram(script: program.description)) == program)
            } catch {
                #expect(error.line > 0)
            }
        }
    }
}
