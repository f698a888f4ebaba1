// The device-model library against a real guest on a real Xen: drives the exerciser in domain DOMID, prints TAP.
//     xen-devicemodel-test DOMID [hvm]      the guest is unpaused, or will be; hvm: it has interrupt lines

import GuestDriving
import SystemCalls
import TAP
import XenABI
import XenDeviceModel
import XenLinux

@main
enum DeviceModelTest {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        // No closure here: main is the main actor's, and a closure in it would bring in Concurrency and Dispatch.
        guard let number = UInt16(arguments.first ?? "") else {
            TAP().say("Bail out! usage: xen-devicemodel-test DOMID [hvm]")
            exitProgram(2)
        }
        let tap = TAP()
        do throws(XenError) {
            let domain = try XenLinux.open().domain(DomainID(number), restricted: true)
            try run(tap, domain, isHVM: arguments.dropFirst().first == "hvm")
        } catch {
            tap.check(false, "set-up and serving", detail: error.description)
        }
        exitProgram(tap.finish())
    }

    private static func run(_ tap: TAP, _ domain: DeviceModelDomain, isHVM: Bool) throws(XenError) {
        let guest = GuestDriver(domain)
        let driving = try domain.makeIOREQServer().mapPages().claim(GuestDriver.ports, for: guest).enable()
        let stage = Stage(tap: tap, guest: guest)
        let server = try domain.makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.ports(Stage.portBase...Stage.portBase + 0xF), for: stage.ports)
            .claim(.memory(Stage.memoryBase...Stage.memoryBase + 0xFFF), for: stage.memory)
            .claim(.memory(Stage.memoryBase + 0x1000...Stage.memoryBase + 0x1FFF), for: stage.nextPage)
            .claim(.pci(Stage.pci), for: stage.function)
            .enable()
        tap.say("# serving domain \(domain.id.rawValue)")
        do throws(DriverError) {
            try rows(stage, domain, server)
            if isHVM {
                lineRows(tap, domain)
                try windowRows(stage, server)
            }
        } catch {
            tap.check(false, "the guest answers", detail: "\(error)")
        }
        let statistics = server.statistics
        tap.check(
            statistics.malformed == 1, "only the PCI read across registers was malformed",
            detail: "\(statistics.malformed)")
        tap.check(
            statistics.requests + statistics.broadcasts == statistics.answers + statistics.posted,
            "every request and broadcast was answered once",
            detail: "\(statistics.requests) + \(statistics.broadcasts), \(statistics.answers) answered")
        try server.close()
        tap.check(true, "a server can be closed while its guest runs")
        try driving.close()
        stage.shutdownRow(domain)
    }

    private static func rows(
        _ stage: Stage, _ domain: DeviceModelDomain, _ server: borrowing IOREQServer<ServerState.Serving>
    ) throws(DriverError) {
        let hello = try stage.guest.run(.hello, results: 5)
        stage.tap.check(hello[0] == Protocol.version, "the guest speaks our protocol", detail: "\(hello)")
        try stage.portRows()
        try stage.memoryRows()
        try stage.stringRows()
        try stage.moveRows()
        try stage.pciRows()
        try stage.deferralRows(server)
        try stage.overlapRows(domain)
        try stage.interruptRows(domain)
        try stage.secondVCPURows(server)
        try stage.eventRows(domain)
        stage.operationRows(domain)
        try stage.dirtyRows(domain)
        try stage.writeTrackingRows(server)
        stage.restrictionRows(domain)
        stage.stranger { () throws(XenError) in try XenLinux.open() }
    }
}
