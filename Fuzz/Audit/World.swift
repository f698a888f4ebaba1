// What is there: domains, their kernels, open files, mappings. And how pages come to be, or don't.
// Not for: what is done with them (Scenario), what must hold (Invariants).

@testable import HypervisorModel
import XenABI

/// Pages of the heap, unless they are refused.
final class ScarcePages: PageSource {
    private let heap = HeapPages()
    /// The next request is refused.
    var isRefusing = false

    func makePages(count: Int, purpose: StaticString) throws(Refusal) -> PageRun {
        if isRefusing {
            isRefusing = false
            throw Refusal(.enomem, "no memory")
        }
        return try heap.makePages(count: count, purpose: purpose)
    }
}

/// An open privcmd, and whose.
struct PrivcmdHandle {
    let file: PrivcmdFile
    let kernel: LinuxKernel
}

/// An open evtchn, and whose.
struct EvtchnHandle {
    let file: EventChannelFile
    let kernel: LinuxKernel
}

/// An mmap of privcmd, and the domains whose pages it counts for, once for each token.
final class Area {
    let area: PrivcmdArea
    let kernel: LinuxKernel
    var counted: [Domain] = []
    var results: [FrameResult] = []

    init(_ area: PrivcmdArea, _ kernel: LinuxKernel) {
        self.area = area
        self.kernel = kernel
    }
}

/// Everything that a program works on.
final class World {
    static let dom0 = DomainID(0)
    static let stub = DomainID(3)
    static let filesMax = 12

    let pages = ScarcePages()
    let hypervisor: Hypervisor
    var kernels: [LinuxKernel] = []
    var privcmds: [PrivcmdHandle] = []
    var evtchns: [EvtchnHandle] = []
    var areas: [Area] = []
    let watcher = Watcher()

    init(_ program: Program) throws(Refusal) {
        let version = program.pick(Release.Version.allCases)
        let flags = program.byte()
        let release = flags & 3 == 0 ? Release(version, hasXSA506: flags & 4 == 0) : Release(version)
        hypervisor = Hypervisor(release: release, pageSource: pages)
        hypervisor.observer = watcher
        try hypervisor.createDomain(Self.shape(program), id: DomainID(1))
        try hypervisor.createDomain(Self.shape(program), id: DomainID(2))
        try hypervisor.createDomain(DomainShape(.pv), id: Self.stub)
        try hypervisor.createDomain(DomainShape(.pvh, frameCount: 8), id: DomainID(4))
        var options = KernelOptions()
        options.hasXSA482 = flags & 8 == 0
        options.hasResourceSizes = flags & 16 == 0
        if flags & 32 != 0 { options.buffersMax = 3 }
        for caller in [
            Caller.control, Caller(Self.stub, .deviceModel(of: DomainID(1))), Caller(DomainID(4), .none),
        ] {
            kernels.append(try LinuxKernel(hypervisor, caller: caller, options: options))
        }
        for kernel in kernels.prefix(2) {
            privcmds.append(PrivcmdHandle(file: kernel.openPrivcmd(), kernel: kernel))
            evtchns.append(EvtchnHandle(file: kernel.openEvtchn(), kernel: kernel))
        }
    }

    static func shape(_ program: Program) -> DomainShape {
        let flags = program.byte()
        return DomainShape(
            flags & 1 == 0 ? .hvm : .pvh, vcpuCount: 1 + Int(flags >> 1 & 3), frameCount: 64, usesHAP: flags & 8 == 0,
            isArm: flags & 0x70 == 0x70, hasIOMMU: flags & 0x80 != 0)
    }

    /// What must hold after each step.
    func check() {
        hypervisor.checkState()
        for (_, domain) in hypervisor.domains {
            let counted = areas.reduce(0) { sum, area in sum + area.counted.count { $0 === domain } }
            hold(domain.mappingCount == counted, "mappings are counted: \(domain.mappingCount), \(counted)")
        }
        // Files of the dead have ports that are no more.
        for handle in evtchns where !handle.kernel.domain.life.isDying {
            for port in handle.kernel.ports(of: handle.file) {
                let entry = handle.kernel.domain.ports[port]
                hold(entry.state != .free && entry.consumer == .kernel, "a file's port \(port) is its domain's")
            }
        }
    }

    /// A process of a domain ends with all that it has open.
    func endProcesses(of kernel: LinuxKernel) {
        for handle in evtchns where handle.kernel === kernel { handle.file.close() }
        evtchns.removeAll { $0.kernel === kernel }
        privcmds.removeAll { $0.kernel === kernel }
        areas.removeAll { $0.kernel === kernel }
    }
}

/// Every refusal that is told is one that there can be.
final class Watcher: ModelObserver {
    static let known: Set<XenErrorCode> = [
        .eperm, .enoent, .esrch, .e2big, .eagain, .enomem, .eacces, .efault, .ebusy, .eexist, .einval, .enotty, .efbig,
        .enospc, .erange, .enosys, .enodata, .eoverflow, .eopnotsupp, .enotconn,
    ]

    static func check(_ refusal: Refusal) {
        hold(known.contains(refusal.code), "an errno of the specification: \(refusal)")
        hold(refusal.rule.utf8CodeUnitCount > 0, "a refusal says why")
    }

    func refused(_ call: StaticString, by refusal: Refusal, caller: DomainID, target: DomainID?) {
        Self.check(refusal)
    }

    func misuse(_ what: StaticString, domain: DomainID, vcpu: VCPUID) {}
}
