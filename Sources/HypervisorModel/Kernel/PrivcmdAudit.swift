// The kernel's checks of /dev/xen/privcmd, in the kernel's order. It knows no operation and no domain.
// dmop.md sections 9.1 to 9.5. Not for: what Xen answers afterwards.

public import XenABI

/// What a kernel allows: its module parameters, and what depends on its version.
public struct KernelOptions: Hashable, Sendable {
    /// `dm_op_max_nr_bufs`.
    public var buffersMax = DMOPLimits.linuxBuffersMax
    /// `dm_op_buf_max_size`.
    public var bufferBytesMax = DMOPLimits.linuxBufferBytesMax
    /// In a domU: the fix of XSA-482, which opens privcmd restricted to the Xenstore's `target`, or to no domain.
    public var hasXSA482 = true
    /// Whether MMAP_RESOURCE answers sizes (Linux 5.11 and later, as far as rows need it).
    public var hasResourceSizes = true
    /// The first address that no process has.
    public var userAddressEnd: UInt64 = 0x7FFF_FFFF_F000

    /// The options of Linux 6.1.
    public init() {}
}

/// The checks of one open privcmd file: a value that remembers its restriction.
public struct PrivcmdAudit: Sendable {
    /// What the kernel allows.
    public let options: KernelOptions
    /// The only domain of this file; `invalid`: any.
    public private(set) var restriction: DomainID

    /// The checks of a file that was opened with a restriction; `invalid`: without.
    public init(_ options: KernelOptions = KernelOptions(), restriction: DomainID = .invalid) {
        self.options = options
        self.restriction = restriction
    }

    private func checkDomain(_ domain: DomainID) throws(Refusal) {
        try check(restriction == .invalid || restriction == domain, .eperm, "9.1 restricted to another domain")
    }

    /// RESTRICT. dmop.md section 9.3. `domain` nil: the argument is unreadable.
    public mutating func restrict(to domain: DomainID?) throws(Refusal) {
        guard let domain else { throw Refusal(.efault, "9.3 argument unreadable") }
        try check(restriction == .invalid || restriction == domain, .einval, "9.3 restricted to another domain")
        restriction = domain
    }

    /// DM_OP. dmop.md section 9.1. `buffers` are the descriptors; fewer than `count` of them: they can't be read.
    /// Answers false when there is nothing to call.
    public func checkDMOP(
        on domain: DomainID, count: UInt16, buffers: [CallerBuffer]
    ) throws(Refusal) -> Bool {
        try checkDomain(domain)
        if count == 0 { return false }
        try check(count <= options.buffersMax, .e2big, "9.1 more buffers than dm_op_max_nr_bufs")
        try check(buffers.count >= count, .efault, "9.1 descriptors unreadable")
        for buffer in buffers.prefix(Int(count)) {
            try check(buffer.byteCount <= options.bufferBytesMax, .e2big, "9.1 buffer above dm_op_buf_max_size")
            try check(
                buffer.byteCount >= 0 && buffer.isUserRange(below: options.userAddressEnd), .efault,
                "9.1 buffer not in user memory")
        }
        for buffer in buffers.prefix(Int(count)) {
            try check(buffer.isPinnable, .efault, "9.1 buffer can't be pinned for writing")
        }
        return true
    }

    /// DM_OP with buffers of ours, which are ordinary memory. The same verdicts as above.
    public func checkDMOP(on domain: DomainID, operationBytes: Int, dataBytes: Int) throws(Refusal) {
        try checkDomain(domain)
        try check(operationBytes <= options.bufferBytesMax, .e2big, "9.1 buffer above dm_op_buf_max_size")
        try check(dataBytes <= options.bufferBytesMax, .e2big, "9.1 buffer above dm_op_buf_max_size")
        try check(operationBytes > 0, .efault, "15.7 buffer of no bytes")
    }

    /// HYPERCALL, before its argument is read. dmop.md section 9.2.
    public func checkHypercall() throws(Refusal) {
        try check(restriction == .invalid, .eperm, "9.2 a restricted file makes no hypercalls")
    }

    /// MMAPBATCH_V2. dmop.md section 9.4.
    func checkBatch(_ request: FrameRequest) throws(Refusal) {
        try checkDomain(request.domain)
        try check(request.count > 0, .einval, "9.4 no frames")
        try check(request.frames.count >= request.count, .efault, "9.4 frame array unreadable")
        try check(request.canReport, .efault, "9.4 err array not writable")
        guard let area = request.area else { throw Refusal(.einval, "9.4 not in a mapping of this device") }
        try check(area.accepts(count: Int(request.count), at: request.firstPage), .einval, "9.4 page mapped already")
    }

    /// MMAP_RESOURCE. dmop.md section 9.5. Answers true when it asks for the size.
    func checkResource(_ request: ResourceRequest) throws(Refusal) -> Bool {
        try checkDomain(request.domain)
        let hasAddress = request.hasAddress
        try check(hasAddress == (request.count != 0), .einval, "9.5 exactly one of addr and num is 0")
        if !hasAddress {
            try check(options.hasResourceSizes, .einval, "9.5 this kernel answers no sizes")
            return true
        }
        guard let area = request.area else { throw Refusal(.einval, "9.5 not in a mapping of this device") }
        try check(
            request.count <= UInt64(area.pageCount)
                && area.accepts(count: Int(request.count), at: request.firstPage), .einval,
            "9.5 not in a mapping of this device")
        return false
    }
}

/// The fields of MMAPBATCH_V2, with the caller's addresses looked up.
public struct FrameRequest {
    /// Whose frames.
    public var domain: DomainID
    /// Frames, as the caller says.
    public var count: UInt32
    /// The frames; fewer than `count`: the array can't be read.
    public var frames: [GuestFrame]
    /// Whether the array of results can be written.
    public var canReport: Bool
    /// The mapping of the device that the address lies in; nil: it lies in none.
    public var area: PrivcmdArea?
    /// The page of the mapping at that address.
    public var firstPage: Int

    /// A request with everything in order, into `area` from its first page on.
    public init(
        _ domain: DomainID, _ frames: [GuestFrame], into area: PrivcmdArea?, at firstPage: Int = 0,
        count: UInt32? = nil, canReport: Bool = true
    ) {
        self.domain = domain
        self.count = count ?? UInt32(clamping: frames.count)
        self.frames = frames
        self.canReport = canReport
        self.area = area
        self.firstPage = firstPage
    }
}

/// The fields of MMAP_RESOURCE, with the caller's address looked up.
public struct ResourceRequest {
    /// Whose resource.
    public var domain: DomainID
    /// What kind.
    public var type: ResourceType
    /// Which one.
    public var id: UInt32
    /// The first frame.
    public var firstFrame: UInt32
    /// Frames.
    public var count: UInt64
    /// Whether there is an address, wherever it leads.
    public var hasAddress: Bool
    /// The mapping of the device that the address lies in; nil: it lies in none.
    public var area: PrivcmdArea?
    /// The page of the mapping at that address.
    public var firstPage: Int

    /// A request into `area` from its first page on; without one, and with `hasAddress` false, for the size.
    public init(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, firstFrame: UInt32, count: UInt64,
        into area: PrivcmdArea?, at firstPage: Int = 0, hasAddress: Bool? = nil
    ) {
        self.domain = domain
        self.type = type
        self.id = id
        self.firstFrame = firstFrame
        self.count = count
        self.hasAddress = hasAddress ?? (area != nil)
        self.area = area
        self.firstPage = firstPage
    }
}
