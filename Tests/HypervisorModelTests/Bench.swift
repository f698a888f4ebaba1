// A hypervisor with one guest, and calls as a device model in dom0 makes them: with buffers of exactly the right size.

import XenABI
import XenPlatform

@testable import HypervisorModel

/// The answer 0.
let ok: XenErrorCode? = nil

/// A guest under test. Answers are errnos, nil for 0.
final class Bench {
    let xen: Hypervisor
    let guest: Domain

    init(_ release: Release = .standard, _ shape: DomainShape = DomainShape()) throws {
        xen = Hypervisor(release: release)
        guest = try xen.createDomain(shape)
    }

    convenience init(vcpus: Int) throws { try self.init(.standard, DomainShape(vcpuCount: vcpus)) }

    /// A call with these buffers.
    func call(
        _ operation: inout [UInt8], _ data: inout [UInt8], buffers: UInt32, on target: DomainID? = nil,
        by caller: Caller = .control
    ) -> XenErrorCode? {
        var first = operation.mutableSpan
        var second = data.mutableSpan
        do throws(Refusal) {
            try xen.dmOp(by: caller, on: target ?? guest.id, bufferCount: buffers, &first, &second)
            return nil
        } catch {
            return error.code
        }
    }

    /// A call with these bytes in buffer 0 alone.
    func call(_ operation: [UInt8], on target: DomainID? = nil, by caller: Caller = .control) -> XenErrorCode? {
        var operation = operation
        var none: [UInt8] = []
        return call(&operation, &none, buffers: 1, on: target, by: caller)
    }

    /// An operation. `poke` sets bytes of its payload, pads for example; what comes back is in `payload`.
    func op<P: DMOPPayload>(
        _ payload: inout P, poke: [Int: UInt8] = [:], data: inout [UInt8], buffers: UInt32 = 1,
        on target: DomainID? = nil, by caller: Caller = .control
    ) -> XenErrorCode? {
        var bytes = buffer(payload, poke: poke)
        let answer = call(&bytes, &data, buffers: buffers, on: target, by: caller)
        payload = P(trusting: bytes.span.extracting(droppingFirst: 8))
        return answer
    }

    func op<P: DMOPPayload>(
        _ payload: P, poke: [Int: UInt8] = [:], on target: DomainID? = nil, by caller: Caller = .control
    ) -> XenErrorCode? {
        var payload = payload
        var none: [UInt8] = []
        return op(&payload, poke: poke, data: &none, on: target, by: caller)
    }

    /// Buffer 0 of an operation.
    func buffer<P: DMOPPayload>(_ payload: P, poke: [Int: UInt8] = [:]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes[0] = UInt8(P.opcode.rawValue)
        bytes += payload.encodedBytes
        // Releases before 4.10.1 want all 32 bytes.
        if xen.release.version == .v4_9_0 { bytes += [UInt8](repeating: 0, count: 32 - bytes.count) }
        for (offset, value) in poke { bytes[8 + offset] = value }
        return bytes
    }

    // MARK: The spec's shorthand

    /// c(h): the new server's id.
    func create(_ handling: UInt8 = 0, by caller: Caller = .control) throws -> IOREQServerID {
        var payload = DMOP.CreateIOREQServer(handling: BufferedHandling(handling))
        var none: [UInt8] = []
        if let code = op(&payload, data: &none, by: caller) { throw Refusal(code, "create") }
        return payload.id
    }

    func destroy(_ id: IOREQServerID) -> XenErrorCode? { op(DMOP.DestroyIOREQServer(id: id)) }

    func enable(_ id: IOREQServerID, _ value: UInt8 = 1) -> XenErrorCode? {
        op(DMOP.SetIOREQServerState(id: id, enabledRawValue: value))
    }

    func map(_ id: IOREQServerID, _ type: UInt32, _ start: UInt64, _ end: UInt64) -> XenErrorCode? {
        op(DMOP.MapIORange(id: id, type: IORangeType(type), start: start, end: end))
    }

    func unmap(_ id: IOREQServerID, _ type: UInt32, _ start: UInt64, _ end: UInt64) -> XenErrorCode? {
        op(DMOP.UnmapIORange(id: id, type: IORangeType(type), start: start, end: end))
    }

    func pages(
        _ id: UInt32, _ first: UInt64, _ count: UInt32, on target: DomainID? = nil,
        type: ResourceType = .ioreqServer, by caller: Caller = .control
    ) throws(Refusal) -> [(PageRun, Int)] {
        try xen.acquireResource(
            by: caller, on: target ?? guest.id, type: type, id: id, first: first, count: count)
    }

    /// The answer of an acquire_resource.
    func res(
        _ id: UInt32, _ first: UInt64, _ count: UInt32, on target: DomainID? = nil,
        type: ResourceType = .ioreqServer, by caller: Caller = .control
    ) -> XenErrorCode? {
        answer { () throws(Refusal) in _ = try pages(id, first, count, on: target, type: type, by: caller) }
    }

    func setType(_ first: UInt64, _ count: UInt32, _ type: UInt16) -> XenErrorCode? {
        op(DMOP.SetMemoryType(count: count, type: MemoryType(type), first: GuestFrame(first)))
    }

    func hold(_ id: IOREQServerID, flags: UInt32 = 2, type: UInt16 = 4, opaque: UInt64 = 0) -> XenErrorCode? {
        op(
            DMOP.MapMemoryType(
                id: id, type: MemoryType(type), flags: MemoryAccessFlags(rawValue: flags), opaque: opaque))
    }

    func use(_ frame: UInt64) -> FrameUse { guest.memory.use(of: GuestFrame(frame)) }
}

/// The errno of what is refused, nil for 0.
func answer(_ body: () throws(Refusal) -> Void) -> XenErrorCode? {
    do throws(Refusal) {
        try body()
        return nil
    } catch {
        return error.code
    }
}

let badID = IOREQServerID(99)

extension PageRun {
    /// A number in one of its pages.
    func load(_ byteCount: Int, at offset: Int, page: Int = 0) -> UInt64 {
        pages.load(byteCount: byteCount, at: page * 4096 + offset)
    }
}
