// Port accesses by width, PCI configuration cycles and the debug console. Which port: the caller's business.
import Machine

enum PortIO {
    static func read(_ port: UInt32, _ width: Width) -> UInt32 {
        switch width {
        case .one: in8(port)
        case .two: in16(port)
        case .four, .eight: in32(port)  // eight: refused by Arguments.portWidth
        }
    }

    static func write(_ port: UInt32, _ width: Width, _ value: UInt32) {
        switch width {
        case .one: out8(port, value)
        case .two: out16(port, value)
        case .four, .eight: out32(port, value)
        }
    }

    static func read(_ port: UInt32, into span: Span) {
        in_string(port, span.width.rawValue, Buffer.address(span.offset), UInt64(span.count), span.down ? 1 : 0)
    }

    static func write(_ port: UInt32, from span: Span) {
        out_string(port, span.width.rawValue, Buffer.address(span.offset), UInt64(span.count), span.down ? 1 : 0)
    }
}

/// Configuration mechanism 1: the address goes to 0xcf8, data through 0xcfc..0xcff.
enum PCIConfiguration {
    static func select(_ address: UInt32) { out32(0xcf8, address) }
}

/// Xen's debug console: each byte goes to the hypervisor's log.
enum Console {
    static func print(_ text: StaticString) {
        text.withUTF8Buffer { bytes in
            // SAFETY: the index is inside the buffer, which holds the literal's bytes for the length of the closure.
            for index in 0..<bytes.count { out8(0xe9, UInt32(unsafe bytes[index])) }
        }
    }
}
