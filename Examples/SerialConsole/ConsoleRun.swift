// One run: opens everything, serves, and tells what it was.
// Not for: the loop (see Service).

internal import DaemonShell
internal import EventLoop
internal import SystemCalls
import XenABI
import XenDeviceModel
import XenLinux
import XenPlatform

/// Where the output goes when there is no standard output.
final class NoSink: ByteSink {
    func write(_ bytes: Span<UInt8>) -> WriteOutcome { .wrote(bytes.count) }
}

/// A run of the program, from opened files to the final numbers.
final class ConsoleRun {
    private let options: Options
    private let messages: Messages
    private let stop: StopSignals
    private let loop: EventLoop
    private let standardOutput: any ByteSink
    private let output: ConsoleOutput
    private let log: ConsoleOutput?
    private let statisticsFile: DescriptorSink?
    private var watches: [OutputWatch] = []

    /// Opens everything that needs no Xen. The signals no longer kill from here on.
    init(_ options: Options, _ standardOutput: any ByteSink, _ messages: Messages) throws(Failure) {
        self.options = options
        self.messages = messages
        self.standardOutput = standardOutput
        stop = StopSignals()
        ignoreBrokenPipes()
        do throws(SystemError) {
            loop = try EventLoop()
        } catch {
            throw Failure("no event loop: \(error)")
        }
        output = ConsoleOutput("standard output", to: standardOutput) { messages.say($0) }
        let logFile = try Self.open(options.logPath, "--log", .append)
        log = logFile.map { file in ConsoleOutput("--log", to: file) { messages.say($0) } }
        let path = options.statisticsPath == "-" ? nil : options.statisticsPath
        statisticsFile = try Self.open(path, "--statistics", .truncate)
        if let sink = standardOutput as? DescriptorSink { watch(output, sink) }
        if let log, let logFile { watch(log, logFile) }
    }

    private static func open(
        _ path: String?, _ option: String, _ way: OpenOptions
    ) throws(Failure) -> DescriptorSink? {
        guard let path else { return nil }
        do throws(SystemError) {
            let options: OpenOptions = [.create, .nonBlocking, way]
            return DescriptorSink(try OwnedDescriptor.open(path: path, .write, options, permissions: 0o644))
        } catch {
            throw Failure("\(option) \(path): \(error)")
        }
    }

    private func watch(_ output: ConsoleOutput, _ sink: DescriptorSink) {
        watches.append(OutputWatch(output, on: sink, loop: loop, messages: messages))
    }

    /// Serves the domain to its end, or until a signal comes.
    func serve() throws(Failure) {
        let domain = try openDomain()
        let isTerminal = (standardOutput as? DescriptorSink)?.isTerminal ?? false
        let line = ConsoleLine(
            domain: domain, irq: options.irq, output: output,
            text: ConsoleText(prefix: options.prefix, escaping: isTerminal), log: log, messages: messages)
        let uart = UART16550(line: line)
        let feed = try makeFeed(to: uart, line)
        let service = Service(
            try startServer(domain, uart), stop: stop, loop: loop, outputs: [output] + (log.map { [$0] } ?? []))
        let start = MonotonicTime.now
        if !options.isQuiet { messages.say("serving domain \(options.domain), ports \(portText)") }
        feed?.pump()
        let end = service.run()
        let served = MonotonicTime.now.nanoseconds - start.nanoseconds

        let (statistics, failure) = service.close()
        line.finish()
        drainOutputs()
        report(
            Summary(
                domain: options.domain, end: Self.words(for: end), servedNanoseconds: served,
                activeNanoseconds: service.activeNanoseconds, statistics: statistics,
                operations: Self.operations(of: domain), sentByteCount: line.sentByteCount,
                receivedByteCount: feed?.byteCount ?? 0, lostByteCount: output.lostByteCount,
                residentByteCount: residentByteCount()))
        switch end {
        case .stopped, .domainGone:
            if let failure { throw Failure("the server of domain \(options.domain) was not taken down: \(failure)") }
        case .failed(let error): throw Failure("serving domain \(options.domain) failed: \(error)")
        case .loopFailed(let error): throw Failure("serving domain \(options.domain) failed: \(error)")
        }
    }

    // MARK: Beginning

    private func openDomain() throws(Failure) -> DeviceModelDomain {
        let platform: Platform
        do throws(HypervisorError) {
            if let choice = options.hypervisor {
                platform = try choice.open()
            } else {
                platform = try HypervisorChoice.choose(option: nil).open()
            }
        } catch {
            throw Failure("\(error)")
        }
        do throws(XenError) {
            let domain = try platform.domain(DomainID(options.domain), restricted: options.restricts)
            tellLeftOverServers(of: domain)
            return domain
        } catch {
            throw Failure(sentence(for: error))
        }
    }

    /// Servers that a killed device model has left make the guest wait. They are told, and left alone: QEMU's look the
    /// same.
    private func tellLeftOverServers(of domain: DeviceModelDomain) {
        // Where Xen does not tell, there is nothing to say.
        guard !options.isQuiet, let ids = try? domain.ioreqServerIDs() else { return }
        let servers = DomainServers(ids: ids.map(\.rawValue), domain: options.domain)
        if let warning = servers.warning { messages.say(warning) }
    }

    private func startServer(
        _ domain: DeviceModelDomain, _ uart: UART16550
    ) throws(Failure) -> IOREQServer<ServerState.Serving> {
        do throws(XenError) {
            return try domain.makeIOREQServer(buffered: .off).mapPages().claim(.ports(options.ports), for: uart)
                .enable()
        } catch {
            throw Failure(sentence(for: error))
        }
    }

    private func makeFeed(to uart: UART16550, _ line: ConsoleLine) throws(Failure) -> InputFeed? {
        guard options.takesInput, let input = openStandardStream(0, .read) else { return nil }
        do throws(SystemError) {
            let feed = try InputFeed(input, to: uart, loop: loop, messages: messages)
            line.whenRoom = { [unowned feed] in feed.pump() }
            return feed
        } catch {
            throw Failure("--input: \(error)")
        }
    }

    private var portText: String {
        "0x" + String(options.ports.lowerBound, radix: 16) + "-0x" + String(options.ports.upperBound, radix: 16)
    }

    private func sentence(for error: XenError) -> String {
        switch error.code {
        case .esrch: "there is no domain \(options.domain), or it is being torn down (\(error))"
        case .eperm: "not allowed to serve domain \(options.domain): its own domain, or no privilege (\(error))"
        case .enospc: "\(DomainServers(ids: [], domain: options.domain).advice) (\(error))"
        default: "domain \(options.domain) can't be served: \(error)"
        }
    }

    // MARK: End

    /// Writes what is pending, for a while; a reader that does not read can't keep us.
    private func drainOutputs() {
        let deadline = MonotonicTime.now.advanced(byMilliseconds: Program.finalFlushMilliseconds)
        for pending in [output, log].compactMap({ $0 }) {
            pending.flush()
            while pending.hasPending, MonotonicTime.now < deadline {
                do throws(SystemError) {
                    try loop.turn(milliseconds: MonotonicTime.now.milliseconds(until: deadline))
                } catch {
                    return messages.say("the last output can't be waited for: \(error)")
                }
            }
        }
    }

    private func report(_ summary: Summary) {
        guard let path = options.statisticsPath else { return }
        if !options.isQuiet { messages.show(summary.table) }
        let bytes = Array(summary.json.utf8)
        let sink: any ByteSink = statisticsFile ?? standardOutput
        switch sink.write(bytes.span) {
        case .wrote(bytes.count): break
        case .wrote, .wouldBlock: messages.say("--statistics \(path): not all of it was taken")
        case .closed(let reason), .failed(let reason): messages.say("--statistics \(path): \(reason)")
        }
    }

    private static func words(for end: Service.End) -> String {
        switch end {
        case .stopped: "stopped by a signal"
        case .domainGone: "gone"
        case .failed, .loopFailed: "failed"
        }
    }

    private static func operations(of domain: DeviceModelDomain) -> [(name: String, counter: CallCounter)] {
        DMOpcode.all.compactMap { operation in
            let counter = domain.counter(of: operation)
            return counter.count > 0 ? (operation.name.description, counter) : nil
        }
    }
}
