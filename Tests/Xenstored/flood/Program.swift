// Floods by a guest at its quotas, and what requests of others wait for meanwhile: the server on its loop in one
// thread, the guest in another, both without Xen.
//     xenstore-flood               TAP, for Tests/Xenstored/check: counts alone decide, times are told
//     xenstore-flood ROUNDS        a line for each measurement: name, value (Benchmarks/xenstore-flood.awk)
// Not for: what the store takes (xenstore-core-bench), floods by sockets (xenstore-load).

import Synchronization
import CSpawn
import EventLoop
import SystemCalls
import XenstoreCore
import XenstoreServer
import XenstoreWire

@main
enum Program {
    static func main() {
        let words = CommandLine.arguments.dropFirst().map { Int($0) }
        guard words.count < 2, words.allSatisfy({ ($0 ?? 0) > 0 }) else {
            try? StandardStream.error.write("usage: xenstore-flood [ROUNDS]\n")
            exitProgram(64)
        }
        do {
            let report = Report(rounds: words.first ?? nil)
            try run(report)
            exitProgram(report.finish() ? 0 : 1)
        } catch {
            try? StandardStream.error.write("xenstore-flood: \(error)\n")
            exitProgram(1)
        }
    }

    private static func run(_ report: Report) throws {
        let server = try FloodedServer()
        let socket = try server.bench.connect()
        try server.bench.makeStandardState(socket)
        guard var transaction = try server.bench.fillQuotas(), let page = server.xen.domains[1]?.page else {
            throw FloodFailure("domain 1 does not get to its quotas")
        }
        for flood in Flood.all {
            let others = try OtherClients(server)
            try server.bench.settle()
            try server.start()
            let guest = try FloodingGuest(server.xen, page, flood.requests(transaction))
            for _ in 0..<report.rounds {
                report.add(flood, try compare(flood, server, guest, others, report))
            }
            guest.stop()
            try server.stop()
            report.end(flood)
            // What is half in the ring goes with the ring's indices; its watches and transactions go, too.
            page[.connection] = 1
            try server.xen.notify(from: 1)
            try rest(server)
            guard page.indices == [0, 0, 0, 0], let next = try server.bench.refillQuotas() else {
                throw FloodFailure("\(flood.name): the guest is not served any more")
            }
            transaction = next
        }
    }

    /// Until the guest has credit again.
    private static func rest(_ server: FloodedServer) throws {
        let end = MonotonicTime.now.advanced(byMilliseconds: 10_000)
        try server.bench.settle()
        guard let ring = server.bench.core.ring(of: 1) else { return }
        while MonotonicTime.now < end,
            !server.bench.core.mayRead(ring, now: MonotonicTime.now.nanoseconds / 1_000_000)
        {
            try server.bench.loop.turn(milliseconds: 20)
        }
        try server.bench.settle()
    }

    /// Slices without the flood and with it, in turn.
    private static func compare(
        _ flood: Flood, _ server: FloodedServer, _ guest: FloodingGuest, _ others: OtherClients, _ report: Report
    ) throws -> Comparison {
        var comparison = Comparison()
        let (count, slices) = (report.requestCount, report.sliceCount)
        // Who pays for its commits has to pause: then all requests count, whether it floods or not.
        let needsFlood = flood.commitCount == 0
        for _ in 0..<slices {
            guest.set(flooding: false)
            comparison.quiet.append(try Slice(try others.measure(count, flooded: false)))
            guest.set(flooding: true)
            let before = server.observer.floodCount.load(ordering: .relaxed)
            comparison.flooded.append(try Slice(try others.measure(count, flooded: needsFlood)))
            comparison.floodCount += server.observer.floodCount.load(ordering: .relaxed) - before
        }
        if slices > 3 { comparison.costAlone = cost(server) }
        guest.set(flooding: false)
        return comparison
    }

    /// Microseconds of the server's processor time for each request of the flood, with nobody else.
    private static func cost(_ server: FloodedServer) -> Double {
        let clock = server.observer.clock.load(ordering: .relaxed)
        let (time, count) = (corbel_bench_thread_time(clock), server.observer.floodCount.load(ordering: .relaxed))
        MonotonicTime.now.advanced(byMilliseconds: 50).sleep()
        let work = Double(corbel_bench_thread_time(clock) - time) / 1000
        return work / Double(max(1, server.observer.floodCount.load(ordering: .relaxed) - count))
    }
}
