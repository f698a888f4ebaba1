// Guests that hammer until their domain is destroyed: from the program that serves them, and from one that only sets
// them going. The row that follows the destruction is whether the program notices, and ends.

import GuestDriving
import SystemCalls
import TAP
import XenABI
import XenDeviceModel
import XenPlatform

/// Never told to stop.
private final class NoStop: StopSource {
    let signals: SignalDescriptor
    init() throws(XenError) {
        do throws(SystemError) { signals = try SignalDescriptor([.terminate]) } catch {
            throw XenError(.eio, "signalfd")
        }
    }
    var descriptor: Int32 { signals.descriptor.rawValue }
}

/// vCPU 0 hammers a device of ours, vCPU 1 waits for one that never answers.
func doomedRows(_ tap: TAP, _ domain: DeviceModelDomain) throws(XenError) {
    let guest = GuestDriver(domain)
    let (keeper, device) = (Keeper(), Steady(answer: 1))
    let server = try domain.makeIOREQServer().mapPages()
        .claim(GuestDriver.ports, for: guest)
        .claim(.ports(0x300...0x30F), for: keeper)
        .claim(.ports(0x200...0x20F), for: device)
        .enable()
    do throws(DriverError) {
        _ = try guest.run(.startVCPU, [1])
        guest.send(.portIn, [0x300, 4], vcpu: 1)
        guest.send(.repeatIn, [0x200, 4, Protocol.roundsMax])
        try guest.serve { keeper.count == 1 && device.reads > 100 }
    } catch {
        tap.check(false, "the guest hammers", detail: "\(error)")
        return
    }
    tap.check(true, "a guest hammers a device, and waits for one that never answers")
    tap.say("# hammering")
    let end = try server.serve(until: try NoStop())
    tap.check(end == .domainGone, "serve() ends when the domain is destroyed in the middle of accesses")
    let failure = failureOfClosing(server)
    // What is left of a domain that is torn down may refuse anything, and that is no news.
    tap.say("# closing: \(failure?.description ?? "nothing refused")")
    // The request that was never answered: nobody is there to be told.
    keeper.dropAll()
}

/// vCPU 0 writes to a port that another program serves, as fast as it can; vCPU 1 to what nobody claims.
func hammerRows(_ tap: TAP, _ domain: DeviceModelDomain, port: UInt32) throws(XenError) {
    let guest = GuestDriver(domain)
    let server = try domain.makeIOREQServer().mapPages().claim(GuestDriver.ports, for: guest).enable()
    do throws(DriverError) {
        _ = try guest.run(.startVCPU, [1])
        var nothing = GuestScript()
        nothing.add(.portIn, [0x400, 4])
        nothing.expectOnes()
        guest.send(nothing, rounds: Protocol.roundsMax, vcpu: 1)
        guest.send(.repeatOut, [port, 1, 0x78, Protocol.roundsMax])
        try guest.serve { guest.isBusy() && guest.isBusy(vcpu: 1) }
    } catch {
        tap.check(false, "the guest hammers", detail: "\(error)")
        return
    }
    tap.check(true, "a guest hammers port \(port)")
    tap.say("# hammering")
    _ = try server.serve(until: try NoStop())
    _ = failureOfClosing(server)
}
