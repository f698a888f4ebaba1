// Round trips between two processes: a guest's access in a sandbox, answered by a device model that is another process;
// beside it a bare ping-pong by two eventfds between the same processes.
//   across sandbox PATH ROUNDS SPIN &  CORBEL_SANDBOX_SPIN=SPIN across device PATH
// Each is measured in turn, so that the noise of the machine meets both.

import HypervisorModel
import SandboxClient
import SandboxServer
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// The smallest device.
final class Register: RegisterDevice {
    var value: UInt64 = 0
    func read(offset: UInt64, width: AccessWidth) -> UInt64 { value }
    func write(offset: UInt64, width: AccessWidth, value: UInt64) { self.value = value }
}

/// The peer has gone, or wants the ping-pong to end.
final class Stop: StopSource {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
}

@main struct Across {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count >= 3 else { return print("usage: across sandbox PATH ROUNDS SPIN | across device PATH") }
        if words[1] == "device" { return try device(words[2]) }
        try sandbox(words[2], rounds: Int(words[3]) ?? 10_000, spin: UInt32(words[4]) ?? 0)
    }

    // MARK: The sandbox' process

    static func sandbox(_ path: String, rounds: Int, spin: UInt32) throws {
        var options = SandboxOptions(socketPath: path)
        options.spinMicroseconds = spin
        let service = try SandboxService(options)
        let guest = try service.hypervisor.createDomain(DomainShape())
        let listener = try PacketSocket.listening(path: path + ".bare")
        defer { try? removeFile(path: path + ".bare") }
        while guest.server(IOREQServerID(0))?.isEnabled != true { try service.step(milliseconds: nil) }
        for _ in 0..<20 { try service.step(milliseconds: 10) }
        let accepted = try listener.accept()
        guard let accepted else { return print("the device model did not connect") }
        let (ping, pong) = (Counter(try EventCounter()), Counter(try EventCounter()))
        try ping.counter.descriptor.setNonBlocking(false)
        try pong.counter.descriptor.setNonBlocking(false)
        try accepted.send([1].span, descriptors: [ping.number, pong.number].span, waits: true)
        var (served, bare): ([UInt64], [UInt64]) = ([], [])
        for _ in 0..<10 {
            for left in (0..<(rounds / 10)).reversed() { bare.append(try time { try pingPong(ping, pong, left) }) }
            for _ in 0..<(rounds / 10) { served.append(try time { try access(guest.vcpus[0], service) }) }
        }
        print("bare eventfds: ", summary(&bare))
        print("port round trip:", summary(&served))
        print("ratio of medians: \(Double(served[served.count / 2]) / Double(bare[bare.count / 2]))")
    }

    static func time(_ body: () throws -> Void) rethrows -> UInt64 {
        let start = MonotonicTime.now.nanoseconds
        try body()
        return MonotonicTime.now.nanoseconds - start
    }

    static func access(_ vcpu: VirtualCPU, _ service: SandboxService) throws {
        var outcome = vcpu.perform(.output(0x100, .four, 1))
        while outcome == .waiting {
            try service.step(milliseconds: nil)
            outcome = vcpu.resume()
        }
        precondition(outcome == .done(0), "not answered")
    }

    /// The last ping of a burst counts two.
    static func pingPong(_ ping: Counter, _ pong: Counter, _ left: Int) throws {
        let number: [8 of UInt8] = [left == 0 ? 2 : 1, 0, 0, 0, 0, 0, 0, 0]
        _ = try ping.counter.descriptor.write(number.span)
        _ = try pong.counter.drain()
    }

    static func summary(_ times: inout [UInt64]) -> String {
        times.sort()
        return "median \(times[times.count / 2]) ns, best \(times[0]), 95%: \(times[times.count * 95 / 100])"
    }

    final class Counter {
        let counter: EventCounter
        var number: Int32 { counter.descriptor.rawValue }
        init(_ counter: consuming EventCounter) { self.counter = counter }
    }

    // MARK: The device model's process

    /// Serves both in turn, as the other side asks: the ping-pong's eventfd is what serving stops for.
    static func device(_ path: String) throws {
        let domain = try SandboxClient.open(path: path).domain(DomainID(1), restricted: true)
        let bare = try PacketSocket.connected(path: path + ".bare")
        let server = try domain.makeIOREQServer().mapPages().claim(.ports(0x100...0x10F), for: Register()).enable()
        var (bytes, descriptors) = ([UInt8](repeating: 0, count: 8), Received())
        var span = bytes.mutableSpan
        while true {
            let ready = try waitUntilReadable(bare.descriptor.rawValue, milliseconds: 0)
            if ready == .first { break }
            _ = try domain.platform.events.wait(orReadable: bare.descriptor.rawValue, milliseconds: 100)
            try domain.process()
        }
        _ = try bare.receive(into: &span, &descriptors.all, waits: true)
        guard let ping = descriptors.all.take(0), let pong = descriptors.all.take(1) else { return }
        let (one, two) = (ping.rawValue, pong.rawValue)
        let stop = Stop(one)
        let (from, to) = (Plain(consume ping), Plain(consume pong))
        withExtendedLifetime(two) {}
        while true {
            do {
                _ = try server.serve(until: stop)
            } catch { return }
            while try !answer(from, to) {}
        }
    }

    final class Plain {
        let descriptor: OwnedDescriptor
        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    final class Received {
        var all = ReceivedDescriptors()
    }

    /// Waits for a ping and answers it; true: it was the last one of a burst.
    static func answer(_ from: Plain, _ to: Plain) throws -> Bool {
        var bytes: [8 of UInt8] = .init(repeating: 0)
        var span = bytes.mutableSpan
        _ = try from.descriptor.read(into: &span)
        let one: [8 of UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
        _ = try to.descriptor.write(one.span)
        return span[0] > 1
    }
}
