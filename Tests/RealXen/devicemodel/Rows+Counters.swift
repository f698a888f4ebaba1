// The last row: the table of operations (Documentation/operations.md) is what was really called.

import TAP
import XenABI
import XenDeviceModel

extension Stage {
    /// Operations that no row can call with success on this guest, and why.
    private func exceptions(isHVM: Bool) -> [DMOpcode: String] {
        var reasons: [DMOpcode: String] = [.setIRQLevel: "Arm"]
        if isBefore415 { reasons[.vcpuCount] = "Xen 4.15 and later" }
        if !isHVM {
            for line in [.setPCIINTxLevel, .setISAIRQLevel, .setPCILinkRoute] as [DMOpcode] {
                reasons[line] = "a PVH guest has no interrupt controllers"
            }
        }
        return reasons
    }

    func operationTableRow(_ domain: DeviceModelDomain, isHVM: Bool) {
        let exceptions = exceptions(isHVM: isHVM)
        let wrong = DMOpcode.all.filter { operation in
            let counter = domain.counter(of: operation)
            return (counter.count > counter.refused) == (exceptions[operation] != nil)
        }
        tap.check(
            wrong.isEmpty, "all of the 20 operations but \(exceptions.count) were called with success",
            detail: "not so: \(wrong.map { $0.rawValue })")
        for (operation, reason) in exceptions.sorted(by: { $0.key < $1.key }) {
            tap.say("# not operation \(operation.rawValue): \(reason)")
        }
    }
}
