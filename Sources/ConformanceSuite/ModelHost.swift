// The model of Xen and of dom0's kernel, in this process, as what rows run on. Addresses are made up: the caller's
// memory is a list of pieces (ModelMemory). Not for: ioctls (ModelHost+Nodes), guests (ModelHost+Guests).

public import HypervisorModel
internal import XenABI
internal import XenPlatform

/// The host of `--hypervisor model`: HypervisorModel of any release, without threads and time.
public final class ModelHost {
    /// The release that is imitated.
    public let release: Release
    let hypervisor: Hypervisor
    let kernel: LinuxKernel
    /// The kernel of a stub domain, once a row has asked for one.
    var stubKernel: LinuxKernel?
    var memory = ModelMemory()
    var nodes: [NodeHandle: ModelNode] = [:]
    var nextNode: Int32 = 3
    /// The block's guest.
    var guest: Domain?
    var vcpus: [ModelVCPU] = []

    /// A fresh hypervisor of a release.
    public init(_ release: Release = .standard) throws(HostError) {
        self.release = release
        hypervisor = Hypervisor(release: release)
        do throws(Refusal) {
            kernel = try LinuxKernel(hypervisor, caller: .control)
        } catch {
            throw .broken("the model has no dom0: \(error)")
        }
    }
}

extension ModelHost: ConformanceHost {
    /// `model`.
    public var name: String { "model" }
    /// It is none.
    public var isRealXen: Bool { false }

    /// Everything but grants, which are not modelled.
    public func lacks(_ ability: Ability) -> String? { ability == .grants ? "grants are not modelled" : nil }

    /// Memory of the caller's, with everything in it 0.
    public func allocate(pageCount: Int, isReadOnly: Bool) throws(HostError) -> UInt64 {
        memory.allocate(byteCount: pageCount * GuestFrame.byteCount, isReadOnly: isReadOnly)
    }

    /// Bytes of memory, or of pages that are mapped.
    public func load(_ address: UInt64, byteCount: Int) throws(HostError) -> [UInt8] {
        guard let bytes = memory.load(address, byteCount: byteCount) else {
            throw .broken("\(byteCount) bytes at \(Value.text(address)) can't be read")
        }
        return bytes
    }

    /// Changes memory, or pages that are mapped.
    public func store(_ address: UInt64, _ bytes: [UInt8]) throws(HostError) {
        guard memory.store(address, bytes, byKernel: false) else {
            throw .broken("\(bytes.count) bytes at \(Value.text(address)) can't be written")
        }
    }

    /// Nothing happens by itself here.
    public func wait(milliseconds: Int) {}
}

/// An open node of the model.
enum ModelNode {
    case privcmd(PrivcmdFile)
    case evtchn(EventChannelFile)
}

/// A mapping of the model's privcmd, by page.
final class ModelMapping: MadeUpMapping {
    let area: PrivcmdArea
    private var pages: [FrameResult?]

    init(_ area: PrivcmdArea) {
        self.area = area
        pages = [FrameResult?](repeating: nil, count: area.pageCount)
    }

    var byteCount: Int { pages.count * GuestFrame.byteCount }

    /// Pages have been filled.
    func fill(at first: Int, _ results: [FrameResult]) {
        for (index, result) in results.enumerated() { pages[first + index] = result }
    }

    func load(_ offset: Int) -> UInt8? {
        guard case .mapped(let run, let page)? = pages[offset / GuestFrame.byteCount] else { return nil }
        let place = page * GuestFrame.byteCount + offset % GuestFrame.byteCount
        return UInt8(truncatingIfNeeded: run.pages.load(byteCount: 1, at: place))
    }

    func store(_ offset: Int, _ byte: UInt8) -> Bool {
        guard case .mapped(let run, let page)? = pages[offset / GuestFrame.byteCount] else { return false }
        run.pages.store(UInt64(byte), byteCount: 1, at: page * GuestFrame.byteCount + offset % GuestFrame.byteCount)
        return true
    }
}
