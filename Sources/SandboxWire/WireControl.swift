// The control of a sandbox as packets: domains, guests' programs, what is going on.
// Not for: device models; those have no such packets on real Xen.

public import XenABI

/// A domain to be made.
public struct DomainRequest: WireBody {
    /// PV, HVM or PVH: 0, 1, 2.
    public var kind: UInt8
    /// Hardware-assisted paging.
    public var usesHAP: Bool
    /// An Arm guest.
    public var isArm: Bool
    /// There is an IOMMU.
    public var hasIOMMU: Bool
    /// Its id; nil: the next free one.
    public var id: DomainID?
    /// vCPUs.
    public var vcpuCount: UInt32
    /// RAM in frames.
    public var frameCount: UInt64
    /// Shared peripheral interrupts (Arm).
    public var spiCount: UInt32
    /// PIRQs (HVM).
    public var pirqCount: UInt32

    /// What is not said is as of a PVH guest of one vCPU and 4 MiB.
    public init(
        kind: UInt8 = 2, id: DomainID? = nil, vcpuCount: UInt32 = 1, frameCount: UInt64 = 1024, usesHAP: Bool = true,
        isArm: Bool = false, hasIOMMU: Bool = false, spiCount: UInt32 = 64, pirqCount: UInt32 = 256
    ) {
        self.kind = kind
        self.id = id
        self.vcpuCount = vcpuCount
        self.frameCount = frameCount
        self.usesHAP = usesHAP
        self.isArm = isArm
        self.hasIOMMU = hasIOMMU
        self.spiCount = spiCount
        self.pirqCount = pirqCount
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        kind = try reader.u8()
        let flags = try reader.u8()
        if kind > 2 || flags > 15 { throw WireError("no such domain", at: start) }
        usesHAP = flags & 1 != 0
        isArm = flags & 2 != 0
        hasIOMMU = flags & 4 != 0
        let number = try reader.u16()
        id = flags & 8 != 0 ? DomainID(number) : nil
        vcpuCount = try reader.u32()
        frameCount = try reader.u64()
        spiCount = try reader.u32()
        pirqCount = try reader.u32()
    }

    public func encode(into writer: inout WireWriter) {
        let flags = (usesHAP ? 1 : 0) | (isArm ? 2 : 0) | (hasIOMMU ? 4 : 0) | (id != nil ? 8 : 0)
        writer.put(kind)
        writer.put(UInt8(flags))
        writer.put(id?.rawValue ?? 0)
        writer.put(vcpuCount)
        writer.put(frameCount)
        writer.put(spiCount)
        writer.put(pirqCount)
    }
}

/// The domains that there are.
public struct DomainList: WireBody {
    /// One of them.
    public struct Entry: Equatable, Sendable {
        /// Its id.
        public var id: DomainID
        /// PV, HVM or PVH: 0, 1, 2.
        public var kind: UInt8
        /// ioreq servers that it has.
        public var serverCount: UInt8
        /// 1: has shut down, for the reason in bits 8 to 15. 2: is being torn down.
        public var life: UInt32
        /// vCPUs.
        public var vcpuCount: UInt32
        /// RAM in frames.
        public var frameCount: UInt64

        /// An entry.
        public init(
            id: DomainID, kind: UInt8, serverCount: UInt8, life: UInt32, vcpuCount: UInt32, frameCount: UInt64
        ) {
            self.id = id
            self.kind = kind
            self.serverCount = serverCount
            self.life = life
            self.vcpuCount = vcpuCount
            self.frameCount = frameCount
        }
    }

    /// The domains, by id.
    public var entries: [Entry]

    /// A list.
    public init(_ entries: [Entry]) { self.entries = entries }

    public init(from reader: inout WireReader) throws(WireError) {
        let count = try reader.count(of: 20, max: WireLimits.domainsPerPacket)
        entries = []
        for _ in 0..<count {
            entries.append(
                Entry(
                    id: DomainID(try reader.u16()), kind: try reader.u8(), serverCount: try reader.u8(),
                    life: try reader.u32(), vcpuCount: try reader.u32(), frameCount: try reader.u64()))
        }
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(UInt32(entries.count))
        for entry in entries {
            writer.put(entry.id.rawValue)
            writer.put(entry.kind)
            writer.put(entry.serverCount)
            writer.put(entry.life)
            writer.put(entry.vcpuCount)
            writer.put(entry.frameCount)
        }
    }
}

/// A text about a domain: a guest's program, an access.
public struct TextRequest: WireBody {
    /// The domain.
    public var domain: DomainID
    /// The text.
    public var text: String

    /// A request.
    public init(_ domain: DomainID, _ text: String) {
        self.domain = domain
        self.text = text
    }

    public init(from reader: inout WireReader) throws(WireError) {
        domain = DomainID(try reader.u16())
        try reader.pad(2)
        text = try reader.text()
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(domain.rawValue)
        writer.pad(2)
        writer.put(text)
    }

    /// Byte by byte, which brings no Unicode tables into Embedded Swift.
    public static func == (left: TextRequest, right: TextRequest) -> Bool {
        left.domain == right.domain && left.text.utf8.elementsEqual(right.text.utf8)
    }
}

/// A text, or a part of one. It comes with a refusal, too, and then says why.
public struct TextAnswer: WireBody {
    /// The text.
    public var text: String

    /// An answer.
    public init(_ text: String) { self.text = text }

    public init(from reader: inout WireReader) throws(WireError) { text = try reader.text() }

    public func encode(into writer: inout WireWriter) { writer.put(text) }

    /// Byte by byte, which brings no Unicode tables into Embedded Swift.
    public static func == (left: TextAnswer, right: TextAnswer) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }
}
