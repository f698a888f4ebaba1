// Loads and stores by width, the guest's image and its test buffer. MMIO and RAM are the same to it.
import Machine

enum Memory {
    static func load(_ address: UInt64, _ width: Width) -> UInt64 {
        switch width {
        case .one: load8(address)
        case .two: load16(address)
        case .four: load32(address)
        case .eight: load64(address)
        }
    }

    static func store(_ address: UInt64, _ width: Width, _ value: UInt64) {
        switch width {
        case .one: store8(address, value)
        case .two: store16(address, value)
        case .four: store32(address, value)
        case .eight: store64(address, value)
        }
    }

    /// rep movs from `address` to the buffer
    static func move(from address: UInt64, into span: Span) {
        move_string(
            Buffer.address(span.offset), address, span.width.rawValue, UInt64(span.count), span.down ? 1 : 0)
    }

    /// rep movs from the buffer to `address`
    static func move(to address: UInt64, from span: Span) {
        move_string(
            address, Buffer.address(span.offset), span.width.rawValue, UInt64(span.count), span.down ? 1 : 0)
    }
}

/// The guest's own code and data, which commands must not touch.
enum Image {
    static var start: UInt64 { image_start() }
    static var end: UInt64 { image_end() }
}

/// The part of the image that belongs to the commands.
enum Buffer {
    /// Guest-physical address of the byte at `offset`.
    static func address(_ offset: UInt32) -> UInt64 { test_buffer_start() + UInt64(offset) }

    static func contains(_ addresses: Range<UInt64>) -> Bool {
        addresses.lowerBound >= address(0) && addresses.upperBound <= address(Protocol.bufferBytes)
    }
}
