// The ioctls of privcmd and evtchn on the model: addresses in the caller's memory become what PrivcmdFile and
// EventChannelFile take. Not for: what they check and do.

internal import HypervisorModel
internal import XenABI

extension ModelHost {
    /// Opens a node.
    public func open(_ node: NodeKind, by caller: NodeCaller) throws(HostError) -> NodeHandle {
        let kernel = try kernel(of: caller)
        let handle = NodeHandle(nextNode)
        nextNode += 1
        switch node {
        case .privcmd: nodes[handle] = .privcmd(kernel.openPrivcmd())
        case .evtchn: nodes[handle] = .evtchn(kernel.openEvtchn())
        case .gntdev: throw .unavailable("grants are not modelled")
        }
        return handle
    }

    private func kernel(of caller: NodeCaller) throws(HostError) -> LinuxKernel {
        if caller == .dom0 { return kernel }
        if let stubKernel { return stubKernel }
        guard let guest else { throw .broken("a stub domain needs a guest to serve") }
        do throws(Refusal) {
            let stub = try hypervisor.createDomain(DomainShape(.pvh))
            var options = KernelOptions()
            options.hasXSA482 = false
            let caller = Caller(stub.id, .deviceModel(of: guest.id))
            let made = try LinuxKernel(hypervisor, caller: caller, options: options)
            stubKernel = made
            return made
        } catch {
            throw .broken("the stub domain: \(error)")
        }
    }

    /// Closes a node.
    public func close(_ node: NodeHandle) {
        if case .evtchn(let file)? = nodes.removeValue(forKey: node) { file.close() }
    }

    /// ioctl.
    public func control(_ node: NodeHandle, _ request: UInt32, _ argument: UInt64) throws(HostError) -> Answer {
        guard let open = nodes[node] else { throw .broken("no node \(node.number)") }
        do throws(Refusal) {
            switch open {
            case .privcmd(let file): return .value(try control(file, request, argument))
            case .evtchn(let file):
                let bytes = memory.readable(argument, atMost: 8)
                return .value(UInt64(try file.control(request, bytes.isEmpty ? nil : bytes)))
            }
        } catch {
            return .error(error.code)
        }
    }

    private func control(_ file: PrivcmdFile, _ request: UInt32, _ address: UInt64) throws(Refusal) -> UInt64 {
        switch request {
        case PrivcmdCall.dmOp: try dmOp(file, argument(request, address, file))
        case PrivcmdCall.restrict:
            let restrict: PrivcmdRestrict = try argument(request, address, file)
            try file.restrict(to: restrict.domain)
        case PrivcmdCall.hypercall:
            var space = CallerMemory(memory.pieces)
            defer { memory.replace(space.pieces) }
            return try file.hypercall(try argument(request, address, file), &space)
        case PrivcmdCall.mmapBatchV2: try mapFrames(file, argument(request, address, file))
        case PrivcmdCall.mmapResource: try mapResource(file, argument(request, address, file), at: address)
        default: try file.unknownControl(request)
        }
        return 0
    }

    private func argument<Layout: WireLayout>(
        _ request: UInt32, _ address: UInt64, _ file: PrivcmdFile
    ) throws(Refusal) -> Layout {
        guard let bytes = memory.load(address, byteCount: Layout.byteCount) else {
            try file.unreadableControl(request)
            throw Refusal(.efault, "9 argument unreadable")
        }
        return Layout(trusting: bytes.span)
    }

    private func dmOp(_ file: PrivcmdFile, _ call: PrivcmdDMOP) throws(Refusal) {
        var buffers: [CallerBuffer] = []
        for index in 0..<UInt64(call.count) {
            let place = call.buffers &+ index &* UInt64(PrivcmdBuffer.byteCount)
            guard let bytes = memory.load(place, byteCount: PrivcmdBuffer.byteCount) else { break }
            let descriptor = PrivcmdBuffer(trusting: bytes.span)
            buffers.append(memory.buffer(descriptor.address, byteCount: Int(clamping: descriptor.byteLength)))
        }
        defer {
            for buffer in buffers where buffer.access == .writable {
                _ = memory.store(buffer.address, buffer.bytes, byKernel: true)
            }
        }
        try file.dmOp(call.domain, count: call.count, buffers: &buffers)
    }

    /// The mapping that an address lies in, and the page of it.
    private func area(at address: UInt64) -> (ModelMapping?, firstPage: Int) {
        guard let (base, mapping) = memory.mapping(at: address) else { return (nil, 0) }
        return (mapping as? ModelMapping, Int(address - base) / GuestFrame.byteCount)
    }

    private func mapFrames(_ file: PrivcmdFile, _ call: PrivcmdMMAPBatchV2) throws(Refusal) {
        let count = Int(call.count)
        let bytes = memory.load(call.frames, byteCount: 8 * min(count, 4096)) ?? []
        let frames = (0..<(bytes.count / 8)).map { GuestFrame(bytes.number(at: 8 * $0, width: 8)) }
        let (area, firstPage) = area(at: call.address)
        let canReport = memory.buffer(call.errors, byteCount: 4 * min(count, 4096)).access == .writable
        let request = FrameRequest(
            call.domain, frames, into: area?.area, at: firstPage, count: call.count, canReport: canReport)
        let mapping = try file.mapFrames(request)
        area?.fill(at: firstPage, mapping.results)
        for (index, result) in mapping.results.enumerated() {
            var error = [UInt8](repeating: 0, count: 4)
            error.put(UInt64(UInt32(bitPattern: result.errno)), at: 0, width: 4)
            _ = memory.store(call.errors + UInt64(4 * index), error, byKernel: true)
        }
    }

    private func mapResource(
        _ file: PrivcmdFile, _ call: PrivcmdMMAPResource, at argument: UInt64
    ) throws(Refusal) {
        if call.address == 0, call.count == 0 {
            let size = try file.resourceSize(call.domain, call.type, id: call.id)
            var bytes = [UInt8](repeating: 0, count: 8)
            bytes.put(size, at: 0, width: 8)
            _ = memory.store(argument + 16, bytes, byKernel: true)
            return
        }
        let (area, firstPage) = area(at: call.address)
        let request = ResourceRequest(
            call.domain, call.type, id: call.id, firstFrame: call.firstFrame, count: call.count, into: area?.area,
            at: firstPage, hasAddress: call.address != 0)
        let mapping = try file.mapResource(request)
        area?.fill(at: firstPage, mapping.results)
    }

    // MARK: mmap, read, write

    /// mmap of privcmd.
    public func map(
        _ node: NodeHandle, pageCount: Int, offset: UInt64, isShared: Bool
    ) throws(HostError) -> Answer {
        guard case .privcmd(let file)? = nodes[node] else { throw .broken("only privcmd is mapped here") }
        do throws(Refusal) {
            return .value(memory.add(ModelMapping(try file.mmap(pageCount: pageCount))))
        } catch {
            return .error(error.code)
        }
    }

    /// munmap.
    public func unmap(_ address: UInt64) throws(HostError) {
        guard memory.unmap(address) else { throw .broken("nothing is mapped at \(Value.text(address))") }
    }

    /// read of evtchn.
    public func read(_ node: NodeHandle, into address: UInt64, byteCount: Int) throws(HostError) -> Answer {
        guard case .evtchn(let file)? = nodes[node] else { throw .broken("only evtchn is read here") }
        do throws(Refusal) {
            let ports = try file.read(byteCount: byteCount)
            for (index, port) in ports.enumerated() {
                var bytes = [UInt8](repeating: 0, count: 4)
                bytes.put(UInt64(port.rawValue), at: 0, width: 4)
                _ = memory.store(address + UInt64(4 * index), bytes, byKernel: true)
            }
            return .value(UInt64(4 * ports.count))
        } catch {
            return .error(error.code)
        }
    }

    /// write of evtchn.
    public func write(_ node: NodeHandle, from address: UInt64, byteCount: Int) throws(HostError) -> Answer {
        guard case .evtchn(let file)? = nodes[node] else { throw .broken("only evtchn is written to here") }
        let bytes = memory.load(address, byteCount: byteCount / 4 * 4)
        let ports = bytes.map { bytes in
            (0..<(bytes.count / 4)).map { EventPort(UInt32(bytes.number(at: 4 * $0, width: 4))) }
        }
        do throws(Refusal) {
            return .value(UInt64(try file.write(byteCount: byteCount, ports: ports)))
        } catch {
            return .error(error.code)
        }
    }
}
