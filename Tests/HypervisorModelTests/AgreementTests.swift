// The model beside naive models, at random; `corbel-agreement` does the same for longer.

import ModelAgreement
import Testing
import XenABI

@Suite("Agreement with naive models") struct AgreementTests {
    @Test("ranges, over 20,000 random steps at either end of all numbers", arguments: [UInt64(2), 3])
    func ranges(seed: UInt64) throws {
        let outcomes = try RangeAgreement.run(steps: 10_000, seed: seed)
        #expect(
            outcomes.isSuperset(of: [
                Outcome("insert", nil), Outcome("insert", .eexist), Outcome("insert", .enomem),
                Outcome("remove", nil), Outcome("remove", .enoent), Outcome("remove", .enomem),
                Outcome("contains", nil), Outcome("contains", .enoent),
            ]))
    }

    @Test("memory types and moves, over 20,000 random steps")
    func memory() throws {
        let outcomes = try MemoryAgreement.run(steps: 20_000, seed: 1)
        #expect(
            outcomes == [
                Outcome("set type", nil), Outcome("set type", .einval), Outcome("hold", nil), Outcome("hold", .ebusy),
                Outcome("give back", nil), Outcome("give back", .einval), Outcome("destroy", nil),
                Outcome("move", nil), Outcome("move", .einval),
            ])
    }

    @Test("selection is what a bit for each number and server says")
    func selection() throws {
        let selected = try SelectionAgreement.run(steps: 20_000, seed: 3)
        #expect(selected == Set((0..<8).map { $0 } + [nil]))
    }

    @Test("random bytes trap nothing and are written to by no operation that may not, over 20,000 calls")
    func hostile() throws {
        let succeeded = try HostileCalls.run(steps: 20_000, seed: 1)
        #expect(Set(DMOpcode.all).subtracting(succeeded) == [])
    }
}
