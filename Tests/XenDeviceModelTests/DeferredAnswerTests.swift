// Requests that a device keeps: answered later, dropped, or outlived by their server.

import Testing
import XenABI

@testable import XenDeviceModel

@Suite struct DeferredAnswerTests {
    let xen = FakeXen()
    let keeper = Keeper()

    @Test func aKeptRequestWaitsUntilItIsAnswered() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 4))
        try server.process()
        #expect(xen.answers.isEmpty && xen.state(0) == IOREQState.inProcess.rawValue)
        keeper.kept[0].take()?.answer(0xCAFE)
        #expect(xen.answers[0] == [0xCAFE])
    }

    @Test func aPortThatFiresMeanwhileDoesNotHandTheRequestOutTwice() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 4))
        try server.process()
        xen.fire(remote: 10)
        try server.process()
        #expect(keeper.kept.count == 1)
    }

    @Test func otherVCPUsAreServedWhileOneWaits() throws {
        xen.vcpus = 2
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 1))
        xen.access(1, portRead(0x101, 1))
        try server.process()
        keeper.kept[1].take()?.answer(7)
        #expect(xen.answers == [1: [7]])
        keeper.kept[0].take()?.answer(8)
        #expect(xen.answers == [0: [8], 1: [7]])
    }

    @Test func aDroppedRequestIsAnsweredWithAllOnes() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 2))
        try server.process()
        keeper.kept.removeAll()
        #expect(xen.answers[0] == [.max])  // Xen takes the bytes it needs
    }

    @Test func closingTheServerAnswersWhatIsPendingAndALateAnswerDoesNothing() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 4))
        try server.process()
        try server.close()
        #expect(xen.answers[0] == [.max])
        keeper.kept[0].take()?.answer(1)
        #expect(xen.answers[0] == [.max])
    }

    @Test func aRequestThatWasNeverLookedAtIsAnsweredByClosing() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 4))
        try server.close()
        #expect(xen.answers[0] == [.max] && keeper.kept.isEmpty)
    }

    /// Its request is owed no answer at closing, and goes with its device when the ports are unbound already.
    @Test func aKeptRequestWhoseSlotWasSpoiltReachesNoPortAfterClosing() throws {
        let server = try xen.serving(.ports(0x100...0x10F), Keeper())
        xen.access(0, portRead(0x100, 4))
        try server.process()
        xen.spoilState(0)
        try server.close()  // would throw the refusal of a port that is not bound
        #expect(!xen.steps.contains(.notify(10)) && xen.answers.isEmpty)
    }

    @Test func aQuietServerStillTakesWhatWasDelivered() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 4))
        let quiet = try server.disable()
        try quiet.process()
        keeper.kept[0].take()?.answer(3)
        #expect(xen.answers[0] == [3])
        let again = try quiet.enable()
        xen.access(0, portRead(0x100, 4))
        try again.process()
        #expect(keeper.kept.count == 2)
    }

    @Test func aLateAnswerToAnOldRequestDoesNotAnswerANewOne() throws {
        let server = try xen.serving(.ports(0x100...0x10F), keeper)
        xen.access(0, portRead(0x100, 4))
        try server.process()
        let first = keeper.kept.removeFirst()
        first.take()?.answer(1)
        xen.access(0, portRead(0x100, 4))
        try server.process()
        // Dropping the box whose request was answered answers nothing more.
        _ = consume first
        #expect(xen.answers[0] == [1])
        keeper.kept[0].take()?.answer(2)
        #expect(xen.answers[0] == [1, 2])
    }
}
