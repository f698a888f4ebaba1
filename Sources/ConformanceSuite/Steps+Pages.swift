// Steps that map pages: resources and guest frames. dmop.md sections 8.1, 9.4 and 9.5.
// Not for: what is done with a server's pages while a guest runs (Steps+Requests).

internal import XenABI

extension Step {
    /// mmap of a node; answers the address.
    public static func mmap(
        _ pageCount: Int, as name: String, offset: Value = 0, isShared: Bool = true, by node: String = "privcmd"
    ) -> Step {
        let how = (isShared ? "" : ", private") + (offset == 0 ? "" : ", offset \(offset)")
        return Step("mmap \(pageCount) pages of \(node)\(how)", .success) { bench throws(HostError) in
            try bench.map(
                try bench.node(node), pageCount: pageCount, offset: try bench.number(offset), isShared: isShared)
        }.named(name)
    }

    /// munmap.
    public static func munmap(_ address: Value) -> Step {
        Step("munmap \(address)") { bench throws(HostError) in
            try bench.unmap(try bench.number(address))
            return .value(0)
        }
    }

    /// MMAP_RESOURCE with fields as they are given.
    public static func mmapResource(
        on domain: Value = "G", type: UInt32 = 0, id: Value = 0, first: UInt32 = 0, num: Value, addr: Value,
        by node: String = "privcmd"
    ) -> Step {
        let text = "MMAP_RESOURCE on \(domain.asDomain), type \(type), id \(id), idx \(first), num \(num), addr \(addr)"
        return Step(text + byOther(node)) { bench throws(HostError) in
            let argument = PrivcmdMMAPResource(
                domain: try bench.domain(domain), type: ResourceType(rawValue: type),
                id: UInt32(truncatingIfNeeded: try bench.number(id)), firstFrame: first, count: try bench.number(num),
                address: try bench.number(addr))
            return try bench.control(node, PrivcmdCall.mmapResource, argument)
        }
    }

    /// MMAP_RESOURCE with neither address nor number: answers the number of frames.
    public static func resourceSize(
        _ id: Value, on domain: Value = "G", type: UInt32 = 0, by node: String = "privcmd"
    ) -> Step {
        Step("size query of \(id)" + (domain == "G" ? "" : " on \(domain.asDomain)") + byOther(node), .success) {
            bench throws(HostError) in
            let argument = PrivcmdMMAPResource(
                domain: try bench.domain(domain), type: ResourceType(rawValue: type),
                id: UInt32(truncatingIfNeeded: try bench.number(id)), firstFrame: 0, count: 0, address: 0)
            let answer = try bench.control(node, PrivcmdCall.mmapResource, argument)
            guard case .value = answer else { return answer }
            return .value(
                try bench.host.load(bench.scratch + Scratch.argument + 16, byteCount: 8).number(at: 0, width: 8))
        }
    }

    /// `res(id, first, n)`: mmap and MMAP_RESOURCE. Answers 0; the address is known as `name`, by itself the server's
    /// name and `.page`, or `.ring` where the first frame is the buffered page.
    public static func mapResource(
        _ id: Value, _ first: UInt32, _ count: Int, on domain: Value = "G", type: UInt32 = 0, as name: String? = nil,
        by node: String = "privcmd"
    ) -> Step {
        let text = "res(\(id), \(Value.text(UInt64(first))), \(count))"
        let more = (type == 0 ? "" : " of type \(type)") + (domain == "G" ? "" : " on \(domain.asDomain)")
        return Step(text + more + byOther(node)) { bench throws(HostError) in
            guard case .value(let address) = try bench.map(try bench.node(node), pageCount: count) else {
                return .other("mmap failed")
            }
            let argument = PrivcmdMMAPResource(
                domain: try bench.domain(domain), type: ResourceType(rawValue: type),
                id: UInt32(truncatingIfNeeded: try bench.number(id)), firstFrame: first, count: UInt64(count),
                address: address)
            let answer = try bench.control(node, PrivcmdCall.mmapResource, argument)
            guard case .value = answer else {
                try bench.unmap(address)
                return answer
            }
            if let name { bench.name(name, address) }
            for frame in 0..<UInt32(count) {
                let kind = first &+ frame == IOREQServerFrame.synchronous ? "page" : "ring"
                bench.name("\(id).\(kind)", address + UInt64(frame) * 4096)
            }
            return answer
        }
    }

    /// The port in a vCPU's slot of a server's page, which `mapResource` has mapped; answers it.
    public static func port(_ server: String, vcpu: Int) -> Step {
        Step("vp_eport of \(server), vCPU \(vcpu)", .success) { bench throws(HostError) in
            let page = try bench.number(.named("\(server).page", plus: 0))
            let slot = page + UInt64(vcpu * IOREQ.byteCount + IOREQ.portOffset)
            return .value(try bench.host.load(slot, byteCount: 4).number(at: 0, width: 4))
        }
    }

    /// Whether so many bytes from an address on are all 0; answers how many are not.
    public static func zeros(_ byteCount: Int, at address: Value) -> Step {
        Step("bytes other than 0 among \(byteCount) at \(address)") { bench throws(HostError) in
            let bytes = try bench.host.load(try bench.number(address), byteCount: byteCount)
            return .value(UInt64(bytes.count { $0 != 0 }))
        }
    }

    /// MMAPBATCH_V2 of frames into a fresh mapping, which stays as `name`: answers err of each frame, as a positive
    /// errno or 0.
    public static func mapFrames(
        _ frames: [Value], as name: String = "frames", on domain: Value = "G", by node: String = "privcmd"
    ) -> Step {
        let list = frames.map(\.description).joined(separator: ", ")
        return Step(
            "MMAPBATCH_V2 of \(list)" + (domain == "G" ? "" : " on \(domain.asDomain)") + byOther(node), .success
        ) { bench throws(HostError) in
            guard case .value(let address) = try bench.map(try bench.node(node), pageCount: frames.count) else {
                return .other("mmap failed")
            }
            bench.name(name, address)
            return try bench.mapBatch(node, domain, frames, at: address)
        }
    }

    /// MMAPBATCH_V2 with fields as they are given: `num` frames, of which `frames` are in the array, into what is
    /// mapped at `addr`. `arr`, `err`: other addresses for the arrays.
    public static func mmapBatch(
        _ frames: [Value], num: UInt32? = nil, addr: Value, arr: Value? = nil, err: Value? = nil,
        on domain: Value = "G", by node: String = "privcmd"
    ) -> Step {
        var text = "MMAPBATCH_V2 of \(num ?? UInt32(frames.count)) frames at \(addr)"
        if let arr { text += ", arr \(arr)" }
        if let err { text += ", err \(err)" }
        return Step(text + (domain == "G" ? "" : " on \(domain.asDomain)") + byOther(node), .success) {
            bench throws(HostError) in
            try bench.mapBatch(
                node, domain, frames, num: num, at: try bench.number(addr),
                arr: arr.map { value throws(HostError) in try bench.number(value) },
                err: err.map { value throws(HostError) in try bench.number(value) })
        }
    }
}

extension Bench {
    /// MMAPBATCH_V2; answers err of each frame.
    fileprivate func mapBatch(
        _ node: String, _ domain: Value, _ frames: [Value], num: UInt32? = nil, at address: UInt64,
        arr: UInt64? = nil, err: UInt64? = nil
    ) throws(HostError) -> Answer {
        var bytes = [UInt8](repeating: 0, count: 8 * frames.count)
        for (index, frame) in frames.enumerated() { bytes.put(try number(frame), at: 8 * index, width: 8) }
        try host.store(scratch + Scratch.descriptors, bytes)
        let argument = PrivcmdMMAPBatchV2(
            count: num ?? UInt32(frames.count), domain: try self.domain(domain), address: address,
            frames: arr ?? scratch + Scratch.descriptors, errors: err ?? scratch + Scratch.results)
        let answer = try control(node, PrivcmdCall.mmapBatchV2, argument)
        guard answer == .value(0) else { return answer }
        let results = try host.load(scratch + Scratch.results, byteCount: 4 * frames.count)
        return .values(
            frames.indices.map {
                UInt64(-Int64(Int32(truncatingIfNeeded: results.number(at: 4 * $0, width: 4))))
            })
    }
}
