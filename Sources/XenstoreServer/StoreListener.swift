// The socket that connections come from (xenstored.md 10).
// Not for: what becomes of them (StoreServer+Sockets).

internal import DaemonShell
internal import EventLoop
internal import ServerCalls
public import SystemCalls
internal import XenstoreCore

/// Takes connections, and stops where descriptors become few.
final class StoreListener: DescriptorHandler, TimerHandler {
    private let socket: StreamSocket
    private unowned let server: StoreServer
    /// Descriptors that there may be.
    private let descriptorCountMax: Int
    private var watch: Watch?
    private var isPaused = false
    private var timer: LoopTimer?
    private var lastFailure: MonotonicTime?
    private var failureCount = 0

    init(_ socket: consuming StreamSocket, _ server: StoreServer, descriptorCountMax: Int) throws(SystemError) {
        try socket.descriptor.setNonBlocking(true)
        self.socket = socket
        self.server = server
        self.descriptorCountMax = descriptorCountMax
    }

    func begin() throws(SystemError) { watch = try server.loop.watch(socket.descriptor.rawValue, self) }

    /// The number of the socket, for a live update.
    var number: Int32 { socket.descriptor.rawValue }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        for _ in 0..<StoreLimits.acceptCount where !isPaused {
            do throws(SystemError) {
                guard let taken = try socket.accept() else { return }
                try begin(taken)
            } catch {
                failed(error)
            }
        }
    }

    private func begin(_ taken: consuming StreamSocket) throws(SystemError) {
        // The lowest free number is given: all below this one are in use.
        let number = Int(taken.descriptor.rawValue)
        let id = server.core.openSocket()
        let client = SocketClient(id, taken.intoDescriptor(), server)
        do throws(SystemError) {
            try server.begin(client)
        } catch {
            server.close(client)
            throw error
        }
        if number + 1 + StoreLimits.spareDescriptorCount >= descriptorCountMax { pause() }
    }

    /// Too few descriptors, or another trouble that may pass: told once a minute, and tried again when one of ours is
    /// freed, or a second later.
    private func failed(_ error: SystemError) {
        pause()
        failureCount += 1
        let now = MonotonicTime.now
        if timer == nil { timer = server.loop.schedule(at: now.advanced(byMilliseconds: 1000), self) }
        if let lastFailure, now < lastFailure.advanced(byMilliseconds: 60_000) { return }
        lastFailure = now
        let fields = [("error", error.description), ("failures", "\(failureCount)")]
        server.log.write(.warning, "socket", "no connection can be taken", fields)
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        resume()
    }

    /// A descriptor of ours is, or is about to be, free.
    func descriptorFreed() {
        if isPaused { resume() }
    }

    /// Takes nobody. It isn't even waited for: who waits to be let in would be told of for ever.
    private func pause() {
        isPaused = true
        guard let watch else { return }
        self.watch = nil
        do throws(SystemError) {
            try server.loop.remove(watch)
        } catch {
            server.log.write(.error, "socket", "can't be let go", [("error", error.description)])
        }
    }

    private func resume() {
        do throws(SystemError) {
            if watch == nil { try begin() }
            isPaused = false
        } catch {
            failed(error)
        }
    }
}

extension StoreServer {
    /// Takes connections of a listening socket from now on, while this process has more than 32 descriptors less than
    /// it may have: by the limit that it has now, or the one given.
    public func listen(_ socket: consuming StreamSocket, descriptorCountMax: Int? = nil) throws(SystemError) {
        let listener = try StoreListener(
            socket, self, descriptorCountMax: descriptorCountMax ?? descriptorLimit())
        try listener.begin()
        self.listener = listener
    }
}
