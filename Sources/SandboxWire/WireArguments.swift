// Arguments and answers of one number, which many packets have.

public import XenABI

/// One domain.
public struct DomainArgument: WireBody {
    /// The domain.
    public var domain: DomainID

    /// An argument.
    public init(_ domain: DomainID) { self.domain = domain }

    public init(from reader: inout WireReader) throws(WireError) { domain = DomainID(try reader.u16()) }

    public func encode(into writer: inout WireWriter) { writer.put(domain.rawValue) }
}

/// One number: a port, a domain as drivers take them, a virtual interrupt, a mapping.
public struct NumberArgument: WireBody {
    /// The number.
    public var number: UInt32

    /// An argument.
    public init(_ number: UInt32) { self.number = number }

    public init(from reader: inout WireReader) throws(WireError) { number = try reader.u32() }

    public func encode(into writer: inout WireWriter) { writer.put(number) }
}

/// An answer of one number.
public struct NumberAnswer: WireBody {
    /// The number.
    public var number: UInt64

    /// An answer.
    public init(_ number: UInt64) { self.number = number }

    public init(from reader: inout WireReader) throws(WireError) { number = try reader.u64() }

    public func encode(into writer: inout WireWriter) { writer.put(number) }
}

/// A port of another domain's to bind to.
public struct BindInterdomain: WireBody {
    /// The domain, as the driver takes it.
    public var domain: UInt32
    /// Its port.
    public var port: UInt32

    /// An argument.
    public init(domain: UInt32, port: UInt32) {
        self.domain = domain
        self.port = port
    }

    public init(from reader: inout WireReader) throws(WireError) {
        domain = try reader.u32()
        port = try reader.u32()
    }

    public func encode(into writer: inout WireWriter) {
        writer.put(domain)
        writer.put(port)
    }
}

/// No body at all.
public struct NoBody: WireBody {
    /// Nothing.
    public init() {}

    public init(from reader: inout WireReader) throws(WireError) {}

    public func encode(into writer: inout WireWriter) {}
}
