// What the kernel says of the server: its processor time, memory and descriptors.
// Not for: what the server says of itself (CONTROL).

internal import SystemCalls

/// A process, by its number.
struct ServerProcess {
    let number: Int

    private func numbers(_ file: String) -> [UInt64] {
        guard let file = try? OwnedDescriptor.open(path: "/proc/\(number)/\(file)", .read) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 1024)
        var span = bytes.mutableSpan
        guard let count = try? file.read(into: &span) else { return [] }
        let text = bytes[..<count]
        // Behind the program's name, which may hold anything.
        let start = text.lastIndex(of: UInt8(ascii: ")")).map { $0 + 1 } ?? 0
        return text[start...].split { $0 == 32 || $0 == 10 }.map { UInt64(String(decoding: $0, as: UTF8.self)) ?? 0 }
    }

    /// Nanoseconds that its first thread has had a processor; of /proc/PID/stat (in ticks of 10 ms) where the finer
    /// file is not there.
    var processorNanoseconds: UInt64 {
        if let precise = numbers("schedstat").first, precise > 0 { return precise }
        let fields = numbers("stat")
        return fields.count > 12 ? (fields[11] + fields[12]) * 10_000_000 : 0
    }

    /// Memory in use.
    var residentKiB: Int {
        let fields = numbers("statm")
        return fields.count > 1 ? Int(fields[1]) * 4 : 0
    }

    /// Open descriptors.
    var descriptorCount: Int { (try? directoryNames(path: "/proc/\(number)/fd", countMax: 1 << 20).count) ?? 0 }

    /// Whether it is still there.
    var isAlive: Bool { !numbers("statm").isEmpty && numbers("statm").first != 0 }
}
