// The metrics endpoint: a listening socket of the unix kind whose clients each get the metrics once. It serves a few at
// once; the others wait to be let in, and nobody else waits for any of them.
// Not for: the text (MetricsPage), one client (MetricsClient), who may connect (the socket file's mode).

public import EventLoop
internal import ServerCalls
public import SystemCalls

/// Serves the metrics of a server.
public final class MetricsEndpoint: DescriptorHandler, TimerHandler {
    /// Clients at once.
    public static var clientCountMax: Int { 4 }

    private let socket: StreamSocket
    unowned let server: StoreServer
    /// Tells of rings; without it families of rings have no samples.
    public var rings: (any RingReports)?
    let begin = MonotonicTime.now
    private var watch: Watch?
    private var clients: [ObjectIdentifier: MetricsClient] = [:]
    private var pause: LoopTimer?
    /// Answers that were begun.
    var scrapeCount: UInt64 = 0

    /// Takes connections of a listening socket from now on. Throws what epoll answers.
    public init(_ socket: consuming StreamSocket, server: StoreServer) throws(SystemError) {
        self.socket = socket
        self.server = server
        watch = nil
        watch = try server.loop.watch(self.socket.descriptor.rawValue, for: .readable, self)
    }

    /// Lets everybody go, and takes nobody any more. The socket is closed with the endpoint.
    public func stop() {
        for client in clients.values { client.close() }
        clients.removeAll()
        if let pause { server.loop.cancel(pause) }
        pause = nil
        if let watch { try? server.loop.remove(watch) }
        watch = nil
    }

    /// Clients that are served now.
    public var clientCount: Int { clients.count }

    /// Takes who waits.
    public func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        do throws(SystemError) {
            while clients.count < Self.clientCountMax, let taken = try socket.accept() {
                let client = try MetricsClient(taken, endpoint: self)
                clients[ObjectIdentifier(client)] = client
            }
            if clients.count >= Self.clientCountMax { rest() }
        } catch {
            // Out of descriptors, say: again in a second. The loop would tell at once, over and over.
            rest()
            pause = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: 1000), self)
        }
    }

    /// Takes connections again after a failure.
    public func fired(_ timer: LoopTimer, on loop: EventLoop) {
        pause = nil
        goOn()
    }

    func closed(_ client: MetricsClient) {
        clients[ObjectIdentifier(client)] = nil
        goOn()
    }

    private func rest() {
        if let watch { try? server.loop.change(watch, to: []) }
    }

    private func goOn() {
        if pause != nil || clients.count >= Self.clientCountMax { return }
        if let watch { try? server.loop.change(watch, to: .readable) }
    }
}
