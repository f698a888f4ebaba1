import XenABI
extension Domain {
    func existingRAM() -> PageRun? { nil }
    func markDirty(_ frame: GuestFrame) {}
    var memoryTypeHolder: IOREQServerID? { nil }
}
