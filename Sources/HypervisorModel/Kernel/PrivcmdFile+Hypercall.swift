// Hypercalls by privcmd: dm_op, acquire_resource for sizes, domctl 90. dmop.md sections 9.2, 8.1 and 12.
// Not for: any other hypercall; they are ENOSYS.

public import XenABI

extension PrivcmdFile {
    /// What has become of a hypercall.
    public enum HypercallProgress {
        /// It has returned this.
        case done(UInt64)
        /// A dm_op, which takes rounds: `goOn`, and `finish` in the end.
        case rounds(DeviceModelHypercall)
    }

    /// HYPERCALL. Addresses among the arguments lead into `memory`. nil: the argument is unreadable. Answers what the
    /// hypercall returns.
    public func hypercall(_ call: PrivcmdHypercall?, _ memory: inout CallerMemory) throws(Refusal) -> UInt64 {
        switch try beginHypercall(call, &memory) {
        case .done(let value): return value
        case .rounds(var rounds):
            while try goOn(&rounds.call, roundsMax: .max) {}
            return try finish(rounds, &memory)
        }
    }

    /// HYPERCALL up to its end, or up to the first round of a dm_op.
    public func beginHypercall(
        _ call: PrivcmdHypercall?, _ memory: inout CallerMemory
    ) throws(Refusal) -> HypercallProgress {
        do throws(Refusal) {
            try audit.checkHypercall()
            guard let call else { throw Refusal(.efault, "9.2 argument unreadable") }
            switch call.number {
            case Hypercall.dmOp: return .rounds(try beginDMOP(call, memory))
            // The upper bits of the command are where to go on.
            case Hypercall.memoryOp where call.argument0 & 0x3F == Hypercall.acquireResource:
                try acquireResource(call.argument1, &memory)
            case Hypercall.domctl: try domctl(call.argument0, &memory)
            default: throw Refusal(.enosys, "9.2 unknown hypercall")
            }
            return .done(0)
        } catch {
            throw logged(error, "IOCTL_PRIVCMD_HYPERCALL", nil)
        }
    }

    /// dm_op as such, without the kernel's checks of it. dmop.md section 1.2, rows 1 to 3, then buffers as they are.
    private func beginDMOP(
        _ call: PrivcmdHypercall, _ memory: CallerMemory
    ) throws(Refusal) -> DeviceModelHypercall {
        let domain = DomainID(UInt16(truncatingIfNeeded: call.argument0))
        let count = UInt32(truncatingIfNeeded: call.argument1)
        var descriptors: [PrivcmdBuffer] = []
        if count == 1 || count == 2 {
            let byteCount = Int(count) * PrivcmdBuffer.byteCount
            guard let bytes = memory.read(call.argument2, byteCount: byteCount) else {
                throw Refusal(.efault, "1.2 descriptors unreadable")
            }
            for index in 0..<Int(count) {
                descriptors.append(
                    PrivcmdBuffer(trusting: bytes.span.extracting(droppingFirst: index * PrivcmdBuffer.byteCount)))
            }
        }
        for descriptor in descriptors { try check(descriptor.byteLength > 0, .efault, "15.7 empty buffer") }
        let operation = descriptors.first.map { Self.readable($0, memory) } ?? []
        let data = descriptors.count == 2 ? Self.whole(descriptors[1], memory) : []
        var rounds = DeviceModelCallInRounds(
            "IOCTL_PRIVCMD_HYPERCALL", by: kernel.caller, on: domain, bufferCount: count, operation, data)
        if descriptors.count == 2 { rounds.run.readableDataBytes = Self.readable(descriptors[1], memory).count }
        return DeviceModelHypercall(call: rounds, descriptors: descriptors, before: [operation, data])
    }

    /// Copies back what a dm_op has written, and answers what the hypercall returns.
    public func finish(
        _ hypercall: DeviceModelHypercall, _ memory: inout CallerMemory
    ) throws(Refusal) -> UInt64 {
        for (index, after) in [hypercall.call.operation, hypercall.call.data].enumerated() {
            // Up to the last byte that has changed: no more of it need be writable.
            let before = hypercall.before[index]
            guard let last = after.indices.last(where: { after[$0] != before[$0] }) else { continue }
            guard memory.write(hypercall.descriptors[index].address, Array(after[...last])) else {
                throw logged(Refusal(.efault, "1.4 copy back"), "IOCTL_PRIVCMD_HYPERCALL", nil)
            }
        }
        return 0
    }

    /// As much of buffer 0 as can be read: too little of it for rows 8 and 10 is as good as unreadable.
    private static func readable(_ buffer: PrivcmdBuffer, _ memory: CallerMemory) -> [UInt8] {
        let bytes = memory.readable(buffer.address, atMost: Int(min(buffer.byteLength, UInt64(CallerMemory.bytesMax))))
        // One byte is no header either, and no buffer of no bytes (15.7).
        return bytes.isEmpty ? [0] : bytes
    }

    /// Buffer 1 at its full length, which operations compare; what of it can't be read is 0. Whether it can be written
    /// shows when it is.
    private static func whole(_ buffer: PrivcmdBuffer, _ memory: CallerMemory) -> [UInt8] {
        let byteCount = Int(min(buffer.byteLength, UInt64(CallerMemory.bytesMax)))
        let bytes = memory.readable(buffer.address, atMost: byteCount)
        return bytes + [UInt8](repeating: 0, count: byteCount - bytes.count)
    }

    /// Sizes only: frames of the model have no machine frame numbers that could be answered.
    private func acquireResource(_ address: UInt64, _ memory: inout CallerMemory) throws(Refusal) {
        try check(kernel.hypervisor.release.version >= .v4_11, .enosys, "14 acquire_resource since 4.11")
        guard let bytes = memory.read(address, byteCount: AcquireResource.byteCount) else {
            throw Refusal(.efault, "8.1 structure unreadable")
        }
        var question = AcquireResource(trusting: bytes.span)
        try check(bytes[12..<16].allSatisfy { $0 == 0 }, .einval, "8.1 pad")
        let (end, overflow) = question.firstFrame.addingReportingOverflow(UInt64(question.count))
        try check(!overflow && end <= UInt64(UInt32.max), .einval, "8.1 frame does not fit 32 bits")
        let hypervisor = kernel.hypervisor
        if question.frameList != 0 {
            _ = try hypervisor.acquireResource(
                by: kernel.caller, on: question.domain, type: question.type, id: question.id,
                first: question.firstFrame, count: question.count)
            throw Refusal(.eopnotsupp, "the model has no machine frames to name; map the resource instead")
        }
        question.count = try hypervisor.resourceSize(
            by: kernel.caller, on: question.domain, type: question.type, id: question.id, count: question.count)
        try check(memory.write(address, question.encodedBytes), .efault, "8.1 structure not writable")
    }

    /// domctl 90. dmop.md section 12.
    private func domctl(_ address: UInt64, _ memory: inout CallerMemory) throws(Refusal) {
        guard let bytes = memory.read(address, byteCount: GetDomainState.byteCount) else {
            throw Refusal(.efault, "12 structure unreadable")
        }
        var question = GetDomainState(trusting: bytes.span)
        let release = kernel.hypervisor.release
        let isStable = release.hasDomainStates && question.command == GetDomainState.command
        let version = isStable ? GetDomainState.stableInterfaceVersion : release.domctlVersion
        try check(question.interfaceVersion == version, .eacces, "12 interface version")
        try check(isStable, release.version < .v4_15 ? .eopnotsupp : .enosys, "12 unknown domctl")
        let answer: DomainState
        if question.isPoll {
            try check(kernel.caller.privilege == .control, .eperm, "12 neither control nor Xenstore domain")
            try check(question.pad == 0, .einval, "12 pad0")
            answer = try kernel.hypervisor.pollChanged(by: kernel.caller)
        } else {
            answer = try kernel.hypervisor.state(of: question.domain, by: kernel.caller)
            try check(question.pad == 0, .einval, "12 pad0")
        }
        question.domain = answer.domain
        question.state = answer.state
        question.capabilities = answer.capabilities
        question.pad = 0
        question.uniqueID = answer.uniqueID
        try check(memory.write(address, question.encodedBytes), .efault, "12 structure not writable")
    }
}

/// A dm_op by HYPERCALL, between two rounds: its buffers go back to where the process has them.
public struct DeviceModelHypercall {
    /// What goes on.
    public var call: DeviceModelCallInRounds
    let descriptors: [PrivcmdBuffer]
    /// The buffers as the process had them.
    let before: [[UInt8]]
}
