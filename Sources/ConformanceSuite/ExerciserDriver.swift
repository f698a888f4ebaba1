// Drives the exerciser guest (Guests/README.md) by its command ports, on an ioreq server of its own that is made by
// hand: nothing of the library is between a row and Xen. It looks at its slots and never sleeps.
// Not for: what rows do with the guest (Steps+Requests).

internal import HypervisorModel
internal import XenABI

/// Feeds commands to the vCPUs of one guest.
final class ExerciserDriver {
    private enum Port {
        static let first: UInt64 = 0x510
        static let stride: UInt64 = 0x10
        static let vcpusMax = 4
    }

    private enum Opcode {
        static let hello: UInt32 = 0x01
        static let startVCPU: UInt32 = 0x60
    }

    private struct VCPU {
        var commands: [UInt32] = []
        var answers: [UInt32] = []
        /// Result words of the command that is being done; nil: none is.
        var resultCount: Int?
        var localPort: UInt64 = 0
    }

    private let host: any ConformanceHost
    private let domain: DomainID
    private let privcmd: NodeHandle
    private let evtchn: NodeHandle
    private let scratch: UInt64
    private var page: UInt64 = 0
    private var vcpus: [VCPU]
    /// Where its test buffer is, guest-physical.
    private(set) var buffer: UInt64 = 0
    /// Times that a slot was found READY and answered.
    private(set) var answerCount = 0

    /// Makes the server of a guest that does not run yet.
    init(_ host: any ConformanceHost, _ domain: DomainID, vcpuCount: Int) throws(HostError) {
        guard vcpuCount <= Port.vcpusMax else { throw .unavailable("the exerciser has 4 vCPUs at most") }
        self.host = host
        self.domain = domain
        vcpus = [VCPU](repeating: VCPU(), count: vcpuCount)
        privcmd = try host.open(.privcmd)
        evtchn = try host.open(.evtchn)
        scratch = try host.allocate(pageCount: 1, isReadOnly: false)
        let create = try operation(DMOP.CreateIOREQServer(handling: .off))
        let id = IOREQServerID(UInt16(create.number(at: 12, width: 2)))
        let last = Port.first + Port.stride * UInt64(Port.vcpusMax) - 1
        _ = try operation(DMOP.MapIORange(id: id, type: .port, start: Port.first, end: last))
        page = try mapPage(of: id)
        _ = try operation(DMOP.SetIOREQServerState(id: id, enabled: true))
        for index in vcpus.indices {
            let port = try host.load(slot(index) + UInt64(IOREQ.portOffset), byteCount: 4).number(at: 0, width: 4)
            let bind = EventChannelBindInterdomain(
                remoteDomain: domain, remotePort: EventPort(UInt32(truncatingIfNeeded: port)))
            vcpus[index].localPort = try control(evtchn, EventChannelCall.bindInterdomain, bind)
        }
    }

    /// Lets go of the server's page and ports. The server goes with the guest.
    func close() throws(HostError) {
        try host.unmap(page)
        host.close(evtchn)
        host.close(privcmd)
    }

    /// Waits until the guest, which was let run, is ready on all its vCPUs.
    func greet() throws(HostError) {
        let words = try run([Opcode.hello], results: 5, vcpu: 0)
        buffer = UInt64(words[2]) | UInt64(words[3]) << 32
        for vcpu in vcpus.indices.dropFirst() {
            _ = try run([Opcode.startVCPU, UInt32(vcpu)], results: 0, vcpu: 0)
            _ = try run([Opcode.hello], results: 5, vcpu: vcpu)
        }
    }

    private func run(_ words: [UInt32], results count: Int, vcpu: Int) throws(HostError) -> [UInt32] {
        try begin(words, results: count, vcpu: vcpu)
        var patience = Patience(host, seconds: 60)
        while true {
            if let results = try results(vcpu) { return results + [UInt32](repeating: 0, count: 5) }
            guard patience.wait(host) else { throw .broken("the exerciser does not answer") }
        }
    }

    // MARK: Commands

    /// Gives a command to a vCPU that has none.
    func begin(_ words: [UInt32], results count: Int, vcpu: Int) throws(HostError) {
        guard vcpus.indices.contains(vcpu) else { throw .broken("no vCPU \(vcpu) runs") }
        guard vcpus[vcpu].resultCount == nil else { throw .broken("vCPU \(vcpu) is busy") }
        vcpus[vcpu].resultCount = count
        vcpus[vcpu].commands = words
        try pump()
    }

    /// What a command has given; nil: it is being done.
    func results(_ vcpu: Int) throws(HostError) -> [UInt32]? {
        try pump()
        guard let count = vcpus[vcpu].resultCount else { return [] }
        let answers = vcpus[vcpu].answers
        guard let status = answers.first else { return nil }
        guard status == 0 else { throw .broken("the exerciser refuses the command with status \(status)") }
        guard answers.count > count else { return nil }
        vcpus[vcpu].resultCount = nil
        vcpus[vcpu].answers = Array(answers.dropFirst(count + 1))
        return Array(answers[1..<(count + 1)])
    }

    /// vCPUs that wait for a command are told that there is none: a request without an answer would hold up a shutdown
    /// of the domain. Those that run ask again.
    func answerIdleReads() throws(HostError) {
        for index in vcpus.indices where vcpus[index].commands.isEmpty {
            let request = try host.slot(at: slot(index))
            guard request.state == .ready, request.isRead else { continue }
            vcpus[index].commands = [0]
            _ = try answer(index)
        }
    }

    /// Answers what its slots ask, as far as there are commands.
    private func pump() throws(HostError) {
        for index in vcpus.indices {
            // A few in a row: the guest may run on another processor.
            while try answer(index) {}
        }
    }

    /// False: the slot asks nothing, or nothing that can be answered yet.
    private func answer(_ index: Int) throws(HostError) -> Bool {
        let request = try host.slot(at: slot(index))
        guard request.state == .ready else { return false }
        if request.isRead {
            guard !vcpus[index].commands.isEmpty else { return false }
            var data = [UInt8](repeating: 0, count: 8)
            data.put(UInt64(vcpus[index].commands.removeFirst()), at: 0, width: 8)
            try host.store(slot(index) + UInt64(IOREQ.dataOffset), data)
        } else if (request.address - Port.first) % Port.stride == 4 {
            vcpus[index].answers.append(UInt32(truncatingIfNeeded: request.data))
        }
        let state = slot(index) + UInt64(IOREQ.stateOffset)
        let byte = try host.load(state, byteCount: 1)[0]
        try host.store(state, [IOREQState.responseReady.replacingState(in: byte)])
        answerCount += 1
        let port = EventPort(UInt32(truncatingIfNeeded: vcpus[index].localPort))
        _ = try control(evtchn, EventChannelCall.notify, EventChannelArgument(port: port))
        return true
    }

    private func slot(_ vcpu: Int) -> UInt64 { page + UInt64(vcpu * IOREQ.byteCount) }

    // MARK: Calls

    private func operation(_ payload: some DMOPPayload) throws(HostError) -> [UInt8] {
        let frame = DMOPFrame(payload)
        let bytes = (0..<DMOPFrame.byteCount).map { frame.bytes[$0] }
        let (buffer, descriptor) = (scratch + 64, scratch + 128)
        try host.store(buffer, bytes)
        try host.store(descriptor, PrivcmdBuffer(address: buffer, byteLength: UInt64(bytes.count)).encodedBytes)
        _ = try control(
            privcmd, PrivcmdCall.dmOp, PrivcmdDMOP(domain: domain, count: 1, buffers: descriptor))
        return try host.load(buffer, byteCount: bytes.count)
    }

    private func mapPage(of id: IOREQServerID) throws(HostError) -> UInt64 {
        let mapped = try host.map(privcmd, pageCount: 1, offset: 0, isShared: true)
        guard case .value(let address) = mapped else { throw .broken("mmap of privcmd: \(mapped)") }
        let resource = PrivcmdMMAPResource(
            domain: domain, type: .ioreqServer, id: UInt32(id.rawValue), firstFrame: IOREQServerFrame.synchronous,
            count: 1, address: address)
        _ = try control(privcmd, PrivcmdCall.mmapResource, resource)
        return address
    }

    private func control(
        _ node: NodeHandle, _ request: UInt32, _ argument: some WireLayout
    ) throws(HostError) -> UInt64 {
        try host.store(scratch, argument.encodedBytes)
        let answer = try host.control(node, request, scratch)
        guard case .value(let value) = answer else {
            throw .broken("the exerciser's driver: ioctl 0x\(String(request, radix: 16)): \(answer)")
        }
        return value
    }
}

extension GuestCommand {
    /// As the exerciser takes it, and how many words it answers beside the status. Guests/README.md.
    var words: (words: [UInt32], results: Int) {
        switch self {
        case .input(let port, let size): ([0x10, UInt32(port), size.rawValue], 1)
        case .output(let port, let size, let value):
            ([0x11, UInt32(port), size.rawValue, UInt32(truncatingIfNeeded: value)], 0)
        case .stringInput(let port, let size, let count, let offset, let down):
            ([0x12, UInt32(port), size.rawValue, count, offset, down ? 1 : 0], 0)
        case .stringOutput(let port, let size, let count, let offset, let down):
            ([0x13, UInt32(port), size.rawValue, count, offset, down ? 1 : 0], 0)
        case .load(let address, let size): ([0x20] + pair(address) + [size.rawValue], 2)
        case .store(let address, let size, let value): ([0x21] + pair(address) + [size.rawValue] + pair(value), 0)
        case .moveIn(let address, let size, let count, let offset, let down):
            ([0x22] + pair(address) + [size.rawValue, count, offset, down ? 1 : 0], 0)
        case .moveOut(let address, let size, let count, let offset, let down):
            ([0x23] + pair(address) + [size.rawValue, count, offset, down ? 1 : 0], 0)
        case .peek(let offset): ([0x30, offset], 1)
        case .poke(let offset, let word): ([0x31, offset, word], 0)
        case .arm(let vector): ([0x50, UInt32(vector)], 0)
        case .count(let vector): ([0x51, UInt32(vector)], 1)
        case .awaitVector(let vector, let count): ([0x52, UInt32(vector), count, 1_000_000], 1)
        case .acknowledge(let vector, let port): ([0x53, UInt32(vector), UInt32(port)], 0)
        case .repeatStore(let address, let size, let value, let rounds):
            ([0x83] + pair(address) + [size.rawValue] + pair(value) + [rounds], 4)
        case .shutDown(let reason): ([0x70, reason], 0)
        }
    }

    private func pair(_ value: UInt64) -> [UInt32] {
        [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
    }
}
