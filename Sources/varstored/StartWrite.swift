// A write at the start, for which the start waits. Source: varstored.md 10.5, 13.4, 13.6.
// Not for: writes of a guest (VariableService).

internal import EventLoop
internal import SystemCalls
internal import VariableService
internal import XenLinux

/// Writes a blob and turns the loop until it is known what became of it.
final class StartWrite: DescriptorHandler, TimerHandler {
    /// What became of it.
    enum Outcome: Equatable {
        case confirmed
        case failed(String)
        /// The daemon was told to stop meanwhile.
        case stopped
    }

    private let loop: EventLoop
    private var outcome: Outcome?
    private var isRunning = false

    init(_ loop: EventLoop) { self.loop = loop }

    func run(
        _ blob: [UInt8], _ reason: WriteReason, _ backend: any VariableBackend, _ stop: StopSignals,
        milliseconds: Int32
    ) -> Outcome {
        backend.write(blob, for: reason) { [self] result in
            switch result {
            case .confirmed: end(.confirmed)
            case .failed(let words): end(.failed(words))
            }
        }
        if let outcome { return outcome }
        do throws(SystemError) {
            let watch = try loop.watch(stop.descriptor, self)
            defer { try? loop.remove(watch) }
            let timer = loop.schedule(at: MonotonicTime.now.advanced(byMilliseconds: milliseconds), self)
            defer { loop.cancel(timer) }
            isRunning = true
            defer { isRunning = false }
            try loop.run()
        } catch {
            outcome = outcome ?? .failed("\(error)")
        }
        if outcome != .confirmed { backend.abandon() }
        return outcome ?? .failed("no answer")
    }

    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { end(.stopped) }

    func fired(_ timer: LoopTimer, on loop: EventLoop) { end(.failed("no answer in time")) }

    private func end(_ reason: Outcome) {
        if outcome != nil { return }
        outcome = reason
        // Outside of `run()` it would end the next one.
        if isRunning { loop.stop() }
    }
}
