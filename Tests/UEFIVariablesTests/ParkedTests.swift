// Requests that come while another waits for the backend: nothing of the published store may be lost or doubled.
// Source: varstored.md 3.7, 6 (commit order), 13.4.

import Testing
import UEFIVariables

@Suite("Requests while another waits") struct ParkedTests {
    /// Requests that change T in every way, and one that changes something else.
    private static let changes = [
        VariableRequest.encodeSet(VariableName("T"), .t, .ordinary, []),
        VariableRequest.encodeSet(VariableName("T"), .t, .ordinary, [9, 9]),
        VariableRequest.encodeSet(VariableName("T"), .t, .init(0x47), [9]),
        VariableRequest.encodeSet(VariableName("U"), .t, .ordinary, [9]),
        VariableRequest.encodeSet(VariableName("V"), .t, .init(6), [9]),
    ]

    private func guest(_ withT: Bool) -> Guest {
        var guest = Guest()
        if withT { _ = guest.set("a") }
        return guest
    }

    @Test("23: a plan that the store has left behind is DEVICE_ERROR, and changes nothing", arguments: [true, false])
    func stale(_ withT: Bool) {
        for first in Self.changes {
            for second in Self.changes {
                var guest = guest(withT)
                let parked = guest.services.decide(second.span, guest.authenticator)
                let earlier = guest.services.decide(first.span, guest.authenticator)
                if !parked.changesStore || !earlier.changesStore { continue }
                #expect(guest.services.complete(earlier).status == .success)
                let records = guest.services.store.records
                let published = guest.services.backendBlob()
                #expect(guest.services.backendBlob(with: parked) == published, "the backend gets nothing of it")
                #expect(guest.services.complete(parked).status == .deviceError)
                #expect(guest.services.store.records == records)
                #expect(guest.services.complete(earlier).status == .deviceError, "nor is a plan completed twice")
                #expect(guest.services.store.records == records)
            }
        }
    }

    @Test("23: what is read, refused, or not published leaves a waiting plan as it was") func reads() {
        for request in Self.changes {
            var guest = guest(true)
            let parked = guest.services.decide(request.span, guest.authenticator)
            _ = guest.get()
            _ = guest.names()
            #expect(guest.set("T", .t, 3, [1]) == 0x02)
            guest.backendFails = true
            #expect(guest.set("W", .t, 7, [1]) == 0x07)
            #expect(guest.services.complete(parked).status == .success)
        }
    }

    @Test("168: a MOR or PPI variable that is set to what it is does not change, and no waiting plan goes")
    func sameValue() {
        for named in [PlatformTests.control, PlatformTests.flagsLock] {
            var guest = Guest()
            #expect(guest.set(named, 7, [1]) == 0)
            let request = Self.changes[3]
            let parked = guest.services.decide(request.span, guest.authenticator)
            #expect(guest.set(named, 7, [1]) == 0)
            #expect(guest.services.complete(parked).status == .success)
        }
    }

    @Test("39: a second Notify while the first still waits is ACCESS_DENIED") func notify() {
        var guest = Guest()
        let request = VariableRequest.encodeNotify()
        let first = guest.services.decide(request.span, guest.authenticator)
        let second = guest.services.decide(request.span, guest.authenticator)
        #expect(first.effect == .notify && second.effect == .none)
        #expect(guest.services.complete(second).status == .accessDenied)
        #expect(guest.services.complete(first).status == .success)
    }

    @Test("57: without persistence the window asks for no backend write") func window() {
        var policy = VariablePolicy()
        policy.persistent = false
        var guest = Guest(policy)
        guest.services.setWindowIndex(256)
        #expect(guest.services.writeWindow(offset: 0, size: 1, value: 7) == false)
        #expect(guest.data(PlatformTests.buffer)?.first == 7)
    }
}
