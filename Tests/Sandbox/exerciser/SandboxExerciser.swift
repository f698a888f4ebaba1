// A sandbox whose one guest is the exerciser: the sources that real Xen boots (Guests/exerciser), a thread for each
// vCPU. So the tests that drive it on Xen run here unchanged.
//     sandbox-exerciser SOCKET [hvm]     serves until SIGTERM; says "ready" when it listens

import EventLoop
import ExerciserGuest
import HypervisorModel
import Machine
import ModelMachine
import SandboxServer
import ServerCalls
import SystemCalls
import XenABI

@main
enum SandboxExerciser {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let path = arguments.first, arguments.count <= 2 else { fail("usage: sandbox-exerciser SOCKET [hvm]", 2) }
        do {
            try serve(at: path, isHVM: arguments.contains("hvm"))
        } catch {
            fail("\(error)", 1)
        }
    }

    private static func serve(at path: String, isHVM: Bool) throws {
        ignoreBrokenPipes()
        let signals = try SignalDescriptor([.terminate, .interrupt])
        let options = SandboxOptions(socketPath: path) { try? StandardStream.error.write($0 + "\n") }
        let service = try SandboxService(options)
        // As xl makes it from exerciser.cfg: two vCPUs, 16 MiB.
        let shape = DomainShape(isHVM ? .hvm : .pvh, vcpuCount: 2, frameCount: 4096)
        let domain = try service.hypervisor.createDomain(shape)
        let monitor = Monitor()
        let machines = domain.vcpus.map {
            ModelMachine(
                ThreadedVCPU($0, of: domain, on: service.hypervisor, monitor: monitor), main: exerciserMain)
        }
        Machines.install(machines)
        let gate = MonitorGate(monitor)
        let stop = Stop(service)
        try withExtendedLifetime((gate, stop)) {
            service.loop.gate = gate
            _ = try service.loop.watch(signals.descriptor.rawValue, stop)
            monitor.lock()
            _ = try PlainThread {
                Machines.become(vcpu: 0)
                exerciserMain(0)
            }
            try StandardStream.output.write("ready\n")
            try service.run()
            service.close()
        }
    }

    private static func fail(_ text: String, _ status: Int32) -> Never {
        try? StandardStream.error.write("sandbox-exerciser: \(text)\n")
        exitProgram(status)
    }
}

private final class Stop: DescriptorHandler {
    private let service: SandboxService
    init(_ service: SandboxService) { self.service = service }
    func ready(_ watch: Watch, _ readiness: Readiness, on loop: EventLoop) { service.stop() }
}
