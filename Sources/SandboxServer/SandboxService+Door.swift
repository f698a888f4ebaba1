// Who is let in, who is turned away, and what happens when there is no room for either.
// Not for: the socket's name (SocketFile), connections (ServedConnection).

internal import EventLoop
internal import SandboxWire
internal import ServerCalls
internal import SystemCalls

extension SandboxService {
    /// Where those who connect come in. The loop keeps it, and it keeps nobody.
    final class Door: DescriptorHandler {
        private unowned let service: SandboxService

        init(_ service: SandboxService) { self.service = service }

        func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { service.letIn() }
    }

    fileprivate func letIn() {
        do throws(SystemError) {
            // Others have their turn, too: the rest stays readable.
            for _ in 0..<16 {
                guard let socket = try socketFile?.socket.accept() else { return }
                try admit(socket)
            }
        } catch {
            log("a connection was not to be had: \(error.description)")
            if SystemErrorCode.isOutOfDescriptors(error.code) { turnAway() } else { closeDoor() }
        }
    }

    /// There is no descriptor for whoever waits at the door: they are told, instead of being found there in every turn.
    private func turnAway() {
        var isTold = false
        spare.lend {
            guard let socket = try? socketFile?.socket.accept() else { return }
            Self.say(
                closing: "the sandbox has no descriptors left: end other connections, or raise its limit", to: socket)
            isTold = true
        }
        if !isTold { closeDoor() }
    }

    /// Nobody can be let in, nor turned away: the door is not looked at until a while has passed.
    private func closeDoor() {
        guard let doorWatch else { return }
        do throws(SystemError) {
            try loop.change(doorWatch, to: [])
            _ = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.doorMilliseconds), Doorbell(self))
        } catch {
            log("the door can't be closed: \(error.description)")
        }
    }

    /// Milliseconds for which the door stays closed.
    private static let doorMilliseconds: Int32 = 100

    /// Has the door looked at again.
    private final class Doorbell: TimerHandler {
        private weak var service: SandboxService?

        init(_ service: SandboxService) { self.service = service }

        func fired(_ timer: LoopTimer, on loop: EventLoop) {
            if let watch = service?.doorWatch { try? loop.change(watch, to: .readable) }
        }
    }

    private func admit(_ socket: consuming PacketSocket) throws(SystemError) {
        let peer = try socket.peer()
        guard Self.mayConnect(peer, to: effectiveUserID) else {
            log("process \(peer.processID) of user \(peer.userID) may not connect")
            return Self.say(closing: "only root and the sandbox' own user may connect", to: socket)
        }
        guard connections.count < options.limits.connections else {
            log("process \(peer.processID) may not connect: there are \(connections.count) connections")
            return Self.say(closing: "there are too many connections", to: socket)
        }
        let connection = ServedConnection(self, socket, peer, number: nextNumber)
        nextNumber += 1
        connection.socketWatch = try loop.watch(connection.socket.descriptor.rawValue, connection)
        connections.append(connection)
    }

    /// Who may connect to the sandbox of a user: that user, and root. The file's permissions say so as well.
    static func mayConnect(_ peer: PeerCredentials, to owner: UInt32) -> Bool {
        peer.userID == 0 || peer.userID == owner
    }

    /// Tells who does not become a connection.
    private static func say(closing reason: String, to socket: borrowing PacketSocket) {
        var writer = WireWriter()
        ServedConnection.encode(closing: reason, &writer)
        // Who does not read it does not want to know.
        let bytes = writer.bytes
        try? socket.send(bytes.span, waits: false)
    }
}
