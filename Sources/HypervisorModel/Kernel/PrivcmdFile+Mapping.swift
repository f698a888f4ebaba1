// Mapping by privcmd: guest frames and resources. dmop.md sections 9.4, 9.5 and 8.1.
// Not for: addresses and mmap; who maps for real asks here what goes where.

public import XenABI

/// Pages that were handed out, and what keeps their domain's id while they are mapped.
public struct PageMapping {
    /// By page of the mapping.
    public var results: [FrameResult]
    /// To be kept for as long as a page of it is mapped; nil when none is.
    public var token: MappingToken?
}

extension PrivcmdFile {
    /// What `mmap` of the device makes: pages to be filled. EINVAL for none.
    public func mmap(pageCount: Int) throws(Refusal) -> PrivcmdArea {
        guard pageCount > 0, pageCount <= Int(DomainShape.framesMax) else {
            throw logged(Refusal(.einval, "9.4 mmap of no pages, or of too many"), "mmap privcmd", nil)
        }
        return PrivcmdArea(pageCount: pageCount)
    }

    /// MMAPBATCH_V2, to the letter. A frame that can't be mapped does not fail the call.
    public func mapFrames(_ request: FrameRequest) throws(Refusal) -> PageMapping {
        do throws(Refusal) {
            try audit.checkBatch(request)
        } catch {
            throw logged(error, "IOCTL_PRIVCMD_MMAPBATCH_V2", request.domain)
        }
        let frames = request.frames.prefix(Int(request.count))
        let results = frames.map { look(request.domain, $0) }
        let mapping = PageMapping(results: results, token: token(request.domain, results))
        request.area?.fill(results, at: request.firstPage, mapping.token)
        return mapping
    }

    /// Maps frames into a fresh mapping of as many pages.
    public func mapFrames(_ domain: DomainID, _ frames: [GuestFrame]) throws(Refusal) -> PageMapping {
        let area = frames.isEmpty ? nil : try mmap(pageCount: frames.count)
        return try mapFrames(FrameRequest(domain, frames, into: area))
    }

    /// MMAP_RESOURCE, to the letter, but for sizes.
    public func mapResource(_ request: ResourceRequest) throws(Refusal) -> PageMapping {
        do throws(Refusal) {
            let asksForSize = try audit.checkResource(request)
            try check(!asksForSize, .einval, "9.5 exactly one of addr and num is 0")
            let pages = try kernel.hypervisor.acquireResource(
                by: kernel.caller, on: request.domain, type: request.type, id: request.id,
                first: UInt64(request.firstFrame), count: UInt32(clamping: request.count))
            let results = pages.map { FrameResult.mapped($0.0, page: $0.1) }
            let mapping = PageMapping(results: results, token: token(request.domain, results))
            request.area?.fill(results, at: request.firstPage, mapping.token)
            return mapping
        } catch {
            throw logged(error, "IOCTL_PRIVCMD_MMAP_RESOURCE", request.domain)
        }
    }

    /// Maps frames of a resource into a fresh mapping of as many pages.
    public func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, firstFrame: UInt32, count: Int
    ) throws(Refusal) -> PageMapping {
        let area = try mmap(pageCount: count)
        return try mapResource(
            ResourceRequest(domain, type, id: id, firstFrame: firstFrame, count: UInt64(count), into: area))
    }

    /// MMAP_RESOURCE with neither address nor number: the number of frames.
    public func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(Refusal) -> UInt64 {
        do throws(Refusal) {
            let request = ResourceRequest(domain, type, id: id, firstFrame: 0, count: 0, into: nil)
            _ = try audit.checkResource(request)
            return UInt64(
                try kernel.hypervisor.resourceSize(by: kernel.caller, on: domain, type: type, id: id))
        } catch {
            throw logged(error, "IOCTL_PRIVCMD_MMAP_RESOURCE", domain)
        }
    }

    private func look(_ id: DomainID, _ frame: GuestFrame) -> FrameResult {
        guard let domain = kernel.hypervisor.domain(id) else { return .refused(.esrch) }
        guard kernel.caller.mayControl(id) || kernel.caller.domain == id else { return .refused(.eperm) }
        guard case .ram(_, let page) = domain.memory.use(of: frame) else { return .refused(.einval) }
        do throws(Refusal) {
            return .mapped(try domain.ramPages(), page: Int(page))
        } catch {
            return .refused(error.code)
        }
    }

    private func token(_ id: DomainID, _ results: [FrameResult]) -> MappingToken? {
        let isMapped = results.contains { if case .mapped = $0 { true } else { false } }
        guard isMapped, let domain = kernel.hypervisor.domain(id) else { return nil }
        return MappingToken(domain, kernel.hypervisor)
    }
}
