// Mapping of guest frames and resources: the sandbox says which pages of which files they are. dmop.md sections 9.4 and
// 9.5.

internal import SandboxWire
internal import SystemCalls
internal import XenABI
internal import XenPlatform

/// Mapping.
final class SandboxMemory: GuestMemory {
    /// As on real Xen (XenLinux): 256 MiB.
    static let framesPerMappingMax = 65_536

    private let connection: SandboxConnection
    private let mappings: SandboxMappings

    init(_ connection: SandboxConnection) {
        self.connection = connection
        mappings = SandboxMappings(connection)
    }

    func mapFrames(_ domain: DomainID, _ frames: [GuestFrame], access: PageAccess) throws(XenError) -> MappedPages {
        let call: StaticString = "IOCTL_PRIVCMD_MMAPBATCH_V2"
        var mapping = try mapping(of: frames.count, call, domain)
        var done = 0
        while done < frames.count {
            let end = min(frames.count, done + WireLimits.framesPerPacket)
            let part = frames[done..<end].map { $0.rawValue }
            let request = FrameMapping(domain, isWritable: access == .readWrite, part)
            let pieces = try connection.ask(.mapFrames, request, MappedPieces.self, call, domain: domain)
            if let refused = try place(pieces, count: part.count, at: done, access, in: &mapping) {
                throw XenError(refused.code, call, domain: domain, value: part[refused.index])
            }
            done = end
        }
        return mapping.finish(mappings)
    }

    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        let call: StaticString = "IOCTL_PRIVCMD_MMAP_RESOURCE"
        var mapping = try mapping(of: count, call, domain)
        let request = ResourceMapping(domain, type, id: id, firstFrame: frame, count: UInt64(count))
        let pieces = try connection.ask(
            .mapResource, request, MappedPieces.self, call, domain: domain, value: UInt64(id))
        if let refused = try place(pieces, count: count, at: 0, .readWrite, in: &mapping) {
            throw XenError(refused.code, call, domain: domain, value: UInt64(id))
        }
        return mapping.finish(mappings)
    }

    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 {
        let request = ResourceMapping(domain, type, id: id, firstFrame: 0, count: 0)
        let call: StaticString = "IOCTL_PRIVCMD_MMAP_RESOURCE"
        return try connection.ask(
            .resourceSize, request, NumberAnswer.self, call, domain: domain, value: UInt64(id)
        ).number
    }

    private func mapping(of count: Int, _ call: StaticString, _ domain: DomainID) throws(XenError) -> UnfinishedMapping
    {
        if count <= 0 { throw XenError(.einval, call, domain: domain, value: 0) }
        if count > Self.framesPerMappingMax { throw XenError(.e2big, call, domain: domain, value: UInt64(count)) }
        do throws(SystemError) {
            return UnfinishedMapping(try MappedMemory.reserved(byteCount: count * GuestFrame.byteCount), connection)
        } catch {
            throw XenError(XenErrorCode(error.code), call, domain: domain)
        }
    }

    /// Maps what came with the last answer, from a page of the mapping on. Answers the first frame that was refused.
    private func place(
        _ pieces: MappedPieces, count: Int, at first: Int, _ access: PageAccess, in mapping: inout UnfinishedMapping
    ) throws(XenError) -> (index: Int, code: XenErrorCode)? {
        defer { connection.dropDescriptors() }
        mapping.add(pieces.mapping)
        if pieces.frameCount != count { throw connection.end() }
        var files: [SharedFile] = []
        for index in 0..<Int(pieces.fileCount) { files.append(SharedFile(try connection.takeDescriptor(index))) }
        var index = 0
        for piece in pieces.pieces {
            if piece.isRefused { return (index, XenErrorCode(Int32(piece.code))) }
            do throws(SystemError) {
                try mapping.place(files[Int(piece.file)], piece, atPage: first + index, access)
            } catch {
                return (index, XenErrorCode(error.code))
            }
            index += Int(piece.count)
        }
        return nil
    }
}

/// A file of the sandbox'.
private final class SharedFile {
    let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}

/// A mapping whose parts come one after the other. Unless it is finished, the sandbox is told that they are gone.
private struct UnfinishedMapping: ~Copyable {
    private var memory: MappedMemory
    private var numbers: MappingNumbers

    init(_ memory: consuming MappedMemory, _ connection: SandboxConnection) {
        self.memory = memory
        numbers = MappingNumbers(connection)
    }

    mutating func add(_ number: UInt32) { numbers.numbers.append(number) }

    mutating func place(
        _ file: SharedFile, _ piece: MappedPieces.Piece, atPage page: Int, _ access: PageAccess
    ) throws(SystemError) {
        try memory.place(
            file.descriptor, fileOffset: piece.page * UInt64(GuestFrame.byteCount), at: page * GuestFrame.byteCount,
            byteCount: Int(piece.count) * GuestFrame.byteCount, access: access == .read ? .read : .readWrite)
    }

    consuming func finish(_ owner: SandboxMappings) -> MappedPages {
        owner.add(memory.address, numbers)
        return MappedPages(memory, owner: owner)
    }
}

/// What the sandbox calls the parts of a mapping; when it goes, the sandbox is told.
final class MappingNumbers {
    private let connection: SandboxConnection
    var numbers: [UInt32] = []

    init(_ connection: SandboxConnection) { self.connection = connection }

    deinit {
        // A sandbox that has gone needs no telling.
        for number in numbers { try? connection.tell(.unmapped, NumberArgument(number)) }
    }
}

/// Undoes mappings.
final class SandboxMappings: MappingOwner {
    private let connection: SandboxConnection
    private var entries: [(address: UInt, numbers: MappingNumbers)] = []

    init(_ connection: SandboxConnection) { self.connection = connection }

    func add(_ address: UInt, _ numbers: MappingNumbers) { entries.append((address, numbers)) }

    func unmap(address: UInt, byteCount: Int) {
        undoMapping(address: address, byteCount: byteCount)
        // The last ones made are the first to go, mostly. Nobody else has the numbers: the sandbox is told now.
        if let index = entries.lastIndex(where: { $0.address == address }) { entries.remove(at: index) }
    }
}
