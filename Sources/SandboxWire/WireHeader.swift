// What every packet begins with, the kinds of packets, and how large things may be.
// Not for: their bodies, each family of which has a file.

public import XenABI

/// How large things may be, with the reasons.
public enum WireLimits {
    /// Bytes in a packet: 8192 frames of 8 bytes, or as many pieces of 16, and some.
    public static var packetByteCount: Int { 160 * 1024 }
    /// Frames that one packet asks for; who needs more asks in parts.
    public static var framesPerPacket: Int { 8192 }
    /// Files that one answer refers to: descriptors that a packet carries.
    public static var filesPerPacket: Int { 16 }
    /// Buffers of a device-model operation: one more than Linux takes, so that its E2BIG can be had (dmop.md 9.1).
    public static var buffersPerCall: Int { 17 }
    /// Bytes that are sent of a buffer; a larger one is refused by its size alone.
    public static var bytesPerBuffer: Int { 4096 }
    /// Ports that a connection may have bound at a time: less than half of a ring, so that none overflows.
    public static var portsPerConnection: Int { 1000 }
    /// Bytes of text in one packet; longer ones come in parts.
    public static var textByteCount: Int { 128 * 1024 }
    /// Milliseconds without a word after which a process gives a sandbox up. Work that takes longer says that it goes
    /// on: an answer with `more` and nothing in it.
    public static var answerMilliseconds: Int32 { 30_000 }
    /// Domains that one answer lists.
    public static var domainsPerPacket: Int { 2048 }
}

/// What a packet is. Open: an unknown number survives until somebody has to act on it.
public struct WireKind: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    private init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// The first packet of a connection: `Hello`; answered by `Welcome`.
    public static let hello = WireKind(1)
    /// The last packet that the sandbox sends on a connection: why it closes it (a text).
    public static let closing = WireKind(2)

    /// `DeviceModelCall`; answered by `DeviceModelAnswer`.
    public static let dmOp = WireKind(16)
    /// `DomainArgument`: privcmd's restriction.
    public static let restrict = WireKind(17)
    /// `FrameMapping`; answered by `MappedPieces`.
    public static let mapFrames = WireKind(18)
    /// `ResourceMapping`; answered by `MappedPieces`.
    public static let mapResource = WireKind(19)
    /// `ResourceMapping` without a count; answered by `NumberAnswer`.
    public static let resourceSize = WireKind(20)
    /// `NumberArgument`: a mapping, by its number, is gone. Not answered.
    public static let unmapped = WireKind(21)
    /// `HypercallRequest`; answered by `HypercallAnswer`.
    public static let hypercall = WireKind(22)

    /// `BindInterdomain`; answered by `NumberAnswer`, as the next two are.
    public static let bindInterdomain = WireKind(32)
    /// `NumberArgument`: a domain.
    public static let bindUnbound = WireKind(33)
    /// `NumberArgument`: a virtual interrupt.
    public static let bindVIRQ = WireKind(34)
    /// `NumberArgument`: a port, as the next two are.
    public static let unbind = WireKind(35)
    /// When the ring is full.
    public static let notify = WireKind(36)
    /// When the ring is full.
    public static let unmask = WireKind(37)
    /// No body.
    public static let resetEvents = WireKind(38)
    /// `DomainArgument`.
    public static let restrictEvents = WireKind(39)

    /// No body; answered by a text, as all that say nothing else are.
    public static let status = WireKind(64)
    /// No body.
    public static let stop = WireKind(65)
    /// `DomainRequest`; answered by `NumberAnswer`.
    public static let createDomain = WireKind(66)
    /// No body; answered by `DomainList`.
    public static let listDomains = WireKind(67)
    /// `DomainArgument`; answered by nothing but the result.
    public static let destroyDomain = WireKind(68)
    /// `TextRequest`: a guest's program for a domain. Answered when it is over.
    public static let runScript = WireKind(69)
    /// `TextRequest`: an access of a domain's.
    public static let explain = WireKind(70)
    /// `DomainArgument`: what a domain has done so far.
    public static let trace = WireKind(71)
}

/// The first 16 bytes of every packet.
public struct WireHeader: Equatable, Sendable {
    /// "CSB" and the version of this protocol, 1.
    public static var magic: UInt32 { 0x0142_5343 }
    /// Bytes.
    public static var byteCount: Int { 16 }

    /// What the packet is; an answer has the kind of its question.
    public var kind: WireKind
    /// 1: an answer. 2: not the last part of it.
    public var flags: UInt16
    /// Of the question; chosen by who asks, and the same in the answer.
    public var sequence: UInt32

    /// An answer.
    public static var answer: UInt16 { 1 }
    /// Not the last part of an answer.
    public static var more: UInt16 { 2 }

    /// A header.
    public init(_ kind: WireKind, flags: UInt16 = 0, sequence: UInt32) {
        self.kind = kind
        self.flags = flags
        self.sequence = sequence
    }

    /// Reads the header of a packet of which all bytes are there.
    public init(from reader: inout WireReader) throws(WireError) {
        let total = reader.remaining
        let start = reader.offset
        if try reader.u32() != Self.magic { throw WireError("no packet of this protocol's version", at: start) }
        kind = WireKind(rawValue: try reader.u16())
        flags = try reader.u16()
        sequence = try reader.u32()
        if Int(try reader.u32()) != total { throw WireError("a size that is not the packet's", at: start + 12) }
    }

    /// Writes the header; `seal` completes it when the body is written.
    public func begin(_ writer: inout WireWriter) {
        writer.begin()
        writer.put(Self.magic)
        writer.put(kind.rawValue)
        writer.put(flags)
        writer.put(sequence)
        writer.put(UInt32(0))
    }

    /// Writes the packet's size into its header.
    public static func seal(_ writer: inout WireWriter) {
        writer.replace(UInt32(writer.bytes.count), at: 12)
    }
}

/// How a call ended: the first 8 bytes of each answer's body.
public struct WireResult: Equatable, Sendable {
    /// Who refused. Open.
    public struct Origin: RawRepresentable, Hashable, Sendable {
        public var rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Nobody.
        public static let none = Origin(rawValue: 0)
        /// The kernel's drivers, before Xen was asked.
        public static let kernel = Origin(rawValue: 1)
        /// Xen.
        public static let xen = Origin(rawValue: 2)
        /// The sandbox itself, which no real platform would: a limit, an unknown request.
        public static let sandbox = Origin(rawValue: 3)
    }

    /// The errno; 0: it worked, and the rest of the body is there.
    public var code: XenErrorCode
    /// Who refused.
    public var origin: Origin

    /// A result.
    public init(_ code: XenErrorCode, _ origin: Origin) {
        self.code = code
        self.origin = origin
    }

    /// It worked.
    public static var success: WireResult { WireResult(XenErrorCode(0), .none) }
    /// Whether it worked.
    public var isSuccess: Bool { code.rawValue == 0 }

    /// Reads a result.
    public init(from reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        let number = try reader.u32()
        if number > 4095 { throw WireError("no errno", at: start) }
        code = XenErrorCode(Int32(number))
        origin = Origin(rawValue: try reader.u8())
        try reader.pad(3)
    }

    /// Writes it.
    public func encode(into writer: inout WireWriter) {
        writer.put(UInt32(bitPattern: code.rawValue))
        writer.put(origin.rawValue)
        writer.pad(3)
    }
}

/// The body of a packet.
public protocol WireBody: Equatable, Sendable {
    /// Reads the body, and no more than it. Throws when the bytes can't be one.
    init(from reader: inout WireReader) throws(WireError)
    /// Writes the body.
    func encode(into writer: inout WireWriter)
}

extension WireBody {
    /// Reads a body that must be all that is left.
    public init(whole reader: WireReader) throws(WireError) {
        var reader = reader
        try self.init(from: &reader)
        try reader.finish()
    }
}
