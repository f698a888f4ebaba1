// A test bench: a hypervisor, a guest and the platform that a device model runs on, all in the test's process.
// Not for: what the guest does (TestGuest).

public import HypervisorModel
public import SandboxServer
public import XenABI
public import XenDeviceModel
public import XenPlatform

/// A guest in a sandbox, and the domain that a device model under test serves.
///
/// ```swift
/// let bench = try SandboxBench()
/// try bench.serve(.ports(0x100...0x10F), by: device)
/// try bench.guest.write(port: 0x100, .byte, 7)
/// #expect(try bench.guest.read(port: 0x100, .byte) == 7)
/// ```
///
/// Everything happens in the calls of the test, on its thread: a guest's access serves the device models until it is
/// answered, and fails with a sentence when nobody answers.
public final class SandboxBench {
    /// The sandbox.
    public let sandbox: InProcessSandbox
    /// The hypervisor in it.
    public var hypervisor: Hypervisor { sandbox.hypervisor }
    /// The platform of the first device model.
    public let platform: Platform
    /// The guest, as a device model sees it.
    public let domain: DeviceModelDomain
    /// The guest, as the hypervisor has it.
    public let target: Domain
    /// The guest's vCPUs and memory.
    public private(set) var guest: TestGuest
    /// What went on below: refused calls, broken rules.
    public let log = SandboxLog()
    /// Servers that the bench keeps.
    var servers: [TestServer] = []
    private let injected = InjectedRefusals()
    /// Operations that are refused to all device models of the bench, and with what; they don't reach the hypervisor.
    /// For refusals that neither guest nor device model can bring about, such as ENOMEM of a full host.
    public var refusals: [DMOpcode: XenErrorCode] {
        get { injected.byOperation }
        set { injected.byOperation = newValue }
    }

    /// A guest of this shape, alive, and a platform for it. `restricted`: as a device model that has dropped its rights
    /// to other domains.
    public init(
        _ shape: DomainShape = DomainShape(), release: Release = .standard, restricted: Bool = false,
        clock: (any MonotonicClock)? = nil
    ) throws(XenError) {
        do throws(Refusal) {
            sandbox = try InProcessSandbox(release: release)
            target = try sandbox.createDomain(shape)
        } catch {
            throw XenError(error.code, error.rule)
        }
        platform = injected.platform(sandbox.platform(clock: clock))
        domain = try platform.domain(target.id, restricted: restricted)
        guest = TestGuest(target)
        sandbox.hypervisor.observer = log
        guest.deviceModels.domains.append(domain)
    }

    deinit {
        // Servers are taken down while there is a hypervisor.
        servers = []
    }

    /// A second device model for the same guest, as in a process of its own: guest accesses serve it too.
    public func addDeviceModel(restricted: Bool = false) throws(XenError) -> DeviceModelDomain {
        let further = try injected.platform(sandbox.platform()).domain(target.id, restricted: restricted)
        guest.deviceModels.domains.append(further)
        return further
    }

    /// Serves one round of what has come in, on every device model.
    public func process() throws(XenError) { try guest.deviceModels.process() }

    /// Tears the guest down, as a toolstack does.
    public func destroyGuest() throws(XenError) {
        do throws(Refusal) {
            try sandbox.hypervisor.destroyDomain(target.id)
        } catch {
            throw XenError(error.code, error.rule)
        }
    }
}

/// The device models of a bench.
final class DeviceModels {
    var domains: [DeviceModelDomain] = []

    /// One round on each. The first failure is thrown at the end.
    func process() throws(XenError) {
        var failure: XenError?
        for domain in domains {
            do throws(XenError) { try domain.process() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}

/// What the sandbox tells: for expectations, and for the text of a failed test.
public final class SandboxLog: ModelObserver {
    /// Refused calls: the call, the errno, the rule.
    public private(set) var refusals: [String] = []
    /// Broken rules of dmop.md section 5.1: a good device model breaks none.
    public private(set) var misuses: [String] = []

    /// Notes a refused call.
    public func refused(_ call: StaticString, by refusal: Refusal, caller: DomainID, target: DomainID?) {
        refusals.append("\(call): \(refusal)")
    }

    /// Notes a broken rule.
    public func misuse(_ what: StaticString, domain: DomainID, vcpu: VCPUID) {
        misuses.append("\(what), vCPU \(vcpu.rawValue) of domain \(domain.rawValue)")
    }

    /// Forgets what has been told.
    public func clear() {
        refusals = []
        misuses = []
    }
}
