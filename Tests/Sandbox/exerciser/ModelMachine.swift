// A vCPU of the sandbox's model as the exerciser's machine. Not for: the exerciser itself (Guests/exerciser).

import ExerciserGuest
import HypervisorModel
import Machine
import SandboxServer
import ServerCalls
import SystemCalls
import XenABI

final class ModelMachine: GuestMachine, @unchecked Sendable {
    private let vcpu: ThreadedVCPU

    init(_ vcpu: ThreadedVCPU) { self.vcpu = vcpu }

    func portIn(_ port: UInt32, width: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: perform(.input(UInt16(truncatingIfNeeded: port), size(width))))
    }

    func portOut(_ port: UInt32, width: Int, _ value: UInt32) {
        _ = perform(.output(UInt16(truncatingIfNeeded: port), size(width), UInt64(value)))
    }

    func portString(_ port: UInt32, width: Int, memory: UInt64, count: UInt64, down: Bool, isRead: Bool) {
        let (port, count) = (UInt16(truncatingIfNeeded: port), UInt32(truncatingIfNeeded: count))
        _ = perform(
            isRead
                ? .repeatedInput(port, size(width), count: count, to: memory, descending: down)
                : .repeatedOutput(port, size(width), count: count, from: memory, descending: down))
    }

    func load(_ address: UInt64, width: Int) -> UInt64 { perform(.load(address, size(width))) }

    func store(_ address: UInt64, width: Int, _ value: UInt64) {
        _ = perform(.store(address, size(width), value))
    }

    /// Where the source is RAM of the guest's image it is a write to the destination; otherwise a read of the source.
    func move(to destination: UInt64, from source: UInt64, width: Int, count: UInt64, down: Bool) {
        let image = image_start()..<image_end()
        let count = UInt32(truncatingIfNeeded: count)
        _ = perform(
            image.contains(source)
                ? .repeatedStore(destination, size(width), count: count, from: source, descending: down)
                : .repeatedLoad(source, size(width), count: count, to: destination, descending: down))
    }

    func takeInterrupt() -> UInt8? { vcpu.takeInterrupt() }

    func endInterrupt(_ vector: UInt8) { vcpu.endInterrupt(vector) }

    /// On AMD an event that is no exception's ends the domain (dmop.md section 3.13).
    func takeEvent() -> UInt8? { vcpu.takeEvent()?.vector }

    func pause() {
        if !vcpu.isRunning { end() }
        yieldProcessor()
    }

    func shutDown(reason: UInt32) {
        vcpu.shutDown(ShutdownReason(reason))
        end()
    }

    func start(vcpu number: UInt32) {
        do throws(SystemError) {
            _ = try PlainThread {
                Machines.become(vcpu: Int(number))
                exerciserMain(number)
            }
        } catch {
            shutDown(reason: ShutdownReason.crash.rawValue)
        }
    }

    private func size(_ width: Int) -> AccessSize { AccessSize(rawValue: UInt32(width)) ?? .one }

    private func perform(_ access: GuestAccess) -> UInt64 {
        switch vcpu.perform(access) {
        case .done(let value): return value
        case .generalProtection, .dataAbort:
            // No handler: a triple fault.
            shutDown(reason: ShutdownReason.reboot.rawValue)
        default: break
        }
        end()
    }

    /// This vCPU runs no more; its thread waits for the end of the program.
    private func end() -> Never {
        vcpu.waitForEnd()
        sleepForever()
    }
}
