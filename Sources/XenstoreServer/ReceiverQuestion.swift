// Asks a program what it is, by `--version`, while the loop goes on (xenstored.md 13.5, step 1).
// Not for: what follows from the answer (LiveUpdate).

internal import EventLoop
internal import ServerCalls
internal import SystemCalls

/// A program that was started with `--version`. It is killed when it has answered, and when this goes away.
final class ReceiverQuestion: DescriptorHandler, TimerHandler {
    private static var milliseconds: Int32 { 2000 }
    private static var byteCountMax: Int { 4096 }

    private let file: String
    private let loop: EventLoop
    private let answer: (String) -> Void
    private var child: ChildProcess?
    private var watch: Watch?
    private var timer: LoopTimer?
    private var text: [UInt8] = []

    /// The answer is what the program has written; nothing when there was an error, or none came in time.
    init(_ file: String, on loop: EventLoop, _ answer: @escaping (String) -> Void) {
        self.file = file
        self.loop = loop
        self.answer = answer
    }

    deinit { stop() }

    /// Begins. The answer comes later.
    func ask() {
        do throws(SystemError) {
            let child = try ChildProcess.start(path: file, arguments: ["--version"])
            watch = try loop.watch(child.output.rawValue, self)
            self.child = consume child
            timer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: Self.milliseconds), self)
        } catch {
            timer = loop.schedule(at: .now, self)
        }
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) {
        let goesOn = try? child?.readOutput(into: &text, byteCountMax: Self.byteCountMax)
        if goesOn == true { return }
        finish(text)
    }

    func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        finish([])
    }

    private func finish(_ bytes: [UInt8]) {
        stop()
        answer(String(decoding: bytes, as: UTF8.self))
    }

    private func stop() {
        if let watch { try? loop.remove(watch) }
        watch = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        child = nil
    }
}
