// The ring between Linux and the Xenstore daemon of its own domain: /proc/xen/xsd_kva and xsd_port.
// Not for: rings of other domains (GrantDevice), what is in the page.

internal import SystemCalls
public import XenABI
public import XenPlatform

/// Where the store domain's own kernel waits for the daemon. Source: xenstored.md 8.7.
public final class StoreRing {
    /// Where Linux shows it (xenfs).
    public static var standardFolder: String { "/proc/xen" }
    /// Bytes of `xsd_port` that are looked at: ten digits, a newline and one more, which is an error.
    private static var portBytesMax: Int { 12 }

    private let folder: String

    /// The ring of this kernel.
    public init(folder: String = standardFolder) { self.folder = folder }

    /// Maps its page, 4096 bytes, for reading and writing. Throws what opening or mapping answers.
    public func page() throws(XenError) -> MappedPages {
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path: folder + "/xsd_kva", .readWrite)
            let memory = try MappedMemory(sharing: file, byteCount: GuestFrame.byteCount, access: .readWrite)
            return MappedPages(memory, owner: LinuxMappings())
        } catch {
            throw XenError(error, "map xsd_kva")
        }
    }

    /// Reads the port to bind to. Throws what opening or reading answers; EINVAL: it is no port.
    public func port() throws(XenError) -> EventPort {
        var bytes = [UInt8](repeating: 0, count: Self.portBytesMax)
        let count: Int
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path: folder + "/xsd_port", .read)
            var span = bytes.mutableSpan
            count = try file.read(into: &span)
        } catch {
            throw XenError(error, "read xsd_port")
        }
        guard let port = Self.port(bytes.span.extracting(0..<count)) else { throw XenError(.einval, "read xsd_port") }
        return port
    }

    /// A port in decimal, 1 to 2^32-1, with a newline or without; nil: something else.
    private static func port(_ text: borrowing Span<UInt8>) -> EventPort? {
        let hasNewline = !text.isEmpty && text[text.count - 1] == UInt8(ascii: "\n")
        let digitCount = hasNewline ? text.count - 1 : text.count
        guard (1...10).contains(digitCount) else { return nil }
        var number: UInt64 = 0
        for index in 0..<digitCount {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + UInt64(digit)
        }
        return number >= 1 && number <= UInt64(UInt32.max) ? EventPort(UInt32(number)) : nil
    }
}
