// Where the figures come from: the metrics endpoint of a server of ours.
// Not for: what they say (StoreFigures).

internal import SystemCalls
internal import XenstoreClient

/// Why there are no figures.
struct TopFailure: Error, Equatable {
    /// A sentence.
    var sentence: String
}

/// Asks the endpoint.
struct TopSource {
    /// The endpoint's socket.
    let path: String

    /// How long an answer may take, and how long it may be: a server with 30000 domains says 30 MB.
    private static let milliseconds: Int32 = 5000
    private static let byteCountMax = 64 << 20

    /// Beside the socket of a server with this environment: where xenstored has it (its StorePaths.swift).
    static func ofHost(variable: (String) -> String?) -> TopSource {
        func set(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }
        let socket = set("XENSTORED_PATH") ?? set("XENSTORED_RUNDIR").map { $0 + "/socket" } ?? XenstorePlace.socketPath
        let folder = socket.lastIndex(of: "/").map { socket[..<$0] } ?? "."
        return TopSource(path: "\(folder)/metrics")
    }

    /// The figures of now.
    func figures() throws(TopFailure) -> StoreFigures {
        let text: [UInt8]
        do throws(SystemError) {
            text = try answer()
        } catch {
            throw TopFailure(sentence: "\(path): \(SystemError.text(of: error.code))")
        }
        guard let figures = StoreFigures(MetricsSample.all(text)) else {
            throw TopFailure(sentence: "\(path): what answers there is no Xenstore server")
        }
        return figures
    }

    /// Why there is nothing to show, for a start that has failed: whether there is a server at all.
    func explain(_ failure: TopFailure) -> String {
        do throws(XenstoreError) {
            _ = try XenstoreClient.connect(timeoutMilliseconds: 1000)
            return "the Xenstore server of this host tells no figures: it is another program than Corbel's xenstored "
                + "(\(failure.sentence))"
        } catch {
            return "there is no Xenstore server here (\(failure.sentence))"
        }
    }

    /// An empty line has the text sent, without a head.
    private func answer() throws(SystemError) -> [UInt8] {
        let deadline = MonotonicTime.now.advanced(byMilliseconds: Self.milliseconds)
        let socket = try StreamSocket.connected(path: path)
        let poll = try EventPoll()
        try poll.add(socket.descriptor.rawValue, .readable, token: 0)
        // A new socket has room for a byte.
        _ = try socket.descriptor.send([0x0A].span)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            var room = buffer.mutableSpan
            if let count = try socket.descriptor.readIfReady(into: &room) {
                if count == 0 { return text }
                text += buffer[..<count]
                if text.count > Self.byteCountMax { throw SystemError(90, "read") }  // EMSGSIZE
                continue
            }
            let left = MonotonicTime.now.milliseconds(until: deadline)
            if left == 0 { throw SystemError(110, "read") }  // ETIMEDOUT
            _ = try poll.wait(milliseconds: left)
        }
    }
}
