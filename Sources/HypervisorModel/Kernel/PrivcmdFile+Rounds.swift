// DM_OP in rounds: a call that takes long leaves others their turn between two rounds, as on real Xen, where a vCPU of
// the caller's domain may be interrupted there. dmop.md section 1.5. Not for: what a round does (Hypervisor+DMOP).

public import XenABI

/// A DM_OP of a process that has passed the kernel's checks, with copies of its buffers.
public struct DeviceModelCallInRounds {
    /// The call's name in logs.
    let name: StaticString
    let domain: DomainID
    var run: OperationRun
    /// Buffer 0, as the process would see it now.
    var operation: [UInt8]
    /// Buffer 1, likewise.
    var data: [UInt8]

    init(
        _ name: StaticString, by caller: Caller, on domain: DomainID, bufferCount: UInt32, _ operation: [UInt8],
        _ data: [UInt8]
    ) {
        self.name = name
        self.domain = domain
        self.operation = operation
        self.data = data
        run = OperationRun(by: caller, on: domain, bufferCount: bufferCount)
    }

    /// Puts what the call has written so far into the process' buffers.
    public func copyBack(to buffers: inout [CallerBuffer]) {
        if run.bufferCount >= 1, !buffers.isEmpty { buffers[0].bytes = operation }
        if run.bufferCount == 2, buffers.count > 1 { buffers[1].bytes = data }
    }
}

extension PrivcmdFile {
    /// DM_OP up to its first round. nil: there is nothing to do, and no error.
    public func beginDMOP(
        _ domain: DomainID, count: UInt16, buffers: [CallerBuffer]
    ) throws(Refusal) -> DeviceModelCallInRounds? {
        let name: StaticString = "IOCTL_PRIVCMD_DM_OP"
        do throws(Refusal) {
            guard try audit.checkDMOP(on: domain, count: count, buffers: buffers) else { return nil }
        } catch {
            throw logged(error, name, domain)
        }
        return DeviceModelCallInRounds(
            name, by: kernel.caller, on: domain, bufferCount: UInt32(count), buffers[0].bytes,
            count == 2 ? buffers[1].bytes : [])
    }

    /// Does so many rounds of a call at most. True: there are rounds left.
    public func goOn(_ call: inout DeviceModelCallInRounds, roundsMax: Int) throws(Refusal) -> Bool {
        // Taken out, because a span of a part of a variable can't be had beside another part's.
        var (operation, data, run) = (call.operation, call.data, call.run)
        call.operation = []
        call.data = []
        defer {
            call.operation = operation
            call.data = data
            call.run = run
        }
        var first = operation.mutableSpan
        var second = data.mutableSpan
        do throws(Refusal) {
            for _ in 0..<roundsMax {
                guard try kernel.hypervisor.goOn(&run, &first, &second) else { return false }
                kernel.hypervisor.betweenRounds?(&first)
            }
            return true
        } catch {
            throw logged(error, call.name, call.domain)
        }
    }
}
