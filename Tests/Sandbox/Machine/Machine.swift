// The machine of our freestanding guests (Guests/shared/Machine/machine.h), played by the sandbox: the same names, so
// that a guest's own sources run on the model, a thread for each vCPU. What an access does is the model's business.

internal import ServerCalls
internal import Synchronization
internal import SystemCalls

/// One vCPU of the model, as its thread uses it. Each call blocks until the access is answered.
public protocol GuestMachine: AnyObject {
    /// Reads a port.
    func portIn(_ port: UInt32, width: Int) -> UInt32
    /// Writes to a port.
    func portOut(_ port: UInt32, width: Int, _ value: UInt32)
    /// rep ins (into memory) or rep outs.
    func portString(_ port: UInt32, width: Int, memory: UInt64, count: UInt64, down: Bool, isRead: Bool)
    /// Reads memory, or what is in its place.
    func load(_ address: UInt64, width: Int) -> UInt64
    /// Writes to it.
    func store(_ address: UInt64, width: Int, _ value: UInt64)
    /// rep movs.
    func move(to destination: UInt64, from source: UInt64, width: Int, count: UInt64, down: Bool)
    /// The next interrupt that waits in its local APIC, taken from there.
    func takeInterrupt() -> UInt8?
    /// Its handler is over.
    func endInterrupt(_ vector: UInt8)
    /// The event that was injected, if there is one, taken.
    func takeEvent() -> UInt8?
    /// Nothing for a moment.
    func pause()
    /// The guest shuts its domain down.
    func shutDown(reason: UInt32)
    /// Starts another vCPU at the guest's entry.
    func start(vcpu: UInt32)
}

/// The vCPUs that threads run as.
public enum Machines {
    static let number = ThreadNumber()
    nonisolated(unsafe) private static var all: [any GuestMachine] = []
    nonisolated(unsafe) private static var isOpen = [Bool](repeating: false, count: 64)

    /// Says what the vCPUs are. Once, before any runs.
    public static func install(_ machines: [any GuestMachine]) { unsafe all = machines }

    /// From here on the calling thread is that vCPU.
    public static func become(vcpu: Int) { number.value = UInt(vcpu) }

    static var vcpu: Int { Int(number.value) }
    static var current: any GuestMachine { unsafe all[vcpu] }
    /// Whether this vCPU takes interrupts.
    static var takesInterrupts: Bool {
        get { unsafe isOpen[vcpu] }
        set { unsafe isOpen[vcpu] = newValue }
    }
}

// MARK: Ports and memory

public func in8(_ port: UInt32) -> UInt32 { before().portIn(port, width: 1) }
public func in16(_ port: UInt32) -> UInt32 { before().portIn(port, width: 2) }
public func in32(_ port: UInt32) -> UInt32 { before().portIn(port, width: 4) }
public func out8(_ port: UInt32, _ value: UInt32) { before().portOut(port, width: 1, value) }
public func out16(_ port: UInt32, _ value: UInt32) { before().portOut(port, width: 2, value) }
public func out32(_ port: UInt32, _ value: UInt32) { before().portOut(port, width: 4, value) }

public func in_string(_ port: UInt32, _ width: UInt32, _ address: UInt64, _ count: UInt64, _ down: UInt32) {
    before().portString(
        port, width: Int(width), memory: address, count: count, down: down != 0, isRead: true)
}

public func out_string(_ port: UInt32, _ width: UInt32, _ address: UInt64, _ count: UInt64, _ down: UInt32) {
    before().portString(
        port, width: Int(width), memory: address, count: count, down: down != 0, isRead: false)
}

public func load8(_ address: UInt64) -> UInt64 { load(address, 1) }
public func load16(_ address: UInt64) -> UInt64 { load(address, 2) }
public func load32(_ address: UInt64) -> UInt64 { load(address, 4) }
public func load64(_ address: UInt64) -> UInt64 { load(address, 8) }
public func store8(_ address: UInt64, _ value: UInt64) { store(address, 1, value) }
public func store16(_ address: UInt64, _ value: UInt64) { store(address, 2, value) }
public func store32(_ address: UInt64, _ value: UInt64) { store(address, 4, value) }
public func store64(_ address: UInt64, _ value: UInt64) { store(address, 8, value) }

public func move_string(
    _ destination: UInt64, _ source: UInt64, _ width: UInt32, _ count: UInt64, _ down: UInt32
) {
    before().move(to: destination, from: source, width: Int(width), count: count, down: down != 0)
}

private func load(_ address: UInt64, _ width: Int) -> UInt64 { before().load(address, width: width) }

private func store(_ address: UInt64, _ width: Int, _ value: UInt64) {
    let machine = before()
    guard address & ~0xFFF == LocalAPIC.base else { return machine.store(address, width: width, value) }
    LocalAPIC.store(address & 0xFFF, value, machine)
}

// MARK: Interrupts

public func load_idt(_ pointer: UInt64) {}
public func memory_fence() { atomicMemoryFence(ordering: .sequentiallyConsistent) }
public func enable_interrupts() { Machines.takesInterrupts = true }
public func disable_interrupts() { Machines.takesInterrupts = false }

public func spin_pause() {
    let machine = before()
    if Machines.takesInterrupts, let vector = machine.takeInterrupt() {
        deliver(UInt32(vector), machine)
        machine.endInterrupt(vector)
    }
    machine.pause()
}

/// What comes before an instruction: an event that was injected.
private func before() -> any GuestMachine {
    let machine = Machines.current
    if let vector = machine.takeEvent() { deliver(UInt32(vector), machine) }
    return machine
}

/// As the stubs of Boot.S: counts, acknowledges by a port. A vector without a gate ends in a triple fault.
private func deliver(_ vector: UInt32, _ machine: any GuestMachine) {
    guard machine.load(idt_start() + 16 * UInt64(vector), width: 8) != 0 else {
        return machine.shutDown(reason: 1)
    }
    let count = interrupt_counts_start() + 4 * UInt64(Machines.vcpu * 256 + Int(vector))
    machine.store(count, width: 4, (machine.load(count, width: 4) + 1) & 0xFFFF_FFFF)
    let port = machine.load(interrupt_acknowledgements_start() + 4 * UInt64(vector), width: 4)
    if port != 0 { machine.portOut(UInt32(port), width: 1, vector) }
}

/// As much of it as starts a vCPU: a start-up message to the APIC id that was written before.
private enum LocalAPIC {
    static let base: UInt64 = 0xFEE0_0000
    nonisolated(unsafe) private static var target: UInt64 = 0

    static func store(_ register: UInt64, _ value: UInt64, _ machine: any GuestMachine) {
        switch register {
        case 0x310: unsafe target = value >> 24
        case 0x300 where value & 0x700 == 0x600: unsafe machine.start(vcpu: UInt32(target / 2))
        default: break
        }
    }
}

// MARK: Xen, as CPUID and the hypercall page show it

public struct cpuid_words {
    public var (eax, ebx, ecx, edx): (UInt32, UInt32, UInt32, UInt32)
}

public func read_cpuid(_ leaf: UInt32) -> cpuid_words {
    switch leaf {
    case 0x4000_0000: cpuid_words(eax: leaf + 3, ebx: 0x566E_6558, ecx: 0x6558_4D4D, edx: 0x4D4D_566E)
    // The time stamp counter: 1,000,000 kHz, as read_time_stamp gives it.
    case 0x4000_0003: cpuid_words(eax: 0, ebx: 0, ecx: 1_000_000, edx: 0)
    default: cpuid_words(eax: 1, ebx: 0x4000_0000, ecx: 0, edx: 0)
    }
}

public func write_msr(_ msr: UInt32, _ value: UInt64) {}

public func hypercall(_ number: UInt32, _ first: UInt64, _ second: UInt64) -> UInt64 {
    let machine = before()
    guard number == 29, first == 2 else { return UInt64(bitPattern: -38) }
    machine.shutDown(reason: UInt32(truncatingIfNeeded: machine.load(second, width: 4)))
    return 0
}

public func read_time_stamp() -> UInt64 { MonotonicTime.now.nanoseconds }

// MARK: Places, as Boot.S lays them out; here they are numbers

public func image_start() -> UInt64 { 0x10_0000 }
public func image_end() -> UInt64 { 0x18_0000 }
public func test_buffer_start() -> UInt64 { 0x14_0000 }
public func scripts_start() -> UInt64 { 0x15_0000 }
public func idt_start() -> UInt64 { 0x16_0000 }
public func idt_pointer_start() -> UInt64 { 0x16_1000 }
public func interrupt_stubs_start() -> UInt64 { 0x16_2000 }
public func interrupt_counts_start() -> UInt64 { 0x16_3000 }
public func interrupt_acknowledgements_start() -> UInt64 { 0x16_4000 }
public func vcpu_starting() -> UInt64 { 0x16_5000 }
public func hypercall_page_start() -> UInt64 { 0x16_6000 }
public func trampoline_start() -> UInt64 { 0x16_7000 }
public func trampoline_stop() -> UInt64 { 0x16_7010 }
public func hypercall_argument_start() -> UInt64 { 0x16_8000 }
/// Whoever starts the guest puts it there; nothing there is no start info.
public func start_info() -> UInt64 { 0x16_9000 }
public func variable_buffer_start() -> UInt64 { 0x20_0000 }
public func scratch_start() -> UInt64 { 0x21_0000 }
/// The files themselves come behind it.
public func fixture_table_start() -> UInt64 { 0x24_0000 }
