// A program for dom0 of the lab: proves XenLinux, and rows of dmop.md section 18 that need no guest, on a real Xen. Prints TAP.

import SystemCalls
import XenABI
import XenLinux
import XenPlatform

@main
struct TransportTest {
    static func main() {
        let tap = TAP()
        do throws(SystemError) {
            try rowsOfDMOP(tap)
            try rowsOfRestriction(tap)
            try rowsOfMappingAndHypercalls(tap)
            try rowsOfEvtchn(tap)
        } catch {
            tap.check(false, "the bare nodes", detail: error.description)
        }
        do throws(XenError) {
            let platform = try XenLinux.open()
            let second = try XenLinux.open()
            rowsOfRefusals(tap, platform)
            rowsOfEventRefusals(tap, platform, second)
            try rowsOfEventDelivery(tap, platform)
            try rowsOfEventBatches(tap, platform)
            try rowsOfWaitingForTwo(tap, platform)
            rowsOfGrantsAndStates(tap, platform)
            rowsOfPlatformRestriction(tap, second)
        } catch {
            tap.check(false, "the platform", detail: XenLinux.advice(for: error) ?? error.description)
        }
        exitProgram(tap.finish())
    }
}
