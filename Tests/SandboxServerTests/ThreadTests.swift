// Guests whose vCPUs are threads, under one monitor with who serves them.

import EventLoop
import Foundation
import HypervisorModel
import SandboxServer
import ServerCalls
import Synchronization
import ServerCalls
import SystemCalls
import Testing
import XenABI
import XenDeviceModel
import XenPlatform

/// A sandbox with a guest whose vCPUs are threads; served by a thread that has the monitor whenever it does not sleep.
private final class ThreadedSandbox: Sendable {
    let path = freshSocketPath()
    let vcpus: [ThreadedVCPU]
    let domain: DomainID
    private let state = State()

    private final class State: Sendable {
        let shouldEnd = Atomic<Bool>(false)
        let shouldDestroy = Atomic<Bool>(false)
        let hasEnded = DispatchSemaphore(value: 0)
        let made = Mutex<(vcpus: [ThreadedVCPU], domain: DomainID)?>(nil)
    }

    init(vcpuCount: Int) throws {
        let started = DispatchSemaphore(value: 0)
        Thread { [state, path] in
            let monitor = Monitor()
            do {
                let service = try SandboxService(SandboxOptions(socketPath: path))
                let guest = try service.hypervisor.createDomain(DomainShape(vcpuCount: vcpuCount))
                let vcpus = guest.vcpus.map {
                    ThreadedVCPU($0, of: guest, on: service.hypervisor, monitor: monitor)
                }
                state.made.withLock { $0 = (vcpus, guest.id) }
                let gate = MonitorGate(monitor)
                service.loop.gate = gate
                started.signal()
                try monitor.locked {
                    while !state.shouldEnd.load(ordering: .acquiring) {
                        try service.step(milliseconds: 20)
                        if state.shouldDestroy.exchange(false, ordering: .acquiringAndReleasing) {
                            try service.hypervisor.destroyDomain(guest.id)
                        }
                    }
                    service.close()
                }
                withExtendedLifetime(gate) {}
            } catch {
                Issue.record("\(error)")
                started.signal()
            }
            state.hasEnded.signal()
        }.start()
        started.wait()
        let made = try #require(state.made.withLock { $0 })
        (vcpus, domain) = (made.vcpus, made.domain)
    }

    func destroyDomain() { state.shouldDestroy.store(true, ordering: .releasing) }

    func end() {
        state.shouldEnd.store(true, ordering: .releasing)
        state.hasEnded.wait()
    }
}

/// How the accesses of threads have ended.
private final class Endings: Sendable {
    private let outcomes = Mutex<[AccessOutcome]>([])

    func add(_ outcome: AccessOutcome) { outcomes.withLock { $0.append(outcome) } }

    var all: [AccessOutcome] { outcomes.withLock { $0 } }
}

/// What threads count together.
private final class Tally: Sendable {
    private let number = Atomic<Int>(0)

    func add() -> Int { number.add(1, ordering: .relaxed).newValue }

    var count: Int { number.load(ordering: .relaxed) }
}

@Suite("vCPUs as threads", .serialized) struct ThreadTests {
    @Test("four vCPUs do 2,000 accesses each through one device, and each reads what it has written")
    func accesses() throws {
        let sandbox = try ThreadedSandbox(vcpuCount: 4)
        let device = try RunningDevice(path: sandbox.path, domain: sandbox.domain)
        let (right, done) = (Tally(), Tally())
        try onThreads(sandbox.vcpus) { number, vcpu in
            let port = UInt16(0x100 + 4 * number)
            for round in 0..<1000 as Range<UInt64> {
                let value = round << 8 | UInt64(number)
                if vcpu.perform(.output(port, .four, value)) == .done(0) { _ = done.add() }
                if vcpu.perform(.input(port, .four)) == .done(value) { _ = right.add() }
            }
        }
        #expect(done.count == 4000 && right.count == 4000)
        #expect(device.end() == "stopped")
        sandbox.end()
    }

    @Test("a domain that is destroyed meanwhile ends its threads, and the device model")
    func destroyed() throws {
        let sandbox = try ThreadedSandbox(vcpuCount: 4)
        let device = try RunningDevice(path: sandbox.path, domain: sandbox.domain)
        let (endings, count) = (Endings(), Tally())
        try onThreads(sandbox.vcpus) { _, vcpu in
            var outcome = AccessOutcome.done(0)
            while case .done = outcome {
                if count.add() == 500 { sandbox.destroyDomain() }
                outcome = vcpu.perform(.input(0x100, .one))
            }
            vcpu.waitForEnd()
            endings.add(outcome)
        }
        #expect(endings.all == [AccessOutcome](repeating: .stopped, count: 4))
        #expect(device.end() != "")
        sandbox.end()
    }

    /// Runs a body on a thread for each vCPU, and waits for all of them.
    private func onThreads(
        _ vcpus: [ThreadedVCPU], _ body: @escaping @Sendable (Int, ThreadedVCPU) -> Void
    ) throws {
        let threads = try vcpus.enumerated().map { number, vcpu in try PlainThread { body(number, vcpu) } }
        for thread in threads { thread.join() }
    }

    private final class Silent: RegisterDevice {
        func read(offset: UInt64, width: AccessWidth) -> UInt64 { 0x42 }
        func write(offset: UInt64, width: AccessWidth, value: UInt64) {}
    }

    @Test(
        "a shutdown waits for threads that wait, and leaves the monitor to who answers them: B32",
        arguments: [true, false])
    func shutdown(isAnswered: Bool) throws {
        let sandbox = try InProcessSandbox()
        let guest = try sandbox.createDomain(DomainShape(vcpuCount: 4))
        let model = try sandbox.platform().domain(guest.id, restricted: false)
        let server = try model.makeIOREQServer().mapPages().claim(.ports(0x100...0x100), for: Silent()).enable()
        let (monitor, endings) = (Monitor(), Endings())
        let vcpus = guest.vcpus.map { ThreadedVCPU($0, of: guest, on: sandbox.hypervisor, monitor: monitor) }
        let threads = try vcpus.map { vcpu in
            try PlainThread { endings.add(vcpu.perform(.input(0x100, .one))) }
        }
        func wait(until isDone: () -> Bool) {
            while !monitor.locked(isDone) { yieldProcessor() }
        }
        wait { guest.vcpus.allSatisfy(\.isWaitingForAnswer) }
        vcpus[0].shutDown(.powerOff)
        // Woken without cause, as by each turn of a loop, they go on waiting: the monitor can be had.
        for _ in 0..<100 {
            monitor.locked { monitor.wakeAll() }
            yieldProcessor()
        }
        #expect(monitor.locked { guest.life.shutdownReason } == nil && endings.all.isEmpty)
        if isAnswered {
            while endings.all.count < 4 { try monitor.locked { try model.process() } }
            #expect(monitor.locked { guest.life.shutdownReason } == .powerOff)
        } else {
            try monitor.locked { try sandbox.hypervisor.destroyDomain(guest.id) }
        }
        for thread in threads { thread.join() }
        #expect(endings.all == [AccessOutcome](repeating: .stopped, count: 4))
        withExtendedLifetime(server) {}
    }

    @Test("a guest whose threads are gone goes with them")
    func released() throws {
        weak var gone: Domain?
        do {
            let sandbox = try InProcessSandbox()
            let guest = try sandbox.createDomain()
            gone = guest
            let vcpu = try #require(guest.vcpus.first)
            let thread = ThreadedVCPU(vcpu, of: guest, on: sandbox.hypervisor, monitor: Monitor())
            #expect(thread.perform(.input(0x100, .one)) == .done(0xff))
        }
        #expect(gone == nil)
    }
}
