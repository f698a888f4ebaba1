// An explanation of one step of a guest's program: `in 0x3f8 1`, `pci read 00:04.0 0x10 4`.

extension Domain {
    /// Who would get the access that a step makes; nil when it makes none. `latched` is what port 0xcf8 is taken to
    /// hold; nil: what the guest has written there.
    public func explain(_ step: GuestStep, latched: UInt32? = nil) -> Explanation? {
        let before = configurationAddress
        if let latched { configurationAddress = latched }
        defer { configurationAddress = before }
        switch step {
        case .access(let access, _): return explain(access)
        case .move(let source, let target, let size, let count, let descending):
            return explain(moving(source, target, size, count, descending))
        case .readPCI(let function, let register, let size, _): return explain(function, register: register, size)
        case .writePCI(let function, let register, let size, _):
            return explain(function, register: register, size, isRead: false)
        default: return nil
        }
    }
}

extension GuestStep {
    /// What port 0xcf8 holds after this step; nil when it does not write there. dmop.md section 6, rule 5.
    public var latchedByIt: UInt32? {
        guard case .access(let access, _) = self, access.space == .port, access.address == 0xCF8, !access.isRead,
            access.size == .four, access.memoryAddress == nil
        else { return nil }
        return UInt32(truncatingIfNeeded: access.value)
    }
}
