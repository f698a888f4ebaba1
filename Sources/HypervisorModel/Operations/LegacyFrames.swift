// Legacy frames of ioreq servers: from the pool, out of the memory map and back. dmop.md sections 3.2, 3.5 and 8.2.
// Not for: setting the pool (HVMParameters).

internal import XenABI
internal import XenPlatform

extension Hypervisor {
    /// A server's legacy frames: those that it has, or the next of the pool.
    func legacyFrames(of server: IOREQServerRecord, in domain: Domain) throws(Refusal) -> LegacyFrames {
        try check(server.pages == nil, .eperm, "3.2 pages were given out by acquire_resource")
        if let frames = server.legacyFrames { return frames }
        try check(!domain.life.isDying, .einval, "3.2 dying")
        // Before the pool, which an Arm guest has not.
        try check(!domain.shape.isArm, .eopnotsupp, "3.2 no legacy frames on Arm")
        var frames = LegacyFrames(synchronous: try takeLegacyFrame(in: domain))
        if server.handling != .off {
            do throws(Refusal) { frames.buffered = try takeLegacyFrame(in: domain) } catch {
                domain.parameters.giveBack(frames.synchronous.frame)
                throw error
            }
        }
        server.legacyFrames = frames
        return frames
    }

    private func takeLegacyFrame(in domain: Domain) throws(Refusal) -> LegacyFrame {
        guard let frame = domain.parameters.takeFrame() else { throw Refusal(.enomem, "3.2 no frame in the pool") }
        do throws(Refusal) {
            guard case .ram(_, let page) = domain.memory.use(of: frame) else {
                throw Refusal(.einval, "3.2 the pool's frame is not RAM")
            }
            _ = try domain.ramPages()
            return LegacyFrame(frame: frame, page: page)
        } catch {
            domain.parameters.giveBack(frame)
            throw error
        }
    }

    /// The server is enabled: nobody but who has mapped them gets at the frames, and what the guest wrote is gone.
    func takeOutLegacyFrames(of server: IOREQServerRecord, in domain: Domain) {
        server.changeLegacyFrames { legacy in
            guard case .ram(_, legacy.page) = domain.memory.use(of: legacy.frame) else { return }
            domain.memory.remove(legacy.frame.rawValue)
            legacy.isTakenOut = true
            domain.clearPage(legacy.page)
        }
    }

    /// The server is disabled: the frames come back, cleared.
    func putBackLegacyFrames(of server: IOREQServerRecord, in domain: Domain) {
        server.changeLegacyFrames { legacy in
            guard legacy.isTakenOut else { return }
            domain.clearPage(legacy.page)
            domain.memory.put(legacy.page, at: legacy.frame.rawValue)
            legacy.isTakenOut = false
        }
    }

    /// The server is gone: the frames are the pool's again.
    func giveBackLegacyFrames(of server: IOREQServerRecord, in domain: Domain) {
        server.changeLegacyFrames { domain.parameters.giveBack($0.frame) }
        server.legacyFrames = nil
    }
}

extension IOREQServerRecord {
    fileprivate func changeLegacyFrames(_ change: (inout LegacyFrame) -> Void) {
        guard var frames = legacyFrames else { return }
        change(&frames.synchronous)
        if var buffered = frames.buffered {
            change(&buffered)
            frames.buffered = buffered
        }
        legacyFrames = frames
    }
}

extension Domain {
    fileprivate func clearPage(_ page: UInt64) {
        guard let ram else { return }
        let first = Int(page) * GuestFrame.byteCount
        for offset in stride(from: first, to: first + GuestFrame.byteCount, by: 8) {
            ram.pages.storeReleasing64(0, at: offset)
        }
    }
}
