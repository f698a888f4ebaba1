// Shadows a table in guest memory, as a GPU's device model shadows page tables. README.md has the registers.

import XenABI
import XenDeviceModel
import XenLinux
import XenPlatform

/// The registers, and behind them a window on the shadow.
final class TableRegisters: RegisterDevice {
    static let range = IORange.memory(0xF004_0000...0xF004_1FFF)

    /// Byte offsets.
    enum Register {
        static let (table, control, status, shadow) = (0x00, 0x08, 0x0C, 0x1000)
    }

    private var registers = RegisterFile(byteCount: 0x10)
    private let server: ServerHandle
    private var page: TrackedPage?

    init(_ server: ServerHandle) {
        self.server = server
        registers.define(Register.table, .quadWord, writable: ~0xFFF)
        registers.define(Register.control, writable: 1)
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 {
        guard offset >= Register.shadow else { return registers.read(offset: offset, width: width) }
        return page?.shadow.read(offset: offset - UInt64(Register.shadow), width: width) ?? width.allOnes
    }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        registers.write(offset: offset, width: width, value: value)
        guard offset == Register.control else { return }
        do throws(XenError) {
            try page.take()?.stopTracking(server)
            if value & 1 != 0 { page = try TrackedPage(at: registers[Register.table, .quadWord], server) }
            registers[Register.status] = page == nil ? 0 : 1
        } catch {
            registers[Register.status] = 2  // No memory there, or memory that can't be tracked: the guest's affair.
        }
    }
}

/// A page of the guest's with 512 entries of 8 bytes. The guest reads it as ever; its writes come here.
final class TrackedPage: RegisterDevice {
    /// The entries whose bit 0 says that they are valid; 0 for the others.
    private(set) var shadow = RegisterFile(byteCount: GuestFrame.byteCount)
    private let pages: MappedPages
    private let frame: GuestFrame
    private let range: IORange

    /// Maps the page and claims the writes to it; only then is it copied, so that none is missed.
    init(at address: UInt64, _ server: ServerHandle) throws(XenError) {
        frame = GuestFrame(containing: address)
        range = .memory(address...address | 0xFFF)
        pages = try server.domain.mapFrames(first: frame, count: 1, access: .readWrite)
        try server.claim(range, for: self)
        do throws(XenError) {
            try server.domain.setMemoryType(.ioreqServer, first: frame, count: 1)
        } catch {
            try server.release(range)
            throw error
        }
        for entry in 0..<512 { follow(entry) }
    }

    func stopTracking(_ server: ServerHandle) throws(XenError) {
        let ended = Result { () throws(XenError) in
            try server.domain.setMemoryType(.ramReadWrite, first: frame, count: 1)
        }
        try server.release(range)
        try ended.get()  // Fails when the guest has given the page away.
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { pages.load(byteCount: width.byteCount, at: Int(offset)) }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        pages.store(value, byteCount: width.byteCount, at: Int(offset))
        for entry in Int(offset) / 8...(Int(offset) + width.byteCount - 1) / 8 { follow(entry) }
    }

    /// Brings the shadow of an entry up to date. What the guest can change is read once, and checked afterwards.
    private func follow(_ entry: Int) {
        let value = pages.load(byteCount: 8, at: entry * 8)
        shadow[entry * 8, .quadWord] = value & 1 != 0 ? value : 0
    }
}

@main enum ShadowTable: DeviceProgram {
    static let (name, version) = ("ShadowTable", "0.1.0")

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let mapped = try domain.makeIOREQServer().mapPages()
        let registers = TableRegisters(mapped.handle)
        let server = try mapped.claim(TableRegisters.range, for: registers).enable()
        try server.claimMemoryType()
        try server.serve(until: stop)
    }
}
