// A client on the unix socket, and what of its bytes is under way (xenstored.md 10).
// Not for: when it is read or written (StoreServer+Sockets, StoreServer+Output).

internal import EventLoop
internal import SystemCalls
internal import XenstoreCore
internal import XenstoreWire

/// A socket that is served. Idle it holds no buffer.
final class SocketClient: DescriptorHandler {
    let id: ConnectionID
    let descriptor: OwnedDescriptor
    unowned let server: StoreServer
    /// Nil when it was never watched, or has hung up: then it is read to its end as it may be.
    var watch: Watch?
    var interest: Readiness = .readable

    var parser = XenstoreFrameParser()
    /// Bytes that were read, those from `inputOffset` on not delivered yet.
    var input: [UInt8] = []
    var inputOffset = 0
    /// Bytes that the kernel didn't take yet, from `unsentOffset` on, and the messages that they are of.
    var unsent: [UInt8] = []
    var unsentOffset = 0
    var unsentParts: [OutputPart] = []
    /// Bytes of the first of them that are gone.
    var partSentByteCount = 0
    /// Bytes of the replies among them.
    var unsentReplyByteCount = 0

    /// Whether the kernel has said that there is something to read.
    var isReadable = false
    /// Whether too many replies wait.
    var isFull = false
    var isReady = false
    /// The number of the round in which it had its last turn.
    var servedRound: UInt64 = 0
    var isTouched = false
    var isClosed = false

    init(_ id: ConnectionID, _ descriptor: consuming OwnedDescriptor, _ server: StoreServer) {
        self.id = id
        self.descriptor = descriptor
        self.server = server
    }

    /// Bytes of requests that were not handled: in the parser, and behind it.
    var unhandled: [UInt8] { parser.unfinished + input[inputOffset...] }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        server.socketReady(self, readiness)
    }
}
