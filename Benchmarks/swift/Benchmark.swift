// The Swift side of `make bench`: DM_OPs, mappings, and round trips of the exerciser guest, made as a user of the
// library would. Benchmarks/c/peer.c does the same with Xen's C libraries.
//     corbel-bench DOMID PLACE NAME=COUNT...     without measurements: a line of standard input for each
//     corbel-bench DOMID 0 start                 starts vCPUs 1 to 3
// Prints a line for each: name, count, nanoseconds, TSC cycles of the guest (0 where it sleeps meanwhile).

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
        let words = Array(arguments)
        guard words.count >= 2, let id = UInt16(words[0]), let place = UInt16(words[1]), place < 2 else {
            end("usage: corbel-bench DOMID PLACE NAME=COUNT..., names: \(Subject.allCases.map(\.rawValue))", 2)
        }
        do {
            try measure(DomainID(id), Place(number: place), words.dropFirst(2))
        } catch {
            end("corbel-bench: \(error)", 1)
        }
    }

    private static func measure(_ id: DomainID, _ place: Place, _ words: ArraySlice<String>) throws {
        let domain = try XenLinux.open().domain(id, restricted: true)
        let ports = try CommandPorts(domain)
        let register = Register()
        let server = try domain.makeIOREQServer().mapPages()
            .claim(.ports(place.commandPorts), for: ports)
            .claim(.ports(place.registerPort...place.registerPort + 3), for: register)
            .claim(.ports(place.doorbellPort...place.doorbellPort + 3), for: Doorbell(domain))
            .claim(.memory(place.registerAddress...place.registerAddress + 0xFFF), for: register)
            .enable()
        // The guest has its vCPU up and waits for a command once it has answered these.
        for vector in [Place.pendingVector, Place.vector] {
            _ = try ports.run(.armVector, [vector], results: 0, on: server)
        }
        if words.first == "start" {
            for vcpu: UInt32 in 1...3 { _ = try ports.run(.startVCPU, [vcpu], results: 0, on: server) }
        } else if words.isEmpty {
            while let line = try nextLine() {
                try StandardStream.output.write(try measurement(line).run(on: server, ports, at: place))
            }
        } else {
            // Printed at the end, because who reads a pipe would run while the next one is measured.
            var lines = ""
            for word in words { lines += try measurement(word[...]).run(on: server, ports, at: place) }
            try StandardStream.output.write(lines)
        }
        try server.close()
    }

    private static func measurement(_ word: Substring) -> Measurement {
        guard let measurement = Measurement(word) else { end("corbel-bench: \(word)?", 2) }
        return measurement
    }

    /// Whoever asks waits for the answer before it asks again, so that one read has one line.
    private static func nextLine() throws -> Substring? {
        let input = try OwnedDescriptor.duplicate(ofStandardStream: 0)
        var bytes = InlineArray<64, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        let count = try input.read(into: &span)
        guard count > 0 else { return nil }
        var line = ""
        for index in 0..<count { line.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return line.split(separator: "\n").first
    }

    private static func end(_ sentence: String, _ status: Int32) -> Never {
        try? StandardStream.error.write(sentence + "\n")
        exitProgram(status)
    }
}
