// A list of pages as one contiguous mapping: neighbours in a file are mapped in one step.
// Not for: which pages (PrivcmdFile), addresses (MappedPages+File).

internal import HypervisorModel
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// Pages that lie one after the other in a file.
private struct PageStretch {
    let file: MemoryFile
    let first: Int
    var count: Int
}

/// Maps pages, in order. Throws the first refusal, with its index, before anything is mapped.
func assemble(
    _ mapping: PageMapping, access: PageAccess
) throws(PageAssemblyError) -> MappedPages {
    var stretches: [PageStretch] = []
    for (index, result) in mapping.results.enumerated() {
        guard case .mapped(let run, let page) = result else {
            throw PageAssemblyError(code: XenErrorCode(-result.errno), index: index)
        }
        // Pages of the heap can't be mapped a second time.
        guard let file = run.backing as? MemoryFile else { throw PageAssemblyError(code: .enodev, index: index) }
        if let last = stretches.last, last.file === file, last.first + last.count == page {
            stretches[stretches.count - 1].count += 1
        } else {
            stretches.append(PageStretch(file: file, first: page, count: 1))
        }
    }
    let byteCount = mapping.results.count * GuestFrame.byteCount
    do throws(SystemError) {
        var memory = try MappedMemory.reserved(byteCount: byteCount)
        var offset = 0
        for stretch in stretches {
            let length = stretch.count * GuestFrame.byteCount
            try memory.place(
                stretch.file.descriptor, fileOffset: UInt64(stretch.first * GuestFrame.byteCount), at: offset,
                byteCount: length, access: access == .read ? .read : .readWrite)
            offset += length
        }
        return MappedPages(memory, keeping: mapping.token)
    } catch {
        throw PageAssemblyError(code: XenErrorCode(error.code), index: 0)
    }
}

/// Which page could not be mapped, and why.
struct PageAssemblyError: Error {
    var code: XenErrorCode
    var index: Int
}
