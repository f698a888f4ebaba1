// The variable service as firmware sees it: a buffer of 64 KiB, and a port that says where it is (varstored.md 2, 3).
import Machine

enum VariableService {
    static let commandPort: UInt32 = 0x100
    static let windowIndexPort: UInt32 = 0x104
    static let windowDataPort: UInt32 = 0x108
    static let bufferByteCount: UInt64 = 65536

    static var buffer: UInt64 { variable_buffer_start() }
    static var bufferFrame: UInt32 { UInt32(truncatingIfNeeded: buffer >> 12) }

    /// Whether somebody serves the ports: reading the index register gives 0, an unclaimed port all ones.
    static var isThere: Bool { in32(windowIndexPort) == 0 }

    /// Waits until it is, or until it is gone.
    static func wait(untilThere wanted: Bool) {
        while isThere != wanted {
            for _ in 0..<2000 { spin_pause() }
        }
    }

    /// Has it do what the buffer asks for. Comes back when the reply is there.
    static func call(frame: UInt32? = nil) {
        memory_fence()
        out32(commandPort, frame ?? bufferFrame)
        memory_fence()
    }

    static var status: VariableStatus { VariableStatus(rawValue: load64(buffer)) }
}

/// The five commands.
enum Command {
    static let get: UInt32 = 0
    static let set: UInt32 = 1
    static let next: UInt32 = 2
    static let query: UInt32 = 3
    static let notify: UInt32 = 4
}

/// Writes a request into the buffer, field after field.
struct Request {
    private(set) var end = VariableService.buffer

    init(_ command: UInt32, version: UInt32 = 1) { self = u32(version).u32(command) }

    private func advanced(_ count: UInt64) -> Request {
        var longer = self
        longer.end += count
        return longer
    }

    func u8(_ value: UInt8) -> Request {
        store8(end, UInt64(value))
        return advanced(1)
    }
    func u32(_ value: UInt32) -> Request {
        store32(end, UInt64(value))
        return advanced(4)
    }
    func u64(_ value: UInt64) -> Request {
        store64(end, value)
        return advanced(8)
    }
    func flag(_ value: Bool) -> Request { u8(value ? 1 : 0) }
    func guid(_ guid: VendorGUID) -> Request {
        guid.write(at: end)
        return advanced(16)
    }
    func name(_ name: Name) -> Request {
        let request = u64(name.byteCount)
        name.write(at: request.end)
        return request.advanced(name.byteCount)
    }
    /// Bytes without their length.
    func raw(_ bytes: Bytes) -> Request {
        bytes.write(at: end)
        return advanced(bytes.count)
    }
    func data(_ bytes: Bytes) -> Request { u64(bytes.count).raw(bytes) }

    func call() -> VariableStatus {
        VariableService.call()
        return VariableService.status
    }
}
