// Pages that other processes and other mappings can share: memory files (memfd).
// Not for: addresses (MappedPages+File).

public import HypervisorModel
public import SystemCalls
internal import XenABI
internal import XenPlatform

/// A memory file behind a run of pages: `PageRun.backing` of those that `MemoryFilePages` has made.
public final class MemoryFile {
    /// The file. Page n of the run lies at n times 4096 in it.
    public let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}

/// Makes pages of memory files, one for each run.
public final class MemoryFilePages: PageSource {
    /// A source.
    public init() {}

    /// Zeroed pages of a memory file of their own.
    public func makePages(count: Int, purpose: StaticString) throws(Refusal) -> PageRun {
        do throws(SystemError) {
            let file = MemoryFile(try Self.makeFile("corbel \(purpose)", byteCount: count * 4096))
            let memory = try MappedMemory(sharing: file.descriptor, byteCount: count * 4096, access: .readWrite)
            return PageRun(MappedPages(memory, keeping: nil), backing: file)
        } catch {
            throw Refusal(.enomem, "no memory file to be had")
        }
    }

    /// A file whose size nobody changes any more.
    private static func makeFile(_ name: String, byteCount: Int) throws(SystemError) -> OwnedDescriptor {
        try OwnedDescriptor.sealedMemoryFile(name: name, byteCount: byteCount)
    }
}
