// A mapping of /dev/xen/privcmd in a process, page by page, and what keeps a dead domain from going.
// dmop.md sections 9.4 and 9.5. Not for: addresses; who maps for real does that.

public import XenABI

/// What came of one frame of a mapping.
public enum FrameResult {
    /// The page of a run.
    case mapped(PageRun, page: Int)
    /// Refused; the frames beside it are mapped all the same.
    case refused(XenErrorCode)

    /// As the err array says it: 0 or a negative errno.
    public var errno: Int32 {
        switch self {
        case .mapped: 0
        case .refused(let code): -code.rawValue
        }
    }
}

/// Counts as one mapped page of a domain for as long as it lives: the domain's id is not given to another before.
public final class MappingToken {
    private let domain: Domain
    private let hypervisor: Hypervisor

    init(_ domain: Domain, _ hypervisor: Hypervisor) {
        self.domain = domain
        self.hypervisor = hypervisor
        domain.mappingCount += 1
    }

    deinit {
        domain.mappingCount -= 1
        if domain.mappingCount == 0 { hypervisor.lastMappingGone(domain) }
    }
}

/// What one `mmap` of the device has made. It is undone by letting it go.
public final class PrivcmdArea {
    /// Pages.
    public let pageCount: Int
    private var isUsed = false
    private var isFilled: [Bool]
    private var tokens: [MappingToken] = []

    /// A fresh mapping with nothing in it.
    init(pageCount: Int) {
        self.pageCount = pageCount
        isFilled = [Bool](repeating: false, count: pageCount)
    }

    /// The first use fills all of it; later ones only pages that are empty still.
    func accepts(count: Int, at first: Int) -> Bool {
        guard first >= 0, count > 0, first <= pageCount, count <= pageCount - first else { return false }
        if !isUsed { return first == 0 && count == pageCount }
        return !isFilled[first..<(first + count)].contains(true)
    }

    func fill(_ results: [FrameResult], at first: Int, _ token: MappingToken?) {
        isUsed = true
        for (index, result) in results.enumerated() {
            if case .mapped = result { isFilled[first + index] = true }
        }
        if let token { tokens.append(token) }
    }
}
