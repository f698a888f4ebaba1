// A vCPU of the sandbox's model as the machine of our freestanding guests. Not for: the guests themselves (Guests).

internal import HypervisorModel
public import Machine
public import SandboxServer
internal import ServerCalls
internal import SystemCalls
internal import XenABI

/// The machine on which a guest's own sources run.
public final class ModelMachine: GuestMachine, @unchecked Sendable {
    private let vcpu: ThreadedVCPU
    private let main: @Sendable (UInt32) -> Never
    private let console: (@Sendable ([UInt8]) -> Void)?
    /// Xen's debug console.
    private static let consolePort: UInt32 = 0xe9

    /// A vCPU; `main` is the guest's entry, for the vCPUs that the guest starts. `console` gets what it prints on Xen's
    /// debug console, which is lost without.
    public init(
        _ vcpu: ThreadedVCPU, main: @escaping @Sendable (UInt32) -> Never,
        console: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        (self.vcpu, self.main, self.console) = (vcpu, main, console)
    }

    public func portIn(_ port: UInt32, width: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: perform(.input(UInt16(truncatingIfNeeded: port), size(width))))
    }

    public func portOut(_ port: UInt32, width: Int, _ value: UInt32) {
        if port == Self.consolePort, let console { return console([UInt8(truncatingIfNeeded: value)]) }
        _ = perform(.output(UInt16(truncatingIfNeeded: port), size(width), UInt64(value)))
    }

    public func portString(_ port: UInt32, width: Int, memory: UInt64, count: UInt64, down: Bool, isRead: Bool) {
        if port == Self.consolePort, !isRead, let console {
            return console((0..<count).map { UInt8(truncatingIfNeeded: load(memory + $0, width: 1)) })
        }
        let (port, count) = (UInt16(truncatingIfNeeded: port), UInt32(truncatingIfNeeded: count))
        _ = perform(
            isRead
                ? .repeatedInput(port, size(width), count: count, to: memory, descending: down)
                : .repeatedOutput(port, size(width), count: count, from: memory, descending: down))
    }

    public func load(_ address: UInt64, width: Int) -> UInt64 { perform(.load(address, size(width))) }

    public func store(_ address: UInt64, width: Int, _ value: UInt64) {
        _ = perform(.store(address, size(width), value))
    }

    /// Where the source is RAM of the guest's image it is a write to the destination; otherwise a read of the source.
    public func move(to destination: UInt64, from source: UInt64, width: Int, count: UInt64, down: Bool) {
        let image = image_start()..<image_end()
        let count = UInt32(truncatingIfNeeded: count)
        _ = perform(
            image.contains(source)
                ? .repeatedStore(destination, size(width), count: count, from: source, descending: down)
                : .repeatedLoad(source, size(width), count: count, to: destination, descending: down))
    }

    public func takeInterrupt() -> UInt8? { vcpu.takeInterrupt() }

    public func endInterrupt(_ vector: UInt8) { vcpu.endInterrupt(vector) }

    /// On AMD an event that is no exception's ends the domain (dmop.md section 3.13).
    public func takeEvent() -> UInt8? { vcpu.takeEvent()?.vector }

    public func pause() {
        if !vcpu.isRunning { end() }
        yieldProcessor()
    }

    public func shutDown(reason: UInt32) {
        vcpu.shutDown(ShutdownReason(reason))
        end()
    }

    public func start(vcpu number: UInt32) {
        do throws(SystemError) {
            _ = try PlainThread { [main] in
                Machines.become(vcpu: Int(number))
                main(number)
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
