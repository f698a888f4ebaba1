// A guest's memory whose mappings are counted: how often the device asks for one.
// Not for: what is in it.

import XenABI
import XenPlatform

/// Another platform's memory.
final class CountedMemory: GuestMemory {
    private let memory: any GuestMemory
    /// Mappings that were asked for.
    private(set) var asked: [[GuestFrame]] = []

    init(_ memory: any GuestMemory) { self.memory = memory }

    func mapFrames(_ domain: DomainID, _ frames: [GuestFrame], access: PageAccess) throws(XenError) -> MappedPages {
        asked.append(frames)
        return try memory.mapFrames(domain, frames, access: access)
    }

    func mapResource(
        _ domain: DomainID, _ type: ResourceType, id: UInt32, frame: UInt32, count: Int
    ) throws(XenError) -> MappedPages {
        try memory.mapResource(domain, type, id: id, frame: frame, count: count)
    }

    func resourceSize(_ domain: DomainID, _ type: ResourceType, id: UInt32) throws(XenError) -> UInt64 {
        try memory.resourceSize(domain, type, id: id)
    }
}
