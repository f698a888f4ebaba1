// A program for dom0 of the lab: proves XenLinux, and rows of dmop.md section 18, on a real Xen. Prints TAP. Without
// arguments: what needs no guest (and no xenstored, which holds VIRQ 3). With the id of a paused PVH domain: the rest.

import SystemCalls
import TAP
import XenABI
import XenLinux
import XenPlatform

@main
struct TransportTest {
    static func main() {
        let tap = TAP()
        if CommandLine.arguments.count > 1 {
            withGuest(tap, CommandLine.arguments[1])
        } else {
            withoutGuest(tap)
        }
        exitProgram(tap.finish())
    }

    private static func withGuest(_ tap: TAP, _ text: String) {
        guard let number = UInt16(text) else { return tap.check(false, "a domain id", detail: text) }
        do throws(XenError) {
            try rowsOfGuest(tap, Target(domain: DomainID(number), platform: XenLinux.open(grants: true)))
        } catch {
            tap.check(false, "the guest", detail: XenLinux.advice(for: error) ?? error.description)
        }
    }

    private static func withoutGuest(_ tap: TAP) {
        do throws(SystemError) {
            try rowsOfDMOP(tap)
            try rowsOfRestriction(tap)
            try rowsOfMappingAndHypercalls(tap)
            try rowsOfEvtchn(tap)
        } catch {
            tap.check(false, "the bare nodes", detail: error.description)
        }
        do throws(XenError) {
            let platform = try XenLinux.open(grants: true)
            let second = try XenLinux.open()
            rowsOfRefusals(tap, platform)
            rowsOfEventRefusals(tap, platform, second)
            try rowsOfEventDelivery(tap, platform)
            try rowsOfEventBatches(tap, platform)
            try rowsOfOverflow(tap, platform)
            try rowsOfWaitingForTwo(tap, platform)
            rowsOfGrantsAndStates(tap, platform)
            rowsOfPlatformRestriction(tap, second)
        } catch {
            tap.check(false, "the platform", detail: XenLinux.advice(for: error) ?? error.description)
        }
    }
}
