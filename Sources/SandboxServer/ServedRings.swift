// The sandbox' side of the rings that it shares with a process: what fires goes in, commands come out. Everything that
// the process has written there is a hint. Not for: packets (ServedConnection).
// Rings are changed as a whole (taken out, changed, put back): then Swift knows that no two changes overlap,
// and checks nothing when they are used.

internal import HypervisorModel
internal import SandboxWire
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// An open evtchn file of a process, and the memory by which it is used.
final class ServedRings {
    /// What serving the commands has come to.
    enum Outcome {
        /// All were served, and the process knows that it has to wake us.
        case done
        /// There are more.
        case more
        /// The process has written what can't be.
        case broken(StaticString)
    }

    let file: EventChannelFile
    private let memoryFile: OwnedDescriptor
    private let memory: MappedPages
    /// Wakes the process, which does not get it: it could be made to block. It gets `bellPoll`, which tells of its
    /// edges; so nobody reads it.
    private let bell: EventCounter
    private let bellPoll: EventPoll
    /// Signalled by the process; never read, because it is watched for its edges.
    let counter: EventCounter
    private var fired = RingWriter(EventLayout.fired)
    private var commands = RingReader(EventLayout.commands)
    /// Ports that are bound.
    private(set) var portCount = 0

    init(_ file: EventChannelFile) throws(SystemError) {
        self.file = file
        memoryFile = try OwnedDescriptor.sealedMemoryFile(name: "corbel events", byteCount: EventLayout.byteCount)
        let mapped = try MappedMemory(sharing: memoryFile, byteCount: EventLayout.byteCount, access: .readWrite)
        memory = MappedPages(mapped, keeping: nil)
        bell = try EventCounter()
        bellPoll = try EventPoll()
        try bellPoll.add(bell.descriptor.rawValue, [.readable, .edge], token: Welcome.bellToken)
        counter = try EventCounter()
        EventLayout.sandboxSleeps.set(memory)
        file.whenReadable = { [unowned self] in pump() }
    }

    deinit { file.close() }

    /// What the process gets, in the order of `Welcome`.
    var descriptors: [Int32] { [memoryFile.rawValue, bellPoll.number, counter.descriptor.rawValue] }

    func portBound() { portCount += 1 }

    func portUnbound() { portCount -= 1 }

    /// Whether there are commands, as far as the process says. Costs no system call.
    var hasCommands: Bool { !commands.isEmpty(memory) }

    /// Puts what has fired into the ring, as far as there is room, and wakes the process if it sleeps.
    func pump() {
        var isNew = false
        var ring = fired
        while ring.hasRoom(memory), let port = try? file.next() {
            isNew = ring.push(port.rawValue, to: memory) || isNew
        }
        fired = ring
        guard isNew, EventLayout.processSleeps.take(memory) else { return }
        try? bell.signal()
    }

    /// Before sleeping: from here on the process signals. False: there are commands already.
    func arm() -> Bool {
        EventLayout.sandboxSleeps.set(memory)
        return commands.isEmpty(memory)
    }

    /// Serves commands, so many at most. `arms`: when there are no more, the process is told to signal.
    func serve(max: Int, arms: Bool) -> Outcome {
        for _ in 0..<max {
            switch pop() {
            case .word(let word):
                guard let command = EventCommand(word) else { return .broken("an unknown command in its ring") }
                perform(command)
            case .broken: return .broken("impossible numbers in its ring")
            case .empty:
                if !arms || arm() { return .done }
            }
        }
        return .more
    }

    private func pop() -> RingReader.Outcome {
        var ring = commands
        defer { commands = ring }
        return ring.pop(from: memory)
    }

    /// Ports that are not the process' own are ignored by the file.
    private func perform(_ command: EventCommand) {
        switch command {
        case .notify(let port): if file.owns(EventPort(port)) { try? file.notify(EventPort(port)) }
        case .unmask(let port): file.unmask(EventPort(port))
        }
    }
}
