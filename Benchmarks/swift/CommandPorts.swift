// The devices that the guest meets: its command ports, and the register under measurement.

import GuestDriving
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// The guest's command ports; stops the serving when a command's results are complete.
final class CommandPorts: IODevice, StopSource {
    private let driver: GuestDriver
    private let completion: EventCounter
    private var wanted = 0

    init(_ domain: DeviceModelDomain) throws(SystemError) {
        driver = GuestDriver(domain)
        completion = try EventCounter()
    }

    var descriptor: Int32 { completion.descriptor.rawValue }

    func accept(_ request: consuming IORequest) {
        let isAnswer = !request.isRead
        driver.accept(request)
        guard isAnswer, driver.hasResults(wanted) else { return }
        do throws(SystemError) { try completion.signal() } catch { preconditionFailure("an eventfd takes a signal") }
    }

    /// Gives the guest a command, and serves until it has answered.
    func run(
        _ opcode: Opcode, _ words: [UInt32] = [], results count: Int,
        on server: borrowing IOREQServer<ServerState.Serving>
    ) throws -> [UInt32] {
        wanted = count
        driver.send(opcode, words)
        guard try server.serve(until: self) == .stopped else { throw DriverError.noAnswer }
        _ = try completion.drain()
        return try driver.results(count)
    }
}

/// A register as a device model has dozens of them.
final class Register: RegisterDevice {
    private var value: UInt64 = 0x8877_6655_4433_2211

    func read(offset: UInt64, width: AccessWidth) -> UInt64 { value }
    func write(offset: UInt64, width: AccessWidth, value: UInt64) { self.value = value }
}
