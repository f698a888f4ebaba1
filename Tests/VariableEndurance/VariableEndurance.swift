// A million commands of a guest through varstored's device: nothing may grow. TAP.
//     corbel-variable-endurance [COMMANDS]
// Not for: what commands do (VariableServiceTests).

import CSpawn
import Glibc
import SystemCalls

@main
enum VariableEndurance {
    static func main() {
        let count = UInt64(CommandLine.arguments.dropFirst().first ?? "") ?? 1_000_000
        var rows = Rows()
        do {
            let guest = try EndlessGuest()
            // The first commands make what is made once: variables, snapshots that wait, the heap's own lists.
            try guest.run(20_000)
            let (heap, resident) = (corbel_bench_heap_bytes(), residentPages())
            try guest.run(count)
            let grown = Int64(bitPattern: corbel_bench_heap_bytes() &- heap)
            rows.check(
                guest.wrong == 0, "\(count) commands are answered with what they must be", "\(guest.wrong) wrong")
            // The blobs that are confirmed and under way differ in length by a few variables.
            rows.check(grown < 65536, "they leave the heap as it was, but for the last blob", "\(grown) bytes")
            let pages = residentPages() - resident
            rows.check(pages <= 64, "and no page in memory", "\(pages) pages")
            rows.check(guest.answers == guest.begun, "each access is answered once", "\(guest.begun), \(guest.answers)")
            rows.check(guest.isCurrent, "the backend holds what is published", "\(guest.writes) writes")
        } catch {
            rows.check(false, "the run comes to its end", "\(error)")
        }
        rows.finish()
    }

    private static func residentPages() -> Int {
        guard let file = try? OwnedDescriptor.open(path: "/proc/self/statm", .read),
            let text = try? file.read(at: 0, byteCount: 256)
        else { return 0 }
        let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }
}

/// TAP rows.
private struct Rows {
    private var number = 0
    private var failed = false

    mutating func check(_ holds: Bool, _ text: String, _ detail: String) {
        number += 1
        failed = failed || !holds
        print(holds ? "ok \(number) - \(text)" : "not ok \(number) - \(text) # \(detail)")
        print("# \(detail)")
    }

    func finish() -> Never {
        print("1..\(number)")
        exit(failed ? 1 : 0)
    }
}
