// Real Xen as what rows run on: the bare nodes of /dev/xen by plain system calls, memory of this process.
// Not for: guests (XenHost+Guests); the library, which no row goes through.

public import HypervisorModel
internal import SystemCalls
internal import XenABI

/// The host of `--hypervisor xen`: the Xen that we run on.
public final class XenHost {
    /// What it says it is, unless told otherwise.
    public let release: Release
    /// The program that makes domains; nil: there is none.
    let domains: DomainsProgram?
    private var nodes: [NodeHandle: OpenNode] = [:]
    /// Memory and mappings by where they begin.
    private var regions: [UInt64: Region] = [:]
    var guest: XenGuest?

    private final class OpenNode {
        let descriptor: OwnedDescriptor
        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    private final class Region {
        let memory: MappedMemory
        init(_ memory: consuming MappedMemory) { self.memory = memory }
    }

    /// A host whose release is `release`, or what /sys/hypervisor says.
    public init(release: Release? = nil, domains: DomainsProgram? = nil) throws(HostError) {
        do throws(SystemError) {
            try OwnedDescriptor.open(path: "/dev/xen/privcmd", .readWrite).close()
        } catch {
            let advice = "it needs root in dom0 of a Xen; --hypervisor model runs on the model"
            throw .broken("/dev/xen/privcmd: \(error.description); \(advice)")
        }
        guard let found = release ?? Self.foundRelease() else {
            throw .broken("/sys/hypervisor does not say which Xen this is; say it by --release")
        }
        self.release = found
        self.domains = domains
    }

    /// The release of the model that real Xen's version comes nearest to. dmop.md section 14.
    static func foundRelease() -> Release? {
        guard number(in: "major") == 4, let minor = number(in: "minor") else { return nil }
        let versions: [(Int, Release.Version)] = [
            (22, .v4_22), (21, .v4_21), (20, .v4_20), (18, .v4_18), (17, .v4_17), (15, .v4_15), (14, .v4_14),
            (11, .v4_11),
        ]
        guard let version = versions.first(where: { minor >= $0.0 })?.1 else { return nil }
        // XSA-506 is fixed in 4.17.7, and in the 4.20.4 that Debian has. Of others --release says it.
        let fixedSince = [17: 7, 20: 4]
        let isFixed = fixedSince[minor].map { (number(in: "extra") ?? 0) >= $0 } ?? (minor >= 23)
        return Release(version, hasXSA506: isFixed)
    }

    /// The first number in a file of /sys/hypervisor/version.
    private static func number(in name: String) -> Int? {
        let path = "/sys/hypervisor/version/" + name
        guard let file = try? OwnedDescriptor.open(path: path, .read) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        var span = bytes.mutableSpan
        guard let count = try? file.read(into: &span) else { return nil }
        let digits = bytes.prefix(count).drop { !(48...57).contains($0) }.prefix { (48...57).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}

extension XenHost: ConformanceHost {
    /// `xen`.
    public var name: String { "xen" }
    /// It is.
    public var isRealXen: Bool { true }

    /// The nodes are there, or opening them says why not; domains need the program.
    public func lacks(_ ability: Ability) -> String? {
        switch ability {
        case .bareNodes: nil
        case .grants: nil
        case .domains, .logDirty, .parameters, .pausing:
            domains == nil ? "corbel-domains is not there (--domains)" : nil
        case .exceptionVIRQ: isExceptionVIRQFree ? nil : "VIRQ 3 is held, by xenstored for one"
        case .otherCallers: "all callers are dom0's"
        }
    }

    /// Whether it can be bound, which the end of the file undoes. What else may be wrong is a row's business.
    private var isExceptionVIRQFree: Bool {
        guard let node = try? OwnedDescriptor.open(path: "/dev/xen/evtchn", .readWrite) else { return true }
        var argument = EventChannelArgument(value: VIRQ.domainException.rawValue).encodedBytes
        do throws(SystemError) {
            var span = argument.mutableSpan
            _ = try node.control(EventChannelCall.bindVIRQ, &span)
            return true
        } catch {
            return XenErrorCode(error.code) != .eexist
        }
    }

    // MARK: Nodes

    /// Opens a node.
    public func open(_ node: NodeKind, by caller: NodeCaller) throws(HostError) -> NodeHandle {
        guard caller == .dom0 else { throw .unavailable("all callers are dom0's") }
        do throws(SystemError) {
            let path = "/dev/xen/" + node.rawValue
            let opened = OpenNode(try OwnedDescriptor.open(path: path, .readWrite, .nonBlocking))
            let handle = NodeHandle(opened.descriptor.rawValue)
            nodes[handle] = opened
            return handle
        } catch {
            throw .broken("/dev/xen/\(node.rawValue): \(error)")
        }
    }

    /// Closes a node.
    public func close(_ node: NodeHandle) { nodes.removeValue(forKey: node) }

    private func find(_ node: NodeHandle) throws(HostError) -> OpenNode {
        guard let found = nodes[node] else { throw .broken("no node \(node.number)") }
        return found
    }

    /// ioctl.
    public func control(_ node: NodeHandle, _ request: UInt32, _ argument: UInt64) throws(HostError) -> Answer {
        let node = try find(node)
        return Self.answer { () throws(SystemError) in
            let value = try node.descriptor.control(request, value: UInt(argument))
            return UInt64(UInt32(bitPattern: value))
        }
    }

    private static func answer(_ call: () throws(SystemError) -> UInt64) -> Answer {
        do throws(SystemError) {
            return .value(try call())
        } catch {
            return .error(XenErrorCode(error.code))
        }
    }

    /// mmap.
    public func map(
        _ node: NodeHandle, pageCount: Int, offset: UInt64, isShared: Bool
    ) throws(HostError) -> Answer {
        let node = try find(node)
        return Self.answer { () throws(SystemError) in
            let region = Region(
                try MappedMemory(
                    mapping: node.descriptor, byteCount: pageCount * 4096, offset: offset, isShared: isShared))
            let address = UInt64(region.memory.address)
            regions[address] = region
            return address
        }
    }

    /// munmap.
    public func unmap(_ address: UInt64) throws(HostError) {
        guard regions.removeValue(forKey: address) != nil else {
            throw .broken("nothing is mapped at \(Value.text(address))")
        }
    }

    /// read.
    public func read(_ node: NodeHandle, into address: UInt64, byteCount: Int) throws(HostError) -> Answer {
        let node = try find(node)
        return Self.answer { () throws(SystemError) in
            UInt64(try node.descriptor.read(address: UInt(address), byteCount: byteCount))
        }
    }

    /// write.
    public func write(_ node: NodeHandle, from address: UInt64, byteCount: Int) throws(HostError) -> Answer {
        let node = try find(node)
        return Self.answer { () throws(SystemError) in
            UInt64(try node.descriptor.write(address: UInt(address), byteCount: byteCount))
        }
    }

    // MARK: Memory

    /// Locked memory, or a page that can only be read.
    public func allocate(pageCount: Int, isReadOnly: Bool) throws(HostError) -> UInt64 {
        let byteCount = pageCount * 4096
        do throws(SystemError) {
            let region: Region
            if isReadOnly {
                let file = try OwnedDescriptor.memoryFile(name: "read-only", byteCount: byteCount)
                region = Region(try MappedMemory(sharing: file, byteCount: byteCount, access: .read))
            } else {
                region = Region(try MappedMemory.locked(byteCount: byteCount))
            }
            let address = UInt64(region.memory.address)
            regions[address] = region
            return address
        } catch {
            throw .broken("memory: \(error)")
        }
    }

    private func place(_ address: UInt64, _ byteCount: Int) throws(HostError) -> (Region, Int) {
        for (base, region) in regions where address >= base && address - base < UInt64(region.memory.byteCount) {
            let offset = Int(address - base)
            if byteCount <= region.memory.byteCount - offset { return (region, offset) }
        }
        throw .broken("\(byteCount) bytes at \(Value.text(address)) are not the row's")
    }

    /// Bytes of memory, or of a mapping.
    public func load(_ address: UInt64, byteCount: Int) throws(HostError) -> [UInt8] {
        let (region, offset) = try place(address, byteCount)
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var span = bytes.mutableSpan
        region.memory.copyOut(from: offset, into: &span)
        return bytes
    }

    /// Changes bytes of memory, or of a mapping.
    public func store(_ address: UInt64, _ bytes: [UInt8]) throws(HostError) {
        let (region, offset) = try place(address, bytes.count)
        region.memory.copyIn(at: offset, from: bytes.span)
    }

    /// Sleeps.
    public func wait(milliseconds: Int) {
        MonotonicTime.now.advanced(byMilliseconds: Int32(clamping: milliseconds)).sleep()
    }
}
