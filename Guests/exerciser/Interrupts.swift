// The interrupt table and the counters that its stubs keep (Boot.S). Interrupts are open only while a wait runs, so a
// test knows when a handler can run; exceptions without an armed vector end in a triple fault.
import Machine

enum Interrupts {
    /// Makes `vector` count: a 64-bit interrupt gate to its stub.
    static func arm(_ vector: UInt32) {
        let stub = interrupt_stubs_start() + 16 * UInt64(vector)
        let gate = idt_start() + 16 * UInt64(vector)
        store64(gate + 8, stub >> 32)
        // selector 8 (64-bit code), present, type 14
        store64(gate, stub & 0xffff | 8 << 16 | 0x8e00 << 32 | (stub >> 16 & 0xffff) << 48)
        load_idt(idt_pointer_start())
    }

    /// Has each interrupt of `vector` write its number to `port`, a byte, before it is ended: what a driver does to
    /// make its device lower the line. Port 0: no more.
    static func acknowledge(_ vector: UInt32, by port: UInt32) {
        store32(interrupt_acknowledgements_start() + 4 * UInt64(vector), UInt64(port))
    }

    /// Times that `vcpu` took `vector`.
    static func count(_ vector: UInt32, on vcpu: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: load32(interrupt_counts_start() + 4 * UInt64(vcpu * 256 + vector)))
    }

    /// Spins with interrupts open until `count` is reached, at most `tries` times; never `sti; hlt`, which loses
    /// wake-ups under TCG's SVM.
    static func await(_ vector: UInt32, on vcpu: UInt32, count wanted: UInt32, tries: UInt32) -> UInt32 {
        enable_interrupts()
        for _ in 0..<tries {
            if count(vector, on: vcpu) >= wanted { break }
            spin_pause()
        }
        disable_interrupts()
        return count(vector, on: vcpu)
    }
}
