// A PCI function: configuration space, a BAR that the guest sizes and moves, and MSI. README.md has the registers.

import XenABI
import XenDeviceModel
import XenLinux

/// The function's configuration space. Registers by the PCI Local Bus Specification 3.0, chapter 6.
final class Configuration: RegisterDevice {
    static let address = PCIAddress(device: 5)

    /// Byte offsets.
    enum Register {
        static let (id, command, classCode, bar, capabilities) = (0x00, 0x04, 0x08, 0x10, 0x34)
        static let (msiControl, msiAddress, msiData) = (0x40, 0x44, 0x4C)
    }

    private var space = RegisterFile(byteCount: 256)
    private let server: ServerHandle
    let doorbell: Doorbell
    private var bar: IORange?

    init(_ server: ServerHandle) {
        self.server = server
        doorbell = Doorbell(server.domain)
        space.define(Register.id, value: 0x0001_C0BE)  // device and vendor: made up
        space.define(Register.command, value: 0x0010_0000, writable: 0x0006)  // a capability list; memory, bus master
        space.define(Register.classCode, value: 0xFF00_0000)  // of no class
        space.define(Register.bar, writable: 0xFFFF_F000)  // 4 KiB of 32-bit memory
        space.define(Register.capabilities, value: UInt64(Register.msiControl))
        space.define(Register.msiControl, value: 0x0080_0005, writable: 0x0001_0000)  // MSI, 64-bit; enable
        space.define(Register.msiAddress, .quadWord, writable: ~3)
        space.define(Register.msiData, writable: 0xFFFF)
    }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { space.read(offset: offset, width: width) }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) throws(XenError) {
        space.write(offset: offset, width: width, value: value)
        let command = space[Register.command]
        let isMaster = command & 4 != 0 && space[Register.msiControl] & 0x0001_0000 != 0
        doorbell.message =
            isMaster
            ? (space[Register.msiAddress, .quadWord], UInt32(truncatingIfNeeded: space[Register.msiData])) : nil
        let base = space[Register.bar]
        try moveBAR(to: command & 2 != 0 ? .memory(base...base + 0xFFF) : nil)
    }

    /// The guest has moved the BAR, or switched its decoding on or off.
    private func moveBAR(to range: IORange?) throws(XenError) {
        guard range != bar else { return }
        if let bar { try server.release(bar) }
        bar = nil
        if let range { try server.claim(range, for: doorbell) }
        bar = range
    }
}

/// What is behind the BAR: a write to the doorbell sends the guest's own MSI.
final class Doorbell: RegisterDevice {
    /// What the guest has programmed; nil while it has MSI or bus mastering off.
    var message: (address: UInt64, data: UInt32)?
    private var registers = RegisterFile(byteCount: 12)
    private let domain: DeviceModelDomain

    init(_ domain: DeviceModelDomain) { self.domain = domain }

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { registers.read(offset: offset, width: width) }

    func write(offset: UInt64, width: AccessWidth, value: UInt64) {
        guard offset == 0 else { return }
        registers[4] &+= 1
        guard let message else { return }
        do throws(XenError) {
            try domain.injectMSI(address: message.address, data: message.data)
        } catch {
            registers[8] &+= 1  // The guest has programmed nonsense: its affair, and no reason to end.
        }
    }
}

@main enum PCIFunction: DeviceProgram {
    static let (name, version) = ("PCIFunction", "0.1.0")

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let server = try domain.makeIOREQServer().mapPages()
        let function = Configuration(server.handle)
        try server.claim(.pci(Configuration.address), for: function).enable().serve(until: stop)
    }
}
