// fake-xapi: the fake toolstack as a program, for scripts that start varstored.
// Not for: tests in Swift, which have it on their own loop.

import EventLoop
import FakeXAPI
import SystemCalls

/// Ends the loop at SIGTERM or SIGINT.
private final class Stop: DescriptorHandler {
    let signals: SignalDescriptor

    init() throws(SystemError) { signals = try SignalDescriptor([.terminate, .interrupt]) }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { loop.stop() }
}

@main
struct Program {
    static func main() {
        guard let options = FakeOptions(Array(CommandLine.arguments.dropFirst())) else {
            try? StandardStream.error.write(FakeOptions.usage)
            exitProgram(2)
        }
        do throws(SystemError) {
            try serve(options)
        } catch {
            try? StandardStream.error.write("fake-xapi: \(error)\n")
            exitProgram(1)
        }
    }

    private static func serve(_ options: FakeOptions) throws(SystemError) {
        ignoreBrokenPipes()
        let loop = try EventLoop()
        let stop = try Stop()
        _ = try loop.watch(stop.signals.descriptor.rawValue, stop)
        // What an earlier one has left that was killed.
        try? removeFile(path: options.socket)
        let server = try FakeXAPI(path: options.socket, loop: loop)
        server.certificateState = options.state
        server.behaviours = [options.behaviour]
        server.onCall = { [unowned server] call in
            if let path = options.log { write(line(call), to: path) }
            if let path = options.blob { server.stored = read(path) }
            guard let path = options.control, let text = read(path) else { return }
            let lines = ControlLines(String(decoding: text, as: UTF8.self)) {
                try? StandardStream.error.write("fake-xapi: control file: \($0)\n")
            }
            server.behaviours = lines.behaviours + [options.behaviour]
            if let state = lines.state { server.certificateState = state == "failure" ? nil : state }
        }
        server.onSet = { blob in
            guard let path = options.blob else { return }
            do throws(SystemError) {
                try replaceFile(path: path, with: blob.span)
            } catch {
                try? StandardStream.error.write("fake-xapi: \(path): \(error)\n")
            }
        }
        try StandardStream.output.write("ready\n")
        try loop.run()
        try server.close()
    }

    private static func line(_ call: FakeCall) -> String {
        let words = call.parameters.enumerated().map { place, text in
            let isBlob = place == 2 && call.method.hasPrefix("VM.set_NVRAM")
            return isBlob ? "blob:\(text.utf8.count / 4 * 3 - text.utf8.reversed().prefix { $0 == 61 }.count)" : text
        }
        return ([call.method] + words.map { $0.isEmpty ? "\"\"" : $0 }).joined(separator: " ") + "\n"
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = try? OwnedDescriptor.open(path: path, .read), let count = try? file.byteCount() else {
            return nil
        }
        return try? file.read(at: 0, byteCount: count)
    }

    private static func write(_ line: String, to path: String) {
        let bytes = Array(line.utf8)
        try? OwnedDescriptor.open(path: path, .write, [.create, .append]).writeAll(bytes.span)
    }
}
