// The Swift side of `make bench`: DM_OPs, and round trips of the exerciser guest, made as a user of the library would.
// Benchmarks/c/peer.c does the same with Xen's C libraries.
//     corbel-bench DOMID NAME=COUNT...
// Prints a line for each: name, count, nanoseconds, TSC cycles of the guest (0 for DM_OPs: it sleeps meanwhile).

import GuestDriving
import SystemCalls
import XenABI
import XenDeviceModel
import XenLinux

@main
enum Benchmark {
    static func main() { run(CommandLine.arguments.dropFirst()) }

    /// Apart from main, which is the main actor's: closures in it would bring in Concurrency and Dispatch.
    private static func run(_ arguments: ArraySlice<String>) {
        let measurements = arguments.dropFirst().compactMap { Measurement($0) }
        guard let number = UInt16(arguments.first ?? ""), measurements.count == arguments.count - 1 else {
            end("usage: corbel-bench DOMID NAME=COUNT..., names: \(Subject.allCases.map(\.rawValue))", 2)
        }
        do {
            try measure(DomainID(number), measurements)
        } catch {
            end("corbel-bench: \(error)", 1)
        }
    }

    private static func measure(_ id: DomainID, _ measurements: [Measurement]) throws {
        let domain = try XenLinux.open().domain(id, restricted: true)
        let ports = try CommandPorts(domain)
        let device = Register()
        let server = try domain.makeIOREQServer().mapPages()
            .claim(GuestDriver.ports, for: ports)
            .claim(.ports(Subject.port...Subject.port + 3), for: device)
            .claim(.memory(Subject.address...Subject.address + 0xFFF), for: device)
            .enable()
        // The guest has its vCPU up and waits for a command once it has answered this one.
        _ = try ports.run(.hello, results: 5, on: server)
        // Printed at the end, because who reads a pipe would run while the next one is measured.
        var lines = ""
        for measurement in measurements { lines += try measurement.run(on: server, ports) + "\n" }
        try StandardStream.output.write(lines)
        try server.close()
    }

    private static func end(_ sentence: String, _ status: Int32) -> Never {
        try? StandardStream.error.write(sentence + "\n")
        exitProgram(status)
    }
}
