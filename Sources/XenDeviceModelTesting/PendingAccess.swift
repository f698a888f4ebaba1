// An access that has begun: the vCPU may wait for a device model.
// Not for: accesses that are served at once (TestGuest).

public import HypervisorModel
internal import XenABI
internal import XenDeviceModel
internal import XenPlatform

/// What happened to a guest instead of an answer. Two are equal when their reasons are.
public struct GuestFailure: Error, Equatable, CustomStringConvertible {
    /// Why.
    public enum Reason: Hashable, Sendable {
        /// A device model has the request, or should have, and does not answer.
        case unanswered
        /// The device model failed: its device threw, or its server went down.
        case deviceModelFailed
        /// The vCPU tries again for ever: a write to a frame of the type `ioreqServer` that no server holds.
        case retriesForEver
        /// The guest was given #GP.
        case generalProtection
        /// The guest was given a data abort.
        case dataAbort
        /// The guest does not run: it has shut down or crashed.
        case stopped
        /// There is no such vCPU.
        case noSuchVCPU
        /// The vCPU is in another access.
        case busy
    }

    /// Why.
    public var reason: Reason
    /// As a sentence, for who reads the failed test.
    public var text: String

    init(_ reason: Reason, _ text: String) {
        self.reason = reason
        self.text = text
    }

    public static func == (left: GuestFailure, right: GuestFailure) -> Bool { left.reason == right.reason }

    public var description: String { text }
}

/// An access that has begun.
public final class PendingAccess {
    /// The access.
    public let access: GuestAccess
    private let vcpu: VirtualCPU
    private let target: Domain
    private let deviceModels: DeviceModels
    private var outcome: AccessOutcome

    init(
        _ access: GuestAccess, _ target: Domain, _ vcpu: VirtualCPU, _ outcome: AccessOutcome,
        _ deviceModels: DeviceModels
    ) {
        self.access = access
        self.target = target
        self.vcpu = vcpu
        self.outcome = outcome
        self.deviceModels = deviceModels
    }

    /// Rounds without an answer until it is said that nobody answers: a round serves a limited number of ports.
    private static let roundsMax = 8

    /// Whether it is over: answered, or ended otherwise. Lets the vCPU run as far as it can; serves nobody.
    public var isOver: Bool {
        while outcome == .waiting, vcpu.isWoken { outcome = vcpu.resume() }
        return outcome != .waiting && outcome != .retrying
    }

    /// Serves the device models until the access is over; what was read, cut to its width. Throws when nobody answers.
    @discardableResult
    public func finish() throws(GuestFailure) -> UInt64 {
        while !isOver {
            if outcome == .retrying {
                try serve()
                outcome = vcpu.resume()
                if outcome == .retrying {
                    throw failure(.retriesForEver, "tries again for ever: nobody holds the type")
                }
                continue
            }
            var rounds = 0
            while !vcpu.isWoken, rounds < Self.roundsMax {
                try serve()
                rounds += 1
            }
            if !vcpu.isWoken { throw failure(.unanswered, "waits, and no device model answers") }
        }
        switch outcome {
        case .done(let value): return value
        case .generalProtection: throw failure(.generalProtection, "got #GP: its slot was not as Xen left it")
        case .dataAbort: throw failure(.dataAbort, "got a data abort: nobody has claimed the address")
        default: throw failure(.stopped, "found its guest stopped or crashed")
        }
    }

    private func serve() throws(GuestFailure) {
        do throws(XenError) {
            try deviceModels.process()
        } catch {
            // What a device has thrown does not keep the guest waiting: only without an answer it is the access's end.
            if !vcpu.isWoken { throw failure(.deviceModelFailed, "failed with its device model: \(error)") }
        }
    }

    private func failure(_ reason: GuestFailure.Reason, _ what: String) -> GuestFailure {
        let explanation = target.explain(access).description
        return GuestFailure(reason, "vCPU \(vcpu.id.rawValue): \(access.sentence) \(what) (\(explanation))")
    }
}

extension GuestAccess {
    /// `read of 4 bytes at port 0x100`.
    var sentence: String {
        let place = (space == .port ? "port 0x" : "address 0x") + String(address, radix: 16)
        let amount =
            count == 1 ? (size == .one ? "1 byte" : "\(size.rawValue) bytes") : "\(count) times \(size.rawValue) bytes"
        return (isRead ? "read of " : "write of ") + amount + " at " + place
    }
}
