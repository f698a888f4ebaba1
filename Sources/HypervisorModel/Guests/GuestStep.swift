// One step of a guest's program. Its text form: GuestProgram.

public import XenABI

/// What a vCPU does next.
public enum GuestStep: Hashable, Sendable {
    /// One access, and what a read shall give; nil: anything.
    case access(GuestAccess, expect: UInt64?)
    /// `rep movs`; which side is a device, the memory map says.
    case move(from: UInt64, to: UInt64, AccessSize, count: UInt32, descending: Bool)
    /// A read of a register in PCI configuration space: 0xcf8, then 0xcfc.
    case readPCI(PCIAddress, register: UInt32, AccessSize, expect: UInt64?)
    /// A write of a register in PCI configuration space.
    case writePCI(PCIAddress, register: UInt32, AccessSize, UInt64)
    /// Bytes into RAM.
    case write(UInt64, [UInt8])
    /// The same byte into RAM, again and again.
    case fill(UInt64, count: UInt32, UInt8)
    /// What shall be in RAM.
    case expectMemory(UInt64, [UInt8])
    /// Waits until an MSI or a line has brought this interrupt, takes it and ends it.
    case waitInterrupt(UInt8)
    /// Waits for an event of op 13, of this vector or any.
    case waitEvent(UInt8?)
    /// The local APIC takes interrupts, or not.
    case apic(isOn: Bool)
    /// Sets the clock forward or back, in seconds: a broadcast.
    case setClock(Int64)
    /// Has device models drop their mappings: a broadcast.
    case invalidate
    /// Gives frames of RAM back, then `invalidate`.
    case balloon(UInt64, count: UInt64)
    /// From here on faults are taken: the step is over. Without handlers a fault ends the domain.
    case handleFaults
    /// Shuts the domain down.
    case shutdown(ShutdownReason)
    /// A line in the trace.
    case note(String)
    /// Does the steps up to its `end` so many times.
    case repeated(UInt32)
    /// The end of a `repeated`.
    case end
}

/// What vCPUs do, each its steps. A script of it, one step a line:
///
///     # a comment
///     vcpu 1                                  the lines that follow are vCPU 1's; at first vCPU 0's
///     in 0x100 4 expect 0x11                  port, bytes; `expect` where it matters
///     out 0x100 4 0xdeadbeef
///     load 0xf0000000 4 expect 5              guest-physical address, bytes
///     store 0xf0000010 4 5
///     rep ins 0x200 4 count 16 to 0x8000      at most 4,096; `down` at the end: addresses go down
///     rep outs 0x200 4 count 16 from 0x8000
///     rep movs 0x8000 4 count 16 from 0xf0000000
///     pci read 00:04.0 0x10 4 expect 0x11     function, register, bytes
///     pci write 00:04.0 0x10 4 0xfe000000
///     write 0x8000 01 02 03                   bytes into RAM
///     fill 0x8000 16 0xaa
///     expect memory 0x8000 01 02 03
///     wait interrupt 0x40
///     wait event                              or `wait event 0x0e`
///     apic off                                or `apic on`
///     clock -3600
///     invalidate
///     balloon 0x80 16                         first frame, frames
///     handle faults
///     repeat 100
///     end
///     note TEXT
///     shutdown 0                              a reason: 0 to 255
public struct GuestProgram: Hashable, Sendable {
    /// The steps of each vCPU, by its number.
    public var steps: [[GuestStep]]

    /// A program of these steps.
    public init(_ steps: [[GuestStep]]) { self.steps = steps }

    /// A program for vCPU 0.
    public init(_ steps: GuestStep...) { self.steps = [steps] }
}

extension GuestStep {
    /// Bytes of a `fill` that are written before others have their turn.
    static let bytesAtOnce: UInt32 = 4096
    /// Elements of a string at most: it is done in one piece where no device model is asked.
    static let elementsMax: UInt64 = 4096
    /// Elements or bytes that take about as long as a step.
    private static let elementsPerStep = 16

    /// How many more steps it counts for than one.
    var weight: Int {
        switch self {
        case .access(let access, _): access.memoryAddress == nil ? 0 : Int(access.count) / Self.elementsPerStep
        case .move(_, _, _, let count, _): Int(count) / Self.elementsPerStep
        case .write(_, let bytes), .expectMemory(_, let bytes): bytes.count / Self.elementsPerStep
        case .fill(_, let count, _): Int(min(count, Self.bytesAtOnce)) / Self.elementsPerStep
        default: 0
        }
    }
}
