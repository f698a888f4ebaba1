// The second vCPU changes the buffer while the first one's command runs: the service must answer what it has copied
// once (row 13; XSA-478).
import Machine

enum Race {
    // Words at Scratch.race: what vCPU 1 does, where it writes, the two values that it writes in turn, and how often.
    private static var command: UInt64 { Scratch.race }
    private static var place: UInt64 { Scratch.race + 8 }
    private static var first: UInt64 { Scratch.race + 16 }
    private static var second: UInt64 { Scratch.race + 24 }
    private static var written: UInt64 { Scratch.race + 32 }

    private static let idle: UInt64 = 0
    private static let busy: UInt64 = 1
    /// vCPU 1 makes it idle when it has seen it.
    private static let stopping: UInt64 = 2
    private static let triesMax = 5_000_000

    /// vCPU 1, from its start on.
    static func run() -> Never {
        store32(vcpu_starting(), 0)  // tells the starter that this vCPU is up
        while true {
            if load32(command) == busy {
                store64(load64(place), load64(first))
                store64(load64(place), load64(second))
                store64(written, load64(written) &+ 1)
            } else {
                if load32(command) == stopping { store32(command, idle) }
                spin_pause()
            }
        }
    }

    /// Starts it; false if it does not come.
    static func start() -> Bool {
        store32(command, idle)
        LocalAPIC.enable()
        LocalAPIC.start(vcpu: 1)
        for _ in 0..<triesMax {
            if load32(vcpu_starting()) == 0 { return true }
            spin_pause()
        }
        return false
    }

    /// vCPU 1 writes one and the other value there from now on; false if it does not begin.
    static func begin(at address: UInt64, _ one: UInt64, _ other: UInt64) -> Bool {
        store64(place, address)
        store64(first, one)
        store64(second, other)
        store64(written, 0)
        store32(command, busy)
        for _ in 0..<triesMax {
            if load64(written) > 1 { return true }
            spin_pause()
        }
        return false
    }

    /// Waits until vCPU 1 has written once more: it is on a processor, most likely.
    static func awaitWrite() {
        let before = load64(written)
        for _ in 0..<triesMax {
            if load64(written) != before { return }
            Hypervisor.yield()
            spin_pause()
        }
    }

    /// It stops, and nothing of it is under way any more.
    static func end() {
        // On a host of one processor vCPU 1 may have none for a while.
        store32(command, stopping)
        for _ in 0..<triesMax where load32(command) != idle { spin_pause() }
    }

    /// It is never needed again: INIT puts it to sleep.
    static func stop() { LocalAPIC.stop(vcpu: 1) }
}

extension Rows {
    private static let rounds: UInt64 = 100

    static func race(_ judge: inout Judge) {
        var isRunning = false
        judge.row("13", "the second vCPU comes up") {
            isRunning = Hypervisor.setUp() && Race.start()
            $0.expect(isRunning)
        }
        if !isRunning { return }
        let t = Variable.test("T")
        judge.row("13", "the data length changes while Set runs: what is stored has one of the two lengths, whole") {
            row in
            // Whichever length is read, attributes and flag stand where they must: every snapshot is a good request.
            let lengths: (UInt64, UInt64) = (8, 4096)
            let start = Request(Command.set).name(t.name).guid(t.guid)
            row.expect(Race.begin(at: start.end, lengths.0, lengths.1))
            for _ in 0..<rounds {
                let request = Request(Command.set).name(t.name).guid(t.guid)
                _ = request.data(.filled(0x61, count: 4096)).u32(6).flag(false)
                store64(request.end + 8 + lengths.0, 6)
                Race.awaitWrite()
                VariableService.call()
                row.expect(VariableService.status, .success)
            }
            Race.end()
            let found = t.get()
            row.expect(found.status, .success)
            row.expect(found.count == lengths.0 || found.count == lengths.1)
            row.expect(UInt64(found.attributes), 6)
            row.expect(t.delete(6), .success)
        }
        // Here the guest says, too, how often the other length was read: that there was a race at all.
        judge.row("13", "the name length changes between 2 and 4098: one answer or the other, nothing else") { row in
            row.expect(t.set(.text("abc"), 6), .success)
            row.expect(Race.begin(at: VariableService.buffer + 8, 2, 4098))
            var long: UInt64 = 0
            for _ in 0..<rounds {
                _ = Request(Command.get).name(t.name).guid(t.guid).u64(64).flag(false)
                Race.awaitWrite()
                VariableService.call()
                let status = VariableService.status
                row.expect(status == .success || status == .deviceError)
                if status == .deviceError { long += 1 }
            }
            Race.end()
            Line("# the service read the longer one ").number(long).text(" times of ").number(rounds).end()
            row.expect(t.delete(6), .success)
        }
        Race.stop()
    }
}
