// Serves a pipe at I/O ports 0x200 and 0x201 of a guest.

import XenABI
import XenDeviceModel
import XenLinux

@main enum GuestPipe: DeviceProgram {
    static let (name, version) = ("GuestPipe", "0.1.0")

    static func serve(_ domain: DeviceModelDomain, _ operands: [String], until stop: StopSignals) throws(XenError) {
        let server = try domain.makeIOREQServer().mapPages().claim(.ports(0x200...0x201), for: BytePipe()).enable()
        try server.serve(until: stop)
    }
}
