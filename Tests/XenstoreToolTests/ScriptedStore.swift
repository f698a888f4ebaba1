// A store for one tool's run: a script answers each request, so that nodes can refuse what no socket is refused.
// Not for: keeping nodes.

import ServerCalls
import SystemCalls
import XenstoreClient
import XenstoreWire

@testable import xenstore

/// What a script says to a request.
enum ScriptedAnswer {
    case reply(String)
    case refuse(XenstoreErrorCode)
    /// An event after the reply `OK`; the connection is closed then, or not.
    case watched(path: String, closes: Bool)
}

/// Serves one connection at a path of its own.
final class ScriptedStore: @unchecked Sendable {
    /// The socket.
    let path: String
    private let thread: PlainThread

    init(_ name: String, _ script: @escaping @Sendable (XenstoreOperation, _ words: [String]) -> ScriptedAnswer) throws
    {
        let path = "/tmp/corbel-xenstore-tool-\(processID)-\(name)"
        self.path = path
        let door = Door(try StreamSocket.listening(path: path))
        thread = try PlainThread {
            try? door.serve(script)
            try? removeFile(path: path)
        }
    }

    /// A client of it, in a session without a transaction.
    func session() throws -> ToolSession { ToolSession(client: try XenstoreClient.connect(to: path)) }

    private final class Door: @unchecked Sendable {
        private let socket: StreamSocket
        private var parser = XenstoreFrameParser()

        init(_ socket: consuming StreamSocket) { self.socket = socket }

        func serve(_ script: (XenstoreOperation, [String]) -> ScriptedAnswer) throws {
            let poll = try EventPoll()
            try poll.add(socket.descriptor.rawValue, .readable, token: 0)
            _ = try poll.wait(milliseconds: 10_000)
            guard let client = try socket.accept() else { return }
            let ready = try EventPoll()
            try ready.add(client.descriptor.rawValue, .readable, token: 0)
            var buffer = [UInt8](repeating: 0, count: 8192)
            while try ready.wait(milliseconds: 10_000) > 0 {
                var room = buffer.mutableSpan
                guard let count = try client.descriptor.readIfReady(into: &room), count > 0 else { return }
                var offset = 0
                let bytes = Array(buffer[..<count])
                while let answer = try parser.next(
                    in: bytes.span, at: &offset, deliver: { Self.answer($0, $1, script) })
                {
                    _ = try client.descriptor.send(answer.bytes.span)
                    if answer.closes { return }
                }
            }
        }

        private static func answer(
            _ header: XenstoreHeader, _ payload: Span<UInt8>, _ script: (XenstoreOperation, [String]) -> ScriptedAnswer
        ) -> (bytes: [UInt8], closes: Bool) {
            let words = XenstoreText.copy(payload, 0..<payload.count).split(
                separator: 0, omittingEmptySubsequences: false
            )
            .map { String(decoding: $0, as: UTF8.self) }
            var writer = XenstoreWriter()
            switch script(header.operation, words) {
            case .reply(let text):
                writer.reply(to: header) { $0.put(text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 }) }
            case .refuse(let code): writer.refuse(header, code)
            case .watched(let path, let closes):
                writer.acknowledge(header)
                _ = writer.event(path: Array(path.utf8).span, token: Array(words[1].utf8).span)
                return (writer.bytes, closes)
            }
            return (writer.bytes, false)
        }
    }
}

/// What a run has written, in its order: errors in brackets.
final class Written {
    private(set) var text = ""
    lazy var console = Console(
        name: Array("tool".utf8),
        output: { [unowned self] in text += String(decoding: XenstoreText.copy($0, 0..<$0.count), as: UTF8.self) },
        errors: { [unowned self] in text += "[\(String(decoding: XenstoreText.copy($0, 0..<$0.count), as: UTF8.self))]"
        })
}

/// Counts calls, over threads.
final class Calls: @unchecked Sendable {
    private let monitor = Monitor()
    private var names: [String] = []
    func add(_ name: String) { monitor.locked { names.append(name) } }
    var all: [String] { monitor.locked { names } }
}
