// What a domain costs that nobody does anything with.

import CSpawn
import HypervisorModel
import SandboxServer
import SystemCalls
import XenABI

/// Makes 10,000 domains of one vCPU and 4 MiB, and tells what each takes of the heap, and of memory as the system
/// counts it.
func measureIdleDomains() throws {
    let count = 10_000
    let sandbox = try InProcessSandbox()
    let heap = corbel_bench_heap_bytes()
    let resident = residentByteCount() ?? 0
    for id in 1...UInt16(count) { try sandbox.createDomain(DomainShape(), id: DomainID(id)) }
    let heapAfter = corbel_bench_heap_bytes()
    let residentAfter = residentByteCount() ?? 0
    report("idle-heap-bytes", Double(heapAfter - heap) / Double(count))
    report("idle-resident-bytes", Double(residentAfter - resident) / Double(count))
    if sandbox.hypervisor.guests.count != count { throw BenchmarkError("domains are missing") }
}
