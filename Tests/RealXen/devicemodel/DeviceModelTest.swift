// The device-model library against a real guest on a real Xen: drives the exerciser in domain DOMID, prints TAP.
//     xen-devicemodel-test DOMID [hvm] [long]   the guest is unpaused, or will be; hvm: it has interrupt lines;
//                                               long: 100,000 requests too
//     xen-devicemodel-test DOMID doomed         serves a guest that hammers until its domain is destroyed
//     xen-devicemodel-test DOMID hammer PORT    has the guest write to PORT, which another program serves, and to what
//                                               is unclaimed, until its domain is destroyed or SIGTERM

import GuestDriving
import SystemCalls
import TAP
import XenABI
import XenDeviceModel
import XenPlatform

@main
enum DeviceModelTest {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // No closure here: main is the main actor's, and a closure in it would bring in Concurrency and Dispatch.
        guard let number = UInt16(arguments.first ?? "") else {
            TAP().say("Bail out! usage: xen-devicemodel-test DOMID [hvm] [long] | doomed | hammer PORT")
            exitProgram(2)
        }
        let tap = TAP()
        do throws(XenError) {
            try run(tap, DomainID(number), arguments)
        } catch {
            tap.check(false, "set-up and serving", detail: error.description)
        }
        exitProgram(tap.finish())
    }

    private static func run(_ tap: TAP, _ id: DomainID, _ arguments: [String]) throws(XenError) {
        let open = try openChosenPlatform()
        if arguments.contains("doomed") {
            return try doomedRows(tap, try open.domain(id, restricted: true))
        }
        if let word = arguments.firstIndex(of: "hammer"), word + 1 < arguments.count {
            guard let port = UInt32(arguments[word + 1]) else { throw XenError(.einval, "hammer PORT") }
            return try hammerRows(tap, try open.domain(id, restricted: true), port: port)
        }
        let storm = try StormyEvents(open.events)
        let platform = Platform(calls: open.calls, memory: open.memory, events: storm, clock: open.clock)
        let domain = try platform.domain(id, restricted: true)
        let longCount: UInt32 = arguments.contains("long") ? 100_000 : 2_000
        try run(tap, domain, storm, isHVM: arguments.contains("hvm"), longCount: longCount)
    }

    private static func run(
        _ tap: TAP, _ domain: DeviceModelDomain, _ storm: StormyEvents, isHVM: Bool, longCount: UInt32
    ) throws(XenError) {
        let guest = GuestDriver(domain)
        let driving = try domain.makeIOREQServer().mapPages().claim(GuestDriver.ports, for: guest).enable()
        let stage = Stage(tap: tap, guest: guest)
        let server = try domain.makeIOREQServer(buffered: .atomic).mapPages()
            .claim(.ports(Stage.portBase...Stage.portBase + 0xF), for: stage.ports)
            .claim(.memory(Stage.memoryBase...Stage.memoryBase + 0xFFF), for: stage.memory)
            .claim(.memory(Stage.memoryBase + 0x1000...Stage.memoryBase + 0x1FFF), for: stage.nextPage)
            .claim(.pci(Stage.pci), for: stage.function)
            .enable()
        storm.isSettingUp = false
        tap.say("# serving domain \(domain.id.rawValue)")
        do throws(DriverError) {
            try accessRows(stage, server)
            try oneVCPURows(stage, domain, server)
            try twoVCPURows(stage, domain, server, storm, longCount)
            try operationRows(stage, domain, server)
            if isHVM {
                try LineRows(stage, domain).run(server)
                try windowRows(stage, server)
            }
        } catch {
            tap.check(false, "the guest answers", detail: "\(error)")
        }
        try endRows(tap, server)
        try driving.close()
        stage.shutdownRow(domain)
        stage.operationTableRow(domain, isHVM: isHVM)
    }

    private static func accessRows(
        _ stage: Stage, _ server: borrowing IOREQServer<ServerState.Serving>
    ) throws(DriverError) {
        let hello = try stage.guest.run(.hello, results: 5)
        stage.tap.check(hello[0] == Protocol.version, "the guest speaks our protocol", detail: "\(hello)")
        try stage.scriptRows()
        try stage.portRows()
        try stage.memoryRows()
        try stage.unclaimedRows()
        try stage.stringRows()
        try stage.portStringRows()
        try stage.moveRows()
        try stage.memoryStringRows()
        try stage.pciRows()
        try stage.oddAccessRows(server)
    }

    private static func oneVCPURows(
        _ stage: Stage, _ domain: DeviceModelDomain, _ server: borrowing IOREQServer<ServerState.Serving>
    ) throws(DriverError) {
        try stage.deferralRows(server)
        try stage.overlapRows(domain)
        stage.serverLimitRows(domain)
        try stage.rangeLimitRows(domain)
        try stage.interruptRows(domain)
    }

    private static func twoVCPURows(
        _ stage: Stage, _ domain: DeviceModelDomain, _ server: borrowing IOREQServer<ServerState.Serving>,
        _ storm: StormyEvents, _ longCount: UInt32
    ) throws(DriverError) {
        try stage.secondVCPURows(server)
        try stage.secondVCPUInterruptRows(domain)
        try stage.lateRows(server)
        try stage.neverRows(domain)
        try stage.throwingRows(server)
        try stage.hammeringRows()
        try stage.stormRows(server, storm)
        try stage.longRows(server, count: longCount)
    }

    private static func operationRows(
        _ stage: Stage, _ domain: DeviceModelDomain, _ server: borrowing IOREQServer<ServerState.Serving>
    ) throws(DriverError) {
        try stage.eventRows(domain)
        stage.operationRows(domain)
        try stage.dirtyRows(domain)
        try stage.writeTrackingRows(server)
        stage.restrictionRows(domain)
        stage.stranger { () throws(XenError) in try openChosenPlatform() }
    }

    private static func endRows(
        _ tap: TAP, _ server: consuming IOREQServer<ServerState.Serving>
    ) throws(XenError) {
        let statistics = server.statistics
        tap.check(
            statistics.malformed == Stage.malformedCount, "only the PCI accesses across registers were malformed",
            detail: "\(statistics.malformed)")
        tap.check(
            statistics.requests + statistics.broadcasts == statistics.answers + statistics.posted,
            "every request and broadcast was answered once",
            detail: "\(statistics.requests) + \(statistics.broadcasts), \(statistics.answers) answered")
        try server.close()
        tap.check(true, "a server can be closed while its guest runs")
    }
}
