// A vCPU does an access: cuts it, finds who gets each piece, waits for answers. dmop.md sections 4 to 6.

internal import XenABI

/// How a piece has begun.
enum PieceStart {
    /// It is done, and has read this.
    case done(UInt64)
    case sent
    case retrying
    case generalProtection
    case dataAbort
    case stopped
}

extension VirtualCPU {
    /// Begins an access. `waiting` or `retrying`: `resume` goes on with it. A vCPU does one thing at a time: one that
    /// is busy is left as it is.
    public func perform(_ access: GuestAccess) -> AccessOutcome {
        guard !isBusy else { return .waiting }
        let domain = domain
        guard domain.life.isRunning else { return .stopped }
        cursor = AccessCursor(access)
        isBusy = true
        return goOn(in: domain)
    }

    /// Goes on where an answer has come, or where the vCPU tries again.
    public func resume() -> AccessOutcome {
        guard isBusy else { return .stopped }
        let domain = domain
        if wait.isWoken {
            guard collectAnswers(in: domain) else { return stop() }
            guard wait.servers == 0 else { return .waiting }
            finishPiece(in: domain)
            if domain.life.shutdownBegun != nil { domain.hypervisor.finishShutdown(of: domain) }
        } else if wait.servers != 0 {
            return .waiting
        }
        return domain.life.isRunning ? goOn(in: domain) : stop()
    }

    private func stop() -> AccessOutcome {
        isBusy = false
        return .stopped
    }

    private func goOn(in domain: Domain) -> AccessOutcome {
        while let piece = nextPiece(in: domain) {
            switch start(piece, in: domain) {
            case .done(let value): finish(piece, read: value, in: domain)
            case .sent:
                wait.piece = piece
                return .waiting
            case .retrying: return .retrying
            case .generalProtection: return fault(.generalProtection)
            case .dataAbort: return fault(.dataAbort)
            case .stopped: return stop()
            }
        }
        isBusy = false
        return .done(cursor.access.isRead && cursor.access.memoryAddress == nil ? cursor.value : 0)
    }

    private func fault(_ outcome: AccessOutcome) -> AccessOutcome {
        isBusy = false
        return outcome
    }

    /// The last element of a string to a device has its value in the request; so has each that goes to a frame whose
    /// writes a server takes.
    @inline(__always)
    private func nextPiece(in domain: Domain) -> AccessPiece? {
        if let address = cursor.writtenByString {
            cursor.goesAlone = domain.tracksWrites(at: address, cursor.access.size)
        }
        if cursor.hasElementInRequest, !cursor.access.isRead, cursor.bytesDone == 0 {
            cursor.value = domain.loadMemory(cursor.memoryAddress, cursor.access.size)
        }
        return cursor.next()
    }

    /// An answer is there: what it gives.
    private func finishPiece(in domain: Domain) {
        let isAbandoned = wait.isAbandoned
        wait.isAbandoned = false
        wait.inProcess = 0
        guard let piece = wait.piece else { return }
        wait.piece = nil
        // A string that nobody has answered reads all ones, as where nobody has claimed it.
        if isAbandoned { domain.fill(piece, with: ~0, isRead: cursor.access.isRead) }
        finish(piece, read: wait.data, in: domain)
    }

    @inline(__always)
    private func finish(_ piece: AccessPiece, read: UInt64, in domain: Domain) {
        let isLastOfString = cursor.hasElementInRequest
        let address = cursor.memoryAddress
        cursor.finish(piece, read: read)
        if isLastOfString, cursor.elementsLeft == 0, cursor.access.isRead {
            domain.storeMemory(address, cursor.access.size, cursor.value)
        }
    }

    /// Who gets it decides how a piece begins.
    private func start(_ piece: AccessPiece, in domain: Domain) -> PieceStart {
        let access = cursor.access
        let isRead = access.isRead
        var request = IOREQ(piece, isRead: isRead, type: access.space == .port ? .portIO : .copy)
        if access.space == .port, access.address == 0xcf8, !isRead { domain.latch(piece) }
        let reason = domain.select(&request)
        switch reason {
        case .range(let server, _), .pci(let server, _, _), .memoryType(let server):
            if domain.isPosted(request), server.post(request, in: domain) {
                domain.notifyRing(server)
                return .done(0)
            }
            // Slots are for 128 vCPUs.
            guard id.rawValue < UInt32(IOREQ.slotsPerPage) else { return unclaimed(piece, in: domain) }
            return send(request, to: server, in: domain)
        case .memory:
            return .done(domain.access(piece, isRead: isRead))
        case .insideXen:
            if let value = domain.accessIOAPIC(piece, isRead: isRead) { return .done(value) }
            domain.fill(piece, with: 0, isRead: isRead)
            return .done(0)
        case .noHolder: return .retrying
        case .noPages:
            reportMisuse("15.1 enabled without pages")
            return unclaimed(piece, in: domain)
        case .disabled, .crossesRangeEnd, .noRange:
            return unclaimed(piece, in: domain)
        }
    }

    /// Nobody gets it. dmop.md section 6, rule 6.
    private func unclaimed(_ piece: AccessPiece, in domain: Domain) -> PieceStart {
        if domain.shape.isArm { return .dataAbort }
        domain.fill(piece, with: ~0, isRead: cursor.access.isRead)
        return .done(~0)
    }

    /// Step 1 of section 5, and the first rows of 5.1.
    private func send(_ request: IOREQ, to server: IOREQServerRecord, in domain: Domain) -> PieceStart {
        if publish(request, to: server, in: domain) { return .sent }
        guard request.type == .copy else {
            domain.hypervisor.shutDown(domain, .crash)
            return .stopped
        }
        return domain.shape.isArm ? .dataAbort : .generalProtection
    }

    /// Puts a request into the vCPU's slot and tells the device model. false: the slot is not as Xen left it.
    func publish(_ request: IOREQ, to server: IOREQServerRecord, in domain: Domain) -> Bool {
        let index = Int(id.rawValue)
        guard let slot = server.slot(of: id, in: domain), index < server.vcpuPorts.count else { return false }
        let port = server.vcpuPorts[index]
        guard slot.isFree(for: port) else {
            reportMisuse("5.1 slot not NONE, or vp_eport altered")
            return false
        }
        var request = request
        request.port = port
        wait.request = request
        wait.servers |= 1 << UInt8(truncatingIfNeeded: server.id.rawValue & 7)
        slot.publish(request)
        domain.hypervisor.notifyDeviceModel(domain, port)
        return true
    }
}

extension IOREQ {
    @inline(__always)
    init(_ piece: AccessPiece, isRead: Bool, type: IOREQType) {
        self.init(
            address: piece.address, data: piece.memoryAddress ?? piece.value, count: piece.count,
            size: piece.size.rawValue, dataIsPointer: piece.memoryAddress != nil, isRead: isRead,
            descending: piece.isDescending, type: type)
    }
}

extension Domain {
    /// Whether an element lies in a frame of type 4, with its first or last byte. dmop.md section 3.15.
    func tracksWrites(at address: UInt64, _ size: AccessSize) -> Bool {
        memory.trackedFrameCount > 0
            && [address, address &+ UInt64(size.rawValue) &- 1].contains {
                memory.use(of: GuestFrame(containing: $0)).isTracked
            }
    }

    /// Port 0xcf8 takes a write of 4 bytes, and of a string its first element. dmop.md section 6, rule 5.
    func latch(_ piece: AccessPiece) {
        guard piece.size == .four else { return }
        let value = piece.memoryAddress.map { loadMemory($0, .four) } ?? piece.value
        configurationAddress = UInt32(truncatingIfNeeded: value)
    }

    /// Whether Xen asks for buffering: the standard VGA window of a full PC. dmop.md section 7.
    @inline(__always)
    func isPosted(_ request: IOREQ) -> Bool {
        guard shape.kind == .hvm, request.type == .copy, !request.isRead else { return false }
        let (last, wraps) = request.address.addingReportingOverflow(UInt64(request.size) &- 1)
        return !wraps && InternalDevice.vgaWindow.contains(request.address) && InternalDevice.vgaWindow.contains(last)
    }

    /// Xen has put something into the ring.
    func notifyRing(_ server: IOREQServerRecord) {
        guard let port = server.bufferedPort else { return }
        hypervisor.notifyDeviceModel(self, port)
    }
}
