// The words that the guest and its driver exchange (table in Guests/README.md). Constants only: a host test may
// compile this file too.

/// Limits and ports of the command protocol.
public enum Protocol {
    /// Told by `hello`; grows when a command changes its meaning.
    public static let version: UInt32 = 2
    /// vCPU n reads commands from port 0x510 + 0x10 n (4 bytes at a time).
    public static let commandPort: UInt32 = 0x510
    /// vCPU n writes answers to port 0x514 + 0x10 n (4 bytes at a time).
    public static let answerPort: UInt32 = 0x514
    /// vCPU n tells of failed expectations by port 0x518 + 0x10 n: five 4-byte words each.
    public static let reportPort: UInt32 = 0x518
    /// From one vCPU's ports to the next vCPU's.
    public static let portStride: UInt32 = 0x10
    /// vCPUs with a stack of their own (`VCPUS_MAX` in Boot.S).
    public static let vcpusMax: UInt32 = 4
    /// Bytes of the guest's test buffer: four pages, so that a string can cross a page boundary.
    public static let bufferBytes: UInt32 = 4 * 4096
    /// Elements of one string command over MMIO or a port; bounded by the buffer anyway.
    public static let elementsMax: UInt32 = 4096
    /// Rounds of one `repeat` command, of one wait, and of a script.
    public static let roundsMax: UInt32 = 1 << 28
    /// Polls for one message of `repeatMessage`, about two seconds under TCG.
    public static let messageTriesMax: UInt32 = 5_000_000
    /// Words of a script: what one page holds.
    public static let scriptWordsMax: UInt32 = 1024
    /// Failed expectations that one script reports; all are counted.
    public static let reportsMax: UInt32 = 32
}

/// First word of a command.
public enum Opcode: UInt32 {
    case hello = 0x01
    case portIn = 0x10, portOut = 0x11, stringIn = 0x12, stringOut = 0x13
    case load = 0x20, store = 0x21, moveIn = 0x22, moveOut = 0x23
    case peek = 0x30, poke = 0x31, fill = 0x32
    case pciRead = 0x40, pciWrite = 0x41
    case armVector = 0x50, vectorCount = 0x51, awaitVector = 0x52, acknowledge = 0x53
    case startVCPU = 0x60
    case shutdown = 0x70, spin = 0x71
    case repeatIn = 0x80, repeatOut = 0x81, repeatLoad = 0x82, repeatStore = 0x83
    case repeatMessage = 0x84
    case script = 0x90, expectValue = 0x91, expectOnes = 0x92, expectWords = 0x93
}

/// First word of an answer; result words follow only after `ok`.
public enum Status: UInt32, Error {
    case ok = 0
    case unknownOpcode = 1
    /// Not 1, 2, 4 (or 8, for memory).
    case badWidth = 2
    /// Outside the buffer, beyond 4 GiB, or over the guest's own code and data.
    case outOfBounds = 3
    /// A count beyond the limit of its command, or 0.
    case badCount = 4
    /// A port above 0xffff, a vector above 255, a vCPU number that can't be started, a flag above 1.
    case badArgument = 5
    /// CPUID shows no Xen.
    case noHypervisor = 6
    /// The other vCPU did not come up, or a message did not arrive, in time.
    case timedOut = 7
    /// A script that is too long, ends within a command, or has one that scripts may not have; an expectation outside
    /// of a script.
    case badScript = 8
}
