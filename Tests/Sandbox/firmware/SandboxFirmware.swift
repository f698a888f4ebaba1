// A sandbox whose one guest is the firmware guest: the sources that real Xen boots (Guests/firmware), a thread for each
// vCPU. It judges the varstored that serves it.
//     sandbox-firmware [--keys FOLDER] [--stub | --stub=FILE] SOCKET [WORD...]
// The words are the guest's command line. Says "ready: domain 1" when it listens: then varstored may attach. Prints
// what the guest prints. Status 0: the guest was content; 1: it was not; 2: usage. --stub: no varstored is needed.

import EventLoop
import FirmwareGuest
import HypervisorModel
import Machine
import ModelMachine
import SandboxServer
import ServerCalls
import SystemCalls
import XenABI

@main
enum SandboxFirmware {
    static func main() {
        guard let options = Options(CommandLine.arguments.dropFirst()) else {
            fail("usage: sandbox-firmware [--keys FOLDER] [--stub | --stub=FILE] SOCKET [WORD...]", 2)
        }
        do {
            exitProgram(try serve(options))
        } catch {
            fail("\(error)", 1)
        }
    }

    private static func serve(_ options: Options) throws -> Int32 {
        ignoreBrokenPipes()
        let signals = try SignalDescriptor([.terminate, .interrupt])
        let service = try SandboxService(
            SandboxOptions(socketPath: options.socket) { try? StandardStream.error.write($0 + "\n") })
        // As xl makes it from firmware.cfg: two vCPUs, 16 MiB.
        let domain = try service.hypervisor.createDomain(DomainShape(.pvh, vcpuCount: 2, frameCount: 4096))
        try GuestImage(domain: domain).load(commandLine: options.words, keys: options.keys)
        let monitor = Monitor()
        let stub = try options.stub.map { try StubbedService(path: $0) }
        Machines.install(
            domain.vcpus.map { vcpu in
                let machine = ModelMachine(
                    ThreadedVCPU(vcpu, of: domain, on: service.hypervisor, monitor: monitor), main: firmwareMain,
                    console: { try? StandardStream.output.write(String(decoding: $0, as: UTF8.self)) })
                return stub.map { StubbedMachine(machine, $0) } ?? machine
            })
        let gate = MonitorGate(monitor)
        let stop = Stop(service)
        return try withExtendedLifetime((gate, stop)) {
            service.loop.gate = gate
            _ = try service.loop.watch(signals.descriptor.rawValue, stop)
            monitor.lock()
            _ = try PlainThread {
                Machines.become(vcpu: 0)
                firmwareMain(0)
            }
            try StandardStream.output.write("ready: domain \(domain.id.rawValue)\n")
            let status = try status(of: domain, in: service)
            service.close()
            return status
        }
    }

    /// Serves until the guest has shut down, and then until its device model is gone, for ten seconds at most: it may
    /// have something to save.
    private static func status(of domain: Domain, in service: SandboxService) throws -> Int32 {
        while !service.isStopped && domain.life.shutdownReason == nil { try service.step(milliseconds: 20) }
        guard let reason = domain.life.shutdownReason else { return 1 }
        try StandardStream.output.write("the guest has shut down, reason \(reason.rawValue)\n")
        let end = MonotonicTime.now.nanoseconds + 10_000_000_000
        while !service.isStopped && MonotonicTime.now.nanoseconds < end && hasServer(domain) {
            try service.step(milliseconds: 20)
        }
        // Poweroff and reboot are how the guest ends when all was well (Firmware.end).
        return reason == .powerOff || reason == .reboot ? 0 : 1
    }

    private static func hasServer(_ domain: Domain) -> Bool {
        (0..<8).contains { domain.server(IOREQServerID($0)) != nil }
    }

    private static func fail(_ text: String, _ status: Int32) -> Never {
        try? StandardStream.error.write("sandbox-firmware: \(text)\n")
        exitProgram(status)
    }
}

private struct Options {
    var socket = ""
    var words = ""
    var keys = "Guests/firmware/keys"
    /// Not nil: no varstored; the file in which the store is kept, if any.
    var stub: String??

    init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let word = rest.popFirst() {
            if word == "--keys" {
                guard let folder = rest.popFirst() else { return nil }
                keys = folder
            } else if word == "--stub" {
                stub = .some(nil)
            } else if word.hasPrefix("--stub=") {
                stub = String(word.dropFirst(7))
            } else if word.hasPrefix("--") {
                return nil
            } else {
                socket = word
                words = rest.joined(separator: " ")
                break
            }
        }
        if socket.isEmpty { return nil }
    }
}

private final class Stop: DescriptorHandler {
    private let service: SandboxService
    init(_ service: SandboxService) { self.service = service }
    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { service.stop() }
}
