// A vCPU: what it waits for, and what it is given. Not for: how an access becomes requests (Accesses/).

public import XenABI

/// Told when a vCPU that waited may go on: its kernel, its thread.
public protocol WakeSink: AnyObject {
    /// There may be something for the vCPU: an answer, an interrupt, an event.
    func woken(_ vcpu: VirtualCPU)
}

/// A virtual CPU of a domain.
public final class VirtualCPU {
    /// Its number.
    public let id: VCPUID
    unowned let domain: Domain
    /// An event that op 13 has left and the guest has not taken (dmop.md section 3.13).
    public internal(set) var pendingEvent: InjectedEvent? {
        didSet { if pendingEvent != nil { wakeSink?.woken(self) } }
    }
    /// Interrupts that messages and lines have brought to its local APIC, oldest first.
    public internal(set) var interrupts: [UInt8] = [] {
        didSet { if !interrupts.isEmpty { wakeSink?.woken(self) } }
    }
    /// Whether its local APIC takes interrupts.
    public var isAPICEnabled = true
    /// Told when it may go on. Whoever sets it takes it back.
    public var wakeSink: (any WakeSink)? {
        get { wakeSinkNow }
        set { wakeSinkNow = newValue }
    }
    /// Times that a device model has broken a rule of section 5.1 on it.
    public internal(set) var misuseCount: UInt64 = 0
    /// What it waits for.
    var wait = RequestWait()
    /// The access that it is doing.
    var cursor = AccessCursor.nothing
    /// Whether it is doing one.
    public internal(set) var isBusy: Bool {
        get { isBusyNow }
        set { isBusyNow = newValue }
    }
    /// The logical id of its local APIC, as the guest has set it, in the flat model; 0 takes no logical interrupts.
    public var logicalID: UInt8 = 0

    // Behind computed properties, as some of the domain's are.
    private var isBusyNow = false
    private var wakeSinkNow: (any WakeSink)?

    init(_ id: VCPUID, of domain: Domain) {
        self.id = id
        self.domain = domain
    }

    /// Its local APIC's id: twice its number, as Xen makes them.
    public var apicID: UInt32 { id.rawValue * 2 }

    /// Whether a device model has to answer before it goes on.
    public var isWaitingForAnswer: Bool { wait.servers != 0 }

    /// Whether there is a reason to look again: it has been notified, or what it waited for is settled.
    public var isWoken: Bool { wait.isWoken }
}

/// What a vCPU waits for: the answers of one server, or of several to a broadcast.
struct RequestWait {
    /// A bit for each server that has to answer.
    var servers: UInt8 = 0
    /// A bit for each server whose slot was seen INPROCESS.
    var inProcess: UInt8 = 0
    /// A notification has come since it last looked.
    var isWoken = false
    /// Nobody answers: the server is gone. dmop.md 15.2.
    var isAbandoned = false
    /// What the answer gives.
    var data: UInt64 = 0
    /// What was asked.
    var request = IOREQ(address: 0, size: 1, isRead: false, type: .copy)
    /// The part of the access that was asked; nil for a broadcast.
    var piece: AccessPiece?
}

/// What op 13 gives a vCPU.
public struct InjectedEvent: Hashable, Sendable {
    /// The kind.
    public var type: EventType
    /// The vector.
    public var vector: UInt8
    /// The error code; all ones: none.
    public var errorCode: UInt32
    /// CR2 of a page fault, pending debug bits of a debug exception.
    public var extra: UInt64
}
