// The ioctls of privcmd and evtchn as packets to a sandbox. What the packets can't say is `unavailable`, and its row is
// skipped. Not for: what the sandbox makes of them.

internal import HypervisorModel
internal import SandboxClient
internal import SandboxWire
internal import XenABI
internal import XenPlatform

extension SandboxHost {
    func privcmd(_ node: SandboxNode, _ request: UInt32, _ address: UInt64) throws(HostError) -> Answer {
        switch request {
        case PrivcmdCall.dmOp: return try dmOp(node, argument(address))
        case PrivcmdCall.restrict:
            let restrict: PrivcmdRestrict = try argument(address)
            return try answer { () throws(XenError) in
                try node.bare.restrict(to: restrict.domain)
                return 0
            }
        case PrivcmdCall.hypercall: return try hypercall(node, argument(address))
        case PrivcmdCall.mmapResource: return try mapResource(node, argument(address), at: address)
        case PrivcmdCall.mmapBatchV2: return try mapFrames(node, argument(address))
        default: throw .unavailable("the sandbox has no ioctls by number")
        }
    }

    /// An argument that the sandbox' packets have no room for when it can't be read.
    private func argument<Layout: WireLayout>(_ address: UInt64) throws(HostError) -> Layout {
        guard let bytes = memory.load(address, byteCount: Layout.byteCount) else {
            throw .unavailable("an unreadable argument is no packet")
        }
        return Layout(trusting: bytes.span)
    }

    func answer(_ call: () throws(XenError) -> UInt64) throws(HostError) -> Answer {
        do throws(XenError) {
            return .value(try call())
        } catch {
            return .error(error.code)
        }
    }

    private func call<Result>(_ call: () throws(XenError) -> Result) throws(HostError) -> Result {
        do throws(XenError) { return try call() } catch { throw .broken("\(error)") }
    }

    private func dmOp(_ node: SandboxNode, _ call: PrivcmdDMOP) throws(HostError) -> Answer {
        var buffers: [CallBuffer] = []
        for index in 0..<UInt64(min(call.count, UInt16(WireLimits.buffersPerCall))) {
            let place = call.buffers &+ index &* UInt64(PrivcmdBuffer.byteCount)
            guard let bytes = memory.load(place, byteCount: PrivcmdBuffer.byteCount) else { break }
            let descriptor = PrivcmdBuffer(trusting: bytes.span)
            let found = memory.buffer(descriptor.address, byteCount: Int(clamping: descriptor.byteLength))
            buffers.append(
                CallBuffer(
                    address: descriptor.address, byteCount: descriptor.byteLength,
                    bytes: Array(found.bytes.prefix(WireLimits.bytesPerBuffer)),
                    isWritable: found.access == .writable))
        }
        let packet = DeviceModelCall(call.domain, buffers, count: call.count)
        let answer = try self.call { () throws(XenError) in try node.bare.dmOp(packet) }
        for written in answer.written where Int(written.index) < buffers.count {
            _ = memory.store(buffers[Int(written.index)].address, written.bytes, byKernel: true)
        }
        return answer.refusal.map { .error($0) } ?? .value(0)
    }

    private func hypercall(_ node: SandboxNode, _ call: PrivcmdHypercall) throws(HostError) -> Answer {
        // Descriptors, buffers and structures of hypercalls lie in the bench's scratch pages.
        var pieces: [CallBuffer] = []
        for argument in [call.argument0, call.argument1, call.argument2] {
            let bytes = memory.readable(argument, atMost: 4096)
            if !bytes.isEmpty {
                pieces.append(CallBuffer(address: argument, byteCount: UInt64(bytes.count), bytes: bytes))
            }
        }
        let packet = HypercallRequest(
            number: call.number,
            arguments: [call.argument0, call.argument1, call.argument2, call.argument3, call.argument4],
            memory: pieces)
        let answer = try self.call { () throws(XenError) in try node.bare.hypercall(packet) }
        for written in answer.written where Int(written.index) < pieces.count {
            _ = memory.store(pieces[Int(written.index)].address, written.bytes, byKernel: true)
        }
        return answer.refusal.map { .error($0) } ?? .value(answer.value)
    }

    // MARK: Mapping

    /// mmap: pages to be filled.
    public func map(
        _ node: NodeHandle, pageCount: Int, offset: UInt64, isShared: Bool
    ) throws(HostError) -> Answer {
        _ = try find(node, .privcmd)
        return .value(memory.add(SandboxMapping(pageCount: pageCount)))
    }

    /// munmap.
    public func unmap(_ address: UInt64) throws(HostError) {
        guard memory.unmap(address) else { throw .broken("nothing is mapped at \(Value.text(address))") }
    }

    private func mapResource(
        _ node: SandboxNode, _ call: PrivcmdMMAPResource, at argument: UInt64
    ) throws(HostError) -> Answer {
        if call.address == 0, call.count == 0 {
            let size = try answer { () throws(XenError) in
                try node.bare.resourceSize(call.domain, call.type, id: call.id)
            }
            guard case .value(let count) = size else { return size }
            var bytes = [UInt8](repeating: 0, count: 8)
            bytes.put(count, at: 0, width: 8)
            _ = memory.store(argument + 16, bytes, byKernel: true)
            return .value(0)
        }
        guard let (base, found) = memory.mapping(at: call.address), let area = found as? SandboxMapping,
            call.address == base, area.isEmpty, call.count * 4096 == UInt64(area.byteCount)
        else { throw .unavailable("only Linux checks addresses of mappings") }
        return try answer { () throws(XenError) in
            let pages = try node.bare.mapResource(
                call.domain, call.type, id: call.id, frame: call.firstFrame, count: Int(call.count))
            area.fill(at: 0, SandboxMapping.Pages(pages))
            return 0
        }
    }

    private func mapFrames(_ node: SandboxNode, _ call: PrivcmdMMAPBatchV2) throws(HostError) -> Answer {
        guard let (base, found) = memory.mapping(at: call.address), let area = found as? SandboxMapping,
            call.address == base, area.isEmpty, call.count > 0, Int(call.count) * 4096 == area.byteCount,
            let bytes = memory.load(call.frames, byteCount: 8 * Int(call.count)),
            memory.buffer(call.errors, byteCount: 4 * Int(call.count)).access == .writable
        else { throw .unavailable("only Linux checks addresses of mappings") }
        for index in 0..<Int(call.count) {
            let frame = GuestFrame(bytes.number(at: 8 * index, width: 8))
            var code: Int32 = 0
            do throws(XenError) {
                area.fill(at: index, SandboxMapping.Pages(try node.bare.mapFrame(call.domain, frame)))
            } catch {
                // A restriction fails the whole call; anything else is one frame's.
                if error.code == .eperm { return .error(.eperm) }
                code = -error.code.rawValue
            }
            var result = [UInt8](repeating: 0, count: 4)
            result.put(UInt64(UInt32(bitPattern: code)), at: 0, width: 4)
            _ = memory.store(call.errors + UInt64(4 * index), result, byKernel: true)
        }
        return .value(0)
    }
}
