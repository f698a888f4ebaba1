// Takes the kernel proper out of a bzImage: Xen would need three seconds under emulation to do so at each boot.
// Offsets: the kernel's Documentation/arch/x86/boot.rst. Not a loader.
import Foundation

/// Where a bzImage keeps its compressed kernel.
struct KernelImage: Equatable {
    /// Bytes of the file that are the compressed kernel.
    var payload: Range<Int>

    /// Reads the boot protocol's header; nil when it is not a bzImage of protocol 2.08 or later.
    init?(_ image: Data) {
        func number(_ offset: Int, _ bytes: Int) -> Int? {
            guard offset + bytes <= image.count else { return nil }
            let start = image.startIndex + offset
            return image[start..<start + bytes].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard number(0x202, 4) == 0x5372_6448, let version = number(0x206, 2), version >= 0x208,
            let setupSectors = number(0x1f1, 1), let offset = number(0x248, 4), let length = number(0x24c, 4)
        else { return nil }
        // "If the field is 0, the real value is 4"; the setup code follows the boot sector.
        let start = ((setupSectors == 0 ? 4 : setupSectors) + 1) * 512 + offset
        // The last four bytes are the unpacked size, which xz does not know.
        guard length > 4, start + length <= image.count else { return nil }
        payload = start..<start + length - 4
    }

    /// Writes the unpacked kernel of `image` to `elf`, or the image as it is when it is not packed by xz.
    static func unpack(_ image: URL, to elf: URL, interruption: Interruption) throws(LabError) {
        let bytes: Data
        do { bytes = try Data(contentsOf: image, options: .mappedIfSafe) } catch {
            throw .file(error, "read \(image.path)")
        }
        if let header = KernelImage(bytes) {
            let packed = elf.appendingPathExtension("xz")
            defer { packed.remove() }
            try FileHandle.creating(packed).writeAll(bytes.subdata(in: header.payload))
            let result = try ChildProcess.run(
                ["xz", "-dc"], input: .reading(packed), output: .creating(elf), interruption: interruption)
            if result.errors.contains("No space left") { throw .diskFull() }
            if result.status == 0 { return }
        }
        try FileHandle.creating(elf).writeAll(bytes)  // Xen unpacks it, at the cost of its time
    }
}
