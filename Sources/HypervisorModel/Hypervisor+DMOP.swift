// `do_dm_op`: the order of checks before an operation, and what is copied back after it. dmop.md section 1.
// Not for: what an operation does (Operations/), nor the kernel's checks (PrivcmdAudit).

public import XenABI

extension Hypervisor {
    /// DM_OP. `operation` is buffer 0, `data` buffer 1; what `bufferCount` does not count is not looked at.
    public func dmOp(
        by caller: Caller, on target: DomainID, bufferCount: UInt32, _ operation: inout MutableSpan<UInt8>,
        _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) {
        var run = OperationRun(by: caller, on: target, bufferCount: bufferCount)
        while try goOn(&run, &operation, &data) { betweenRounds?(&operation) }
    }

    /// One round of a call, as Xen does before it looks whether something else is to be done; most operations have one.
    /// True: there are rounds left. Every check is made anew in each round, because a continued hypercall begins anew.
    /// dmop.md section 1.5.
    public func goOn(
        _ run: inout OperationRun, _ operation: inout MutableSpan<UInt8>, _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) -> Bool {
        let bufferCount = run.bufferCount
        try check(bufferCount > 0 || !release.hasXSA506, .enodata, "1.2 row 1: no buffer")
        try check(bufferCount <= UInt32(DMOPLimits.buffersMax), .e2big, "1.2 row 2: more than 2 buffers")
        try check(bufferCount < 1 || operation.count > 0, .efault, "15.7 empty buffer")
        try check(bufferCount < 2 || data.count > 0, .efault, "15.7 empty buffer")
        guard let domain = try admit(run.caller, to: run.target) else { return false }
        // Progress is a domain's, and not another's that was given its id between two rounds.
        let isSame = run.progress == nil || run.domainUniqueID == domain.uniqueID
        try check(isSame, .esrch, "1.2 row 4: the domain has gone between two rounds")
        var call = OperationCall(
            caller: run.caller, domain: domain, bufferCount: bufferCount, readableDataBytes: run.readableDataBytes,
            progress: run.progress)
        var frame = try read(&operation, call)
        let opcode = frame.opcode
        call.progress = try perform(opcode, call, &frame, &data)
        let isContinued = call.progress != nil
        if opcode.writeBack == .onSuccess || isContinued && opcode.writeBack == .onContinuation {
            frame.writeBack(opcode.payloadByteCount, to: &operation)
        }
        guard isContinued else { return false }
        run.progress = call.progress
        run.domainUniqueID = domain.uniqueID
        return true
    }

    /// Rows 4 to 7. nil: there is nothing to do, and no error.
    private func admit(_ caller: Caller, to target: DomainID) throws(Refusal) -> Domain? {
        guard let domain = domain(target) else { throw Refusal(.esrch, "1.2 row 4: no such domain") }
        try check(target != caller.domain, .eperm, "1.2 row 5: own domain")
        if !domain.isTranslated, release.version < .v4_14 { return nil }
        try check(domain.isTranslated, .einval, "1.2 row 6: not HVM or PVH")
        try check(caller.mayControl(target), .eperm, "1.2 row 7: not permitted")
        return domain
    }

    /// Rows 8 to 12: buffer 0, copied once. Bytes beyond the operation's own are not read.
    private func read(_ operation: inout MutableSpan<UInt8>, _ call: OperationCall) throws(Refusal) -> DMOPFrame {
        // Without a buffer, before XSA-506: as one without bytes.
        let byteCount = call.bufferCount > 0 ? operation.count : 0
        let isOld = release.version == .v4_9_0
        try check(byteCount >= DMOPFrame.payloadOffset, .efault, "1.2 row 8: no header")
        try check(byteCount >= DMOPFrame.byteCount || !isOld, .efault, "1.3 4.9.0 wants 32 bytes")
        var frame = DMOPFrame()
        frame.copy(0..<DMOPFrame.payloadOffset, from: &operation)
        try check(frame.headerPad == 0 || !isOld, .einval, "14 4.9.0: header pad before the number")
        let opcode = frame.opcode
        try check(opcode.rawValue <= release.opcodeMax, .eopnotsupp, "1.2 row 9: unknown operation")
        let exists = opcode.exists(onArm: call.domain.shape.isArm)
        let end = DMOPFrame.payloadOffset + (exists ? opcode.payloadByteCount : 0)
        try check(byteCount >= end, .efault, "1.2 row 10: payload cut short")
        frame.copy(DMOPFrame.payloadOffset..<end, from: &operation)
        try check(frame.headerPad == 0, .einval, "1.2 row 11: header pad")
        try check(exists, .eopnotsupp, "1.2 row 12: not on this architecture")
        try check(call.mayGoOn(opcode), .einval, "1.5 not the operation that was under way")
        return frame
    }

    /// Row 13: an operation, by its number, or one round of it. What it returns is how far it has come, when there are
    /// rounds left.
    private func perform(
        _ opcode: DMOpcode, _ call: OperationCall, _ frame: inout DMOPFrame, _ data: inout MutableSpan<UInt8>
    ) throws(Refusal) -> OperationProgress? {
        switch opcode.rawValue {
        case 1: try createIOREQServer(call, &frame)
        case 2: try getIOREQServerInfo(call, &frame)
        case 3: try mapIORange(call, frame)
        case 4: try unmapIORange(call, frame)
        case 5: try setIOREQServerState(call, frame)
        case 6: try destroyIOREQServer(call, frame)
        case 7: try trackDirtyVRAM(call, frame, &data)
        case 8: try setPCIINTxLevel(call, frame)
        case 9: try setISAIRQLevel(call, frame)
        case 10: try setPCILinkRoute(call, frame)
        case 11: return try modifiedMemory(call, &frame, &data)
        case 12: return try setMemoryType(call, &frame)
        case 13: try injectEvent(call, frame)
        case 14: try injectMSI(call, frame)
        case 15: return try mapMemoryType(call, &frame)
        case 16: shutDown(call.domain, frame.payload(DMOP.RemoteShutdown.self).lowReason)
        case 17: return try relocateMemory(call, &frame)
        case 18: try pinMemoryCacheAttribute(call, frame)
        case 19: try setIRQLevel(call, frame)
        case 20: frame = DMOPFrame(DMOP.VCPUCount(count: UInt32(call.domain.shape.vcpuCount)))
        default: throw Refusal(.eopnotsupp, "1.2 row 12: operation 0")
        }
        return nil
    }
}

extension Release {
    /// The highest operation number. dmop.md section 14.
    var opcodeMax: UInt32 { version >= .v4_15 ? 20 : version >= .v4_11 ? 18 : 15 }
}

extension DMOpcode {
    func exists(onArm isArm: Bool) -> Bool {
        switch architectures {
        case .all: rawValue != 0
        case .x86: !isArm
        case .arm: isArm
        }
    }
}

extension DMOP.RemoteShutdown {
    /// The low 8 bits count. dmop.md 3.16.
    fileprivate var lowReason: ShutdownReason { ShutdownReason(reason.rawValue & 0xff) }
}

extension DMOPFrame {
    /// Copies bytes out of a caller's buffer.
    fileprivate mutating func copy(_ range: Range<Int>, from buffer: inout MutableSpan<UInt8>) {
        for index in range { bytes[index] = buffer[index] }
    }

    /// Copies the payload back, never the header. dmop.md 1.4.
    fileprivate func writeBack(_ byteCount: Int, to buffer: inout MutableSpan<UInt8>) {
        for index in Self.payloadOffset..<(Self.payloadOffset &+ byteCount) { buffer[index] = bytes[index] }
    }
}
