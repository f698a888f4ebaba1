// This process's statistics page as a file that others read.
// Not for: its contents (StatisticsPage), when it is written (StatisticsBoard).

public import StatisticsPage
internal import Synchronization
internal import SystemCalls
public import XenPlatform

/// A page in a folder. It is complete before it has its name, it is locked for as long as its process lives, and it is
/// written through a mapping, without a call of the system. It goes when this value goes; that of a process that was
/// killed, or has changed its root, stays until somebody tidies (StatisticsFolder).
public final class StatisticsFile: StatisticsSink {
    /// The file.
    public let path: String
    private let memory: MappedMemory
    /// Holds the lock, which is the sign of life.
    private let file: OwnedDescriptor
    /// The root that the path begins at. In another one it names another file, if any; and no handle of the folder is
    /// kept, for an open folder outside of its root leads a confined process out.
    private let root: FileIdentity

    private init(
        path: String, memory: consuming MappedMemory, file: consuming OwnedDescriptor, root: FileIdentity
    ) {
        self.path = path
        self.memory = memory
        self.file = file
        self.root = root
    }

    deinit { if (try? FileIdentity(path: "/")) == root { try? removeFile(path: path) } }

    /// A board for a new page in `folder`, which is made if it is not there. Nil when that can't be: no right to, a
    /// full or a read-only disk. A device model serves all the same.
    public static func board(
        in folder: String = StatisticsFolder.standardPath, program: String? = nil,
        platform: StatisticsPlatform = .xen, clock: any MonotonicClock
    ) -> StatisticsBoard? {
        let process = StatisticsProcess(
            program: program ?? programName, processID: processID, started: clock.nanoseconds, platform: platform)
        var page = StatisticsEncoder(process)
        page.seal(published: process.started)
        do throws(SystemError) {
            return StatisticsBoard(page, sink: try make(page, process, in: folder), clock: clock)
        } catch {
            return nil
        }
    }

    private static func make(
        _ page: StatisticsEncoder, _ process: StatisticsProcess, in folder: String
    ) throws(SystemError) -> StatisticsFile {
        try StatisticsFolder.make(folder)
        // No process has the same number and began at the same nanosecond.
        let name = "\(process.processID)-\(process.started)"
        let path = folder + "/" + name + StatisticsFolder.suffix
        let unfinished = folder + "/." + name
        let file = try OwnedDescriptor.open(
            path: unfinished, .readWrite, [.create, .exclusive, .noFollow], permissions: 0o600)
        do throws(SystemError) {
            let root = try FileIdentity(path: "/")
            // Written, not only made longer: a full disk tells now, by an error, and not later, by a signal.
            try file.writeAll(page.bytes.span)
            guard try file.lockForWriting() else { throw SystemError(11, "fcntl") }
            // For all to read only now: whoever can read it could have locked it before us.
            try file.setPermissions(0o644)
            let memory = try MappedMemory(sharing: file, byteCount: PageLayout.pageByteCount, access: .readWrite)
            try renameFile(from: unfinished, to: path)
            return StatisticsFile(path: path, memory: memory, file: file, root: root)
        } catch {
            try? removeFile(path: unfinished)
            throw error
        }
    }

    /// Generation odd, everything else, generation even: who reads in between sees that it has.
    public func publish(_ page: Span<UInt8>) {
        let generation = PageLayout.generationOffset
        var odd = InlineArray<8, UInt8>(repeating: 0)
        for index in 0..<8 { odd[index] = page[generation + index] }
        // Any odd number does: who reads compares, and does not count.
        odd[0] |= 1
        memory.copyIn(at: generation, from: odd.span)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        memory.copyIn(at: 0, from: page.extracting(0..<generation))
        memory.copyIn(at: generation + 8, from: page.extracting((generation + 8)...))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        memory.copyIn(at: generation, from: page.extracting(generation..<generation + 8))
    }
}
