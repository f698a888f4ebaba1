// The first packets of a connection: who calls, and what it gets to call with.

public import XenABI

/// Who a process wants to be: the first packet it sends.
public struct Hello: WireBody {
    /// What the calling domain may do to others. Open.
    public struct Privilege: RawRepresentable, Hashable, Sendable {
        public var rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A control domain.
        public static let control = Privilege(rawValue: 0)
        /// The device-model domain of `target`.
        public static let deviceModel = Privilege(rawValue: 1)
        /// An ordinary guest.
        public static let none = Privilege(rawValue: 2)
    }

    /// The calling domain.
    public var caller: DomainID
    /// What it may do.
    public var privilege: Privilege
    /// Whose device-model domain it is.
    public var target: DomainID
    /// Whether the nodes are to be opened; without, the connection is for the control of the sandbox alone.
    public var opensNodes: Bool

    /// Dom0, unless told otherwise.
    public init(
        caller: DomainID = DomainID(0), privilege: Privilege = .control, target: DomainID = DomainID(0),
        opensNodes: Bool = true
    ) {
        self.caller = caller
        self.privilege = privilege
        self.target = target
        self.opensNodes = opensNodes
    }

    public init(from reader: inout WireReader) throws(WireError) {
        caller = DomainID(try reader.u16())
        target = DomainID(try reader.u16())
        privilege = Privilege(rawValue: try reader.u8())
        let start = reader.offset
        let flags = try reader.u8()
        if flags > 1 { throw WireError("unknown flags", at: start) }
        opensNodes = flags == 1
        try reader.pad(2)
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(caller.rawValue)
        writer.put(target.rawValue)
        writer.put(privilege.rawValue)
        writer.put(UInt8(opensNodes ? 1 : 0))
        writer.pad(2)
    }
}

/// The answer to `Hello`. With nodes, three descriptors come with it: the memory file of the event rings, an epoll
/// instance that tells of the sandbox' bell, the eventfd that wakes the sandbox.
public struct Welcome: WireBody {
    /// What the epoll instance answers when the bell has rung, each time once. The process may add what else it waits
    /// for, under other tokens.
    public static var bellToken: UInt64 { 0 }

    /// Bytes of the memory file; 0 without nodes.
    public var eventByteCount: UInt32
    /// The sandbox's process.
    public var processID: UInt32
    /// The Xen that it models, for people: `4.17`.
    public var release: String

    /// A welcome.
    public init(eventByteCount: UInt32, processID: UInt32, release: String) {
        self.eventByteCount = eventByteCount
        self.processID = processID
        self.release = release
    }

    public init(from reader: inout WireReader) throws(WireError) {
        eventByteCount = try reader.u32()
        processID = try reader.u32()
        release = try reader.text()
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(eventByteCount)
        writer.put(processID)
        writer.put(release)
    }

    /// Byte by byte, which brings no Unicode tables into Embedded Swift.
    public static func == (left: Welcome, right: Welcome) -> Bool {
        left.eventByteCount == right.eventByteCount && left.processID == right.processID
            && left.release.utf8.elementsEqual(right.release.utf8)
    }
}
