// Which Xen answers, for the rows where releases differ (dmop.md section 14). Not for the library, which asks Xen for
// what it needs and never for its version.

internal import SystemCalls

/// The minor version, 17 for 4.17, as /sys/hypervisor says; on a sandbox there is none, and TEST_XEN_MINOR says.
func xenMinorVersion() -> Int? {
    if let named = environmentVariable("TEST_XEN_MINOR") { return Int(named) }
    guard let file = try? OwnedDescriptor.open(path: "/sys/hypervisor/version/minor", .read) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    var span = bytes.mutableSpan
    guard let count = try? file.read(into: &span) else { return nil }
    return Int(String(decoding: bytes.prefix(count).filter { $0 != 10 }, as: UTF8.self))
}

/// Before 4.15: no op 20, and a constant as the size of a resource, whatever the domain.
public let isBefore415 = (xenMinorVersion() ?? 0) < 15
