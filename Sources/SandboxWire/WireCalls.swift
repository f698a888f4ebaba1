// Device-model operations and hypercalls as packets. dmop.md sections 9.1 and 9.2.

public import XenABI

/// A buffer of a device-model operation, as its process has it.
public struct CallBuffer: Equatable, Sendable {
    /// Where it lies in the process; the kernel looks at no more than whether it could be there.
    public var address: UInt64
    /// Its size as the process claims it.
    public var byteCount: UInt64
    /// Bytes that can be read there, from the address on: what is sent.
    public var bytes: [UInt8]
    /// Whether they can be written, too.
    public var isWritable: Bool

    /// A buffer.
    public init(address: UInt64, byteCount: UInt64, bytes: [UInt8], isWritable: Bool = true) {
        self.address = address
        self.byteCount = byteCount
        self.bytes = bytes
        self.isWritable = isWritable
    }
}

/// A device-model operation.
public struct DeviceModelCall: WireBody {
    /// The domain.
    public var domain: DomainID
    /// Buffers, as the process says.
    public var count: UInt16
    /// The buffers; fewer than `count`: their descriptors can't be read.
    public var buffers: [CallBuffer]

    /// An operation; `count` nil: as many buffers as there are.
    public init(_ domain: DomainID, _ buffers: [CallBuffer], count: UInt16? = nil) {
        self.domain = domain
        self.count = count ?? UInt16(clamping: buffers.count)
        self.buffers = buffers
    }

    public init(from reader: inout WireReader) throws(WireError) {
        domain = DomainID(try reader.u16())
        count = try reader.u16()
        buffers = try [CallBuffer](from: &reader)
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(domain.rawValue)
        writer.put(count)
        buffers.encode(into: &writer)
    }
}

/// What an operation has left in its buffers: for each that it has written to, its number and its bytes. Comes with a
/// refusal, too: a copy may have happened before.
public struct DeviceModelAnswer: WireBody {
    /// A buffer that was written to.
    public struct Written: Equatable, Sendable {
        /// Which one.
        public var index: UInt32
        /// All its bytes.
        public var bytes: [UInt8]

        /// A buffer.
        public init(index: UInt32, bytes: [UInt8]) {
            self.index = index
            self.bytes = bytes
        }
    }

    /// The buffers.
    public var written: [Written]

    /// An answer.
    public init(_ written: [Written]) { self.written = written }

    public init(from reader: inout WireReader) throws(WireError) {
        let count = try reader.count(of: 8, max: WireLimits.buffersPerCall)
        written = []
        for _ in 0..<count {
            let index = try reader.u32()
            let size = try reader.count(of: 1, max: WireLimits.bytesPerBuffer)
            written.append(Written(index: index, bytes: try reader.bytes(size)))
        }
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(UInt32(written.count))
        for buffer in written {
            writer.put(buffer.index)
            writer.put(UInt32(buffer.bytes.count))
            writer.put(buffer.bytes)
        }
    }
}

/// A hypercall, and the memory that its arguments lead to.
public struct HypercallRequest: WireBody {
    /// Its number.
    public var number: UInt64
    /// Its arguments.
    public var arguments: InlineArray<5, UInt64>
    /// Pieces of the process' memory.
    public var memory: [CallBuffer]

    /// A hypercall.
    public init(number: UInt64, arguments: InlineArray<5, UInt64>, memory: [CallBuffer] = []) {
        self.number = number
        self.arguments = arguments
        self.memory = memory
    }

    public init(from reader: inout WireReader) throws(WireError) {
        number = try reader.u64()
        arguments = [
            try reader.u64(), try reader.u64(), try reader.u64(), try reader.u64(), try reader.u64(),
        ]
        memory = try [CallBuffer](from: &reader)
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(number)
        for index in 0..<5 { writer.put(arguments[index]) }
        memory.encode(into: &writer)
    }

    public static func == (left: HypercallRequest, right: HypercallRequest) -> Bool {
        for index in 0..<5 where left.arguments[index] != right.arguments[index] { return false }
        return left.number == right.number && left.memory == right.memory
    }
}

/// What a hypercall answers, and what it has left in memory.
public struct HypercallAnswer: WireBody {
    /// Not negative.
    public var value: UInt64
    /// The pieces that it has written to.
    public var written: DeviceModelAnswer

    /// An answer.
    public init(value: UInt64, _ written: DeviceModelAnswer) {
        self.value = value
        self.written = written
    }

    public init(from reader: inout WireReader) throws(WireError) {
        value = try reader.u64()
        written = try DeviceModelAnswer(from: &reader)
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(value)
        written.encode(into: &writer)
    }
}

extension [CallBuffer] {
    init(from reader: inout WireReader) throws(WireError) {
        self.init()
        let count = try reader.count(of: 24, max: WireLimits.buffersPerCall)
        for _ in 0..<count {
            let address = try reader.u64()
            let byteCount = try reader.u64()
            let start = reader.offset
            let flags = try reader.u32()
            if flags > 1 { throw WireError("unknown flags", at: start) }
            // What can't be read is not sent.
            let sent = try reader.count(of: 1, max: WireLimits.bytesPerBuffer)
            if UInt64(sent) > byteCount { throw WireError("more bytes than the buffer has", at: start + 4) }
            append(
                CallBuffer(
                    address: address, byteCount: byteCount, bytes: try reader.bytes(sent), isWritable: flags == 1))
        }
    }

    func encode(into writer: inout WireWriter) {
        writer.put(UInt32(count))
        for buffer in self {
            writer.put(buffer.address)
            writer.put(buffer.byteCount)
            writer.put(UInt32(buffer.isWritable ? 1 : 0))
            writer.put(UInt32(buffer.bytes.count))
            writer.put(buffer.bytes)
        }
    }
}
