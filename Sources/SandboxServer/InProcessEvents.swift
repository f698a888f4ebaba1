// Event channels of a platform in the model's own process: an evtchn file, and a descriptor where one is asked for.
// Not for: the file's rules (EventChannelFile).

internal import HypervisorModel
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// Event channels by an evtchn file of the model. No system call is made until somebody asks for `descriptor` or waits
/// without an event being there.
final class InProcessEvents: EventChannels, PortOwner {
    private let file: EventChannelFile
    private let sandbox: InProcessSandbox
    /// Made when it is first asked for, or slept on.
    private var counter: EventCounter?
    /// Somebody else may look at it: it is signalled for good, and otherwise only during a sleep of ours.
    private var isHandedOut = false
    private var isSignalled = false
    private var restriction: DomainID?
    /// Ports bound here, so that after an overflow each can be looked at.
    private var bound: [EventPort] = []
    /// Ports to be handed out because of an overflow: nobody knows which of them have fired.
    private var recovered: [EventPort] = []
    private var isRecovering = false
    /// Waits until the other descriptor is looked at although events are there.
    private var waitsUntilLook = 0

    /// How often a busy program looks for its stop.
    private static let waitsPerLook = 64

    init(_ file: EventChannelFile, _ sandbox: InProcessSandbox) {
        self.file = file
        self.sandbox = sandbox
    }

    deinit { file.close() }

    // MARK: Ports

    func bindInterdomain(_ domain: DomainID, port: EventPort) throws(XenError) -> BoundPort {
        do throws(Refusal) {
            return adopt(try file.bindInterdomain(UInt32(domain.rawValue), port))
        } catch {
            throw XenError(
                error.code, "IOCTL_EVTCHN_BIND_INTERDOMAIN", domain: domain, value: UInt64(port.rawValue))
        }
    }

    func bindUnbound(_ domain: DomainID) throws(XenError) -> BoundPort {
        do throws(Refusal) {
            return adopt(try file.bindUnbound(UInt32(domain.rawValue)))
        } catch {
            throw XenError(error.code, "IOCTL_EVTCHN_BIND_UNBOUND_PORT", domain: domain)
        }
    }

    func bindVIRQ(_ virq: VIRQ) throws(XenError) -> BoundPort {
        do throws(Refusal) {
            return adopt(try file.bindVIRQ(virq))
        } catch {
            throw XenError(error.code, "IOCTL_EVTCHN_BIND_VIRQ", value: UInt64(virq.rawValue))
        }
    }

    func unbind(_ port: EventPort) {
        do throws(Refusal) {
            try file.unbind(port)
        } catch {
            preconditionFailure("a port of ours was not bound")
        }
        bound.removeAll { $0 == port }
        recovered.removeAll { $0 == port }
        isRecovering = !recovered.isEmpty
    }

    private func adopt(_ port: EventPort) -> BoundPort {
        bound.append(port)
        return BoundPort(port, owner: self)
    }

    func notify(_ port: EventPort) throws(XenError) {
        do throws(Refusal) {
            try file.notify(port)
        } catch {
            throw XenError(error.code, "IOCTL_EVTCHN_NOTIFY", value: UInt64(port.rawValue))
        }
    }

    func unmask(_ port: EventPort) throws(XenError) { file.unmask(port) }

    func restrict(to domain: DomainID) throws(XenError) {
        if restriction == domain { return }
        do throws(Refusal) {
            try file.restrict(to: domain)
            restriction = domain
        } catch {
            throw XenError(error.code, "IOCTL_EVTCHN_RESTRICT_DOMID", domain: domain)
        }
    }

    // MARK: Waiting

    /// Whether `next()` has an answer.
    private var hasEvent: Bool { file.isReadable || isRecovering || file.hasOverflowed }

    func next() throws(XenError) -> EventPort? {
        if file.hasOverflowed { recover() }
        do throws(Refusal) {
            let port = isRecovering ? nextRecovered() : try file.next()
            if isSignalled, !hasEvent { try drain() }
            return port
        } catch {
            throw XenError(error.code, "read /dev/xen/evtchn")
        }
    }

    /// The ring takes many bindings and unbindings with no reading between them for an overflow, as Linux' does.
    private func recover() {
        file.reset()
        recovered = bound
        isRecovering = !recovered.isEmpty
    }

    private func nextRecovered() -> EventPort? {
        let port = recovered.popLast()
        isRecovering = !recovered.isEmpty
        return port
    }

    var descriptor: Int32 {
        guard makeCounter() else { return -1 }
        isHandedOut = true
        startSignalling()
        return number
    }

    private var number: Int32 = -1

    private func makeCounter() -> Bool {
        if counter != nil { return true }
        do throws(SystemError) {
            let made = try EventCounter()
            number = made.descriptor.rawValue
            counter = consume made
            return true
        } catch {
            return false
        }
    }

    /// From here on each first event of a row is signalled by the descriptor too.
    private func startSignalling() {
        if file.whenReadable == nil { file.whenReadable = { [unowned self] in signal() } }
        if hasEvent { signal() }
    }

    private func signal() {
        guard !isSignalled else { return }
        isSignalled = true
        // An eventfd of ours takes any number of signals.
        try? counter?.signal()
    }

    private func drain() throws(Refusal) {
        isSignalled = false
        do throws(SystemError) {
            _ = try counter?.drain()
        } catch {
            throw Refusal(XenErrorCode(error.code), "eventfd")
        }
    }

    func wait(orReadable other: Int32?, milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        while true {
            let hasEvent = hasEvent
            if hasEvent, !isTimeToLook(at: other) { return .event }
            if hasEvent { return try isReadable(other) ? .other : .event }
            if try !sandbox.letGuestsRun() { break }
        }
        return try sleep(other, milliseconds)
    }

    /// A program that stops is not kept from it by a busy guest.
    private func isTimeToLook(at other: Int32?) -> Bool {
        guard other != nil else { return false }
        waitsUntilLook -= 1
        if waitsUntilLook > 0 { return false }
        waitsUntilLook = Self.waitsPerLook
        return true
    }

    private func isReadable(_ other: Int32?) throws(XenError) -> Bool {
        guard let other else { return false }
        do throws(SystemError) {
            return try !waitUntilReadable(other, or: nil, milliseconds: 0).isEmpty
        } catch {
            throw XenError(XenErrorCode(error.code), "poll /dev/xen/evtchn")
        }
    }

    private func sleep(_ other: Int32?, _ milliseconds: Int32?) throws(XenError) -> WaitOutcome {
        let ready: ReadableDescriptors
        if makeCounter() { startSignalling() }
        // What is signalled meanwhile is drained by `next()`.
        defer { if !isHandedOut { file.whenReadable = nil } }
        do throws(SystemError) {
            ready = try waitUntilReadable(number, or: other, milliseconds: milliseconds)
        } catch {
            throw XenError(XenErrorCode(error.code), "poll /dev/xen/evtchn")
        }
        if ready.contains(.second) { return .other }
        return ready.contains(.first) ? .event : .timeout
    }
}
