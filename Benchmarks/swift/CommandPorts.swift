// The devices that the guest meets: its command ports, the register under measurement, the doorbell for messages.

import GuestDriving
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// Two programs measure in turns on one guest, each with two of its vCPUs and with ranges of its own: place 0 or 1.
struct Place {
    let number: UInt16

    /// Counts messages that come while the guest waits for them, and those that stay pending.
    static let vector: UInt32 = 0x41
    static let pendingVector: UInt32 = 0x40

    var commandPorts: ClosedRange<UInt16> { 0x510 + 0x20 * number...0x52F + 0x20 * number }
    var registerPort: UInt16 { 0x200 + 0x10 * number }
    var doorbellPort: UInt16 { registerPort + 8 }
    var registerAddress: UInt64 { 0xF000_0000 + 0x10000 * UInt64(number) }
    /// To the place's first vCPU. It takes interrupts only while it is told to: what comes else stays pending.
    var messageAddress: UInt64 { Self.messageAddress(VCPUID(2 * UInt32(number))) }

    /// Xen gives vCPU n the APIC id 2n.
    static func messageAddress(_ vcpu: VCPUID) -> UInt64 { 0xFEE0_0000 | UInt64(vcpu.rawValue) << 13 }
}

/// The command ports of a place's two vCPUs; stops the serving when the results of a command are complete.
final class CommandPorts: IODevice, StopSource {
    private let driver: GuestDriver
    private let completion: EventCounter
    private var wanted = 0
    private var vcpus = 0..<1

    init(_ domain: DeviceModelDomain) throws(SystemError) {
        driver = GuestDriver(domain)
        completion = try EventCounter()
    }

    var descriptor: Int32 { completion.descriptor.rawValue }

    func accept(_ request: consuming IORequest) {
        let isAnswer = !request.isRead
        driver.accept(request)
        guard isAnswer, vcpus.allSatisfy({ driver.hasResults(wanted, vcpu: $0) }) else { return }
        do throws(SystemError) { try completion.signal() } catch { preconditionFailure("an eventfd takes a signal") }
    }

    /// Gives the first vCPUs a command, and serves until all have answered.
    func run(
        _ opcode: Opcode, _ words: [UInt32] = [], results count: Int, vcpus number: Int = 1,
        on server: borrowing IOREQServer<ServerState.Serving>
    ) throws -> [[UInt32]] {
        wanted = count
        vcpus = 0..<number
        for vcpu in vcpus { driver.send(opcode, words, vcpu: vcpu) }
        guard try server.serve(until: self) == .stopped else { throw DriverError.noAnswer }
        _ = try completion.drain()
        return try vcpus.map { try driver.results(count, vcpu: $0) }
    }
}

/// A register as a device model has dozens of them.
final class Register: RegisterDevice {
    private var value: UInt64 = 0x8877_6655_4433_2211

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { value }
    func write(offset: UInt64, width: AccessWidth, value: UInt64) { self.value = value }
}

/// Sends who writes to it a message.
final class Doorbell: IODevice {
    private let domain: DeviceModelDomain

    init(_ domain: DeviceModelDomain) { self.domain = domain }

    func accept(_ request: consuming IORequest) throws(XenError) {
        if let vcpu = request.vcpu { try domain.injectMSI(address: Place.messageAddress(vcpu), data: Place.vector) }
        request.answer()
    }
}
