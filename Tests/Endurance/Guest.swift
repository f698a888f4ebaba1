// What the guest does in a long run: every kind of access in turn, from two vCPUs.

import XenABI
import XenDeviceModel
import XenPlatform

/// A guest, and the server with its devices.
final class Guest {
    private let xen: TirelessXen
    let registers = Registers(byteCount: 0x1000)
    let ports = Registers(byteCount: 16)
    let function = Registers(byteCount: 4096)
    let patient = Patient()
    private(set) var synchronous: UInt64 = 0
    private(set) var posted: UInt64 = 0
    private(set) var wrongAnswers: UInt64 = 0
    var failures: UInt64 { ports.thrown }

    init(_ xen: TirelessXen) {
        self.xen = xen
        ports.throwsSometimes = true
    }

    func serve() throws(XenError) -> IOREQServer<ServerState.Serving> {
        try xen.platform.domain(TirelessXen.domain, restricted: true).makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.ports(0x100...0x10F), for: ports)
            .claim(.ports(0x200...0x203), for: patient)
            .claim(.memory(0xF000_0000...0xF000_0FFF), for: registers)
            .claim(.pci(PCIAddress(device: 3)), for: function)
            .enable()
    }

    /// One access of each round's kind, served at once.
    func run(_ rounds: UInt64, on server: borrowing IOREQServer<ServerState.Serving>) throws(XenError) {
        for round in 0..<rounds {
            let answered = xen.answered
            let thrown = ports.thrown
            begin(round)
            do throws(XenError) {
                try server.process()
            } catch {
                guard ports.thrown == thrown + 1 else { throw error }
            }
            if round % 8 == 7 { patient.finish() }
            guard round % 8 < 2, xen.answered == answered + 1, ports.thrown == thrown else { continue }
            // Reads of ports and of memory: the value is told by the offset.
            let offset = round % 8 == 0 ? round & 15 & ~3 : round & 0xFF8
            let width: UInt64 = round % 8 == 0 ? 0xFFFF_FFFF : .max
            if xen.lastAnswer != (offset &* 0x0101_0101_0101_0101) & width { wrongAnswers += 1 }
        }
    }

    /// Puts the round's access into its slot, or into the ring.
    func begin(_ round: UInt64) {
        let vcpu = UInt32(round & 1)
        if round % 8 == 4 {
            posted += 1
            xen.post(
                BufferedIOREQ(
                    type: .portIO, isRead: false, sizeCode: 0, address: 0x100 + UInt32(round >> 3 & 15), data: 7))
            return
        }
        synchronous += 1
        xen.access(vcpu, access(round))
    }

    private func access(_ round: UInt64) -> IOREQ {
        switch round % 8 {
        case 0: plain(.portIO, 0x100 + (round & 15 & ~3), 4, isRead: true)
        case 1: plain(.copy, 0xF000_0000 + (round & 0xFF8), 8, isRead: true)
        case 2: plain(.copy, 0xF000_0000 + (round & 0xFFC), 4, isRead: false)
        case 3: plain(.pciConfig, 0x18 << 32 | (round & 0xFC), 4, isRead: round & 8 == 0)
        case 5: string(.copy, 0xF000_0100, size: 8, count: 8, isRead: round & 8 == 0, down: round & 16 == 0)
        case 6: string(.portIO, 0x104, size: 2, count: 16, isRead: round & 8 == 0, down: false)
        default: string(.portIO, 0x200, size: 4, count: 4, isRead: round & 8 == 0, down: round & 16 == 0)
        }
    }

    private func plain(_ type: IOREQType, _ address: UInt64, _ size: UInt32, isRead: Bool) -> IOREQ {
        IOREQ(address: address, data: 0x55, count: 1, size: size, isRead: isRead, type: type)
    }

    /// The buffer lies over a page boundary.
    private func string(
        _ type: IOREQType, _ address: UInt64, size: UInt32, count: UInt32, isRead: Bool, down: Bool
    ) -> IOREQ {
        IOREQ(
            address: address, data: 0x1FF8, count: count, size: size, dataIsPointer: true, isRead: isRead,
            descending: down, type: type)
    }
}
