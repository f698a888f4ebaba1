// Domain states: rows D1 to D4 of dmop.md 18.6, and polling.

import Testing
import XenABI

@testable import HypervisorModel

@Suite("Domain states") struct DomainStateTests {
    /// Asks by domctl; the answer, or the errno.
    private func ask(_ file: PrivcmdFile, _ question: GetDomainState) -> (answer: GetDomainState?, code: XenErrorCode?)
    {
        var memory = CallerMemory([CallerBuffer(question.encodedBytes, at: 0x5000)])
        let code = refusal { () throws(Refusal) in
            _ = try file.hypercall(PrivcmdHypercall(number: Hypercall.domctl, argument0: 0x5000), &memory)
        }
        guard code == nil, let bytes = memory.read(0x5000, byteCount: 144) else { return (nil, code) }
        return (GetDomainState(trusting: bytes.span), nil)
    }

    private func file(_ release: Release) throws -> (KernelBench, PrivcmdFile) {
        let bench = try KernelBench(release)
        return (bench, bench.kernel.openPrivcmd())
    }

    @Test("D1: before 4.21 domctl 90 is EACCES; from then on it answers, and polling finds nothing")
    func detection() throws {
        let (old, oldFile) = try file(Release(.v4_17))
        #expect(ask(oldFile, .ask(old.guest.id)).code == .eacces)
        #expect(ask(oldFile, .poll()).code == .eacces)
        let (new, newFile) = try file(Release(.v4_21))
        let answer = ask(newFile, .ask(new.guest.id)).answer?.answer
        #expect(answer == DomainState(domain: new.guest.id, state: 1, capabilities: 0, uniqueID: new.guest.uniqueID))
        #expect(ask(newFile, .ask(DomainID(0))).answer?.capabilities == 3)
        #expect(ask(newFile, .poll()).code == .enoent)
    }

    @Test("D2: with 4.17's interface version it is ENOSYS there, EACCES from 4.21 on; with 4.14's EOPNOTSUPP there")
    func version() throws {
        let oldQuestion = GetDomainState(domain: DomainID(1), interfaceVersion: 0x12)
        #expect(ask(try file(Release(.v4_14)).1, oldQuestion).code == .eopnotsupp)
        let question = GetDomainState(domain: DomainID(1), interfaceVersion: 0x15)
        #expect(ask(try file(Release(.v4_17)).1, question).code == .enosys)
        #expect(ask(try file(Release(.v4_21)).1, question).code == .eacces)
    }

    @Test("D3: no such domain ESRCH, pad0 EINVAL; an unreadable structure EFAULT")
    func refusals() throws {
        let (bench, file) = try file(Release(.v4_21))
        #expect(ask(file, .ask(DomainID(77))).code == .esrch)
        #expect(ask(file, GetDomainState(domain: bench.guest.id, pad: 1)).code == .einval)
        #expect(file.verdict(PrivcmdHypercall(number: Hypercall.domctl, argument0: 0x5000)) == .efault)
        let guest = Caller(bench.guest.id, .none)
        #expect(throws: Refusal(.eperm, "")) { try bench.xen.state(of: DomainID(77), by: guest) }
        #expect(throws: Refusal(.eperm, "")) { try bench.xen.state(of: DomainID(0), by: guest) }
    }

    @Test("D4: hypercall 999 is ENOSYS")
    func unknownHypercall() throws {
        #expect(try file(.standard).1.verdict(PrivcmdHypercall(number: 999)) == .enosys)
    }

    @Test("binding VIRQ_DOM_EXC flags every domain; each poll clears one; a new domain fires and is told")
    func polling() throws {
        let (bench, file) = try file(Release(.v4_21))
        let events = bench.kernel.openEvtchn()
        let port = try events.bindVIRQ(.domainException)
        let poll = { ask(file, .poll()).answer?.answer.domain }
        #expect([poll(), poll(), poll()] == [DomainID(0), bench.guest.id, nil])
        let second = try bench.xen.createDomain(DomainShape())
        #expect(try events.next() == port)
        #expect([poll(), poll()] == [second.id, nil])
        events.close()
        _ = try bench.xen.createDomain(DomainShape())
        #expect(poll() == nil)
    }

    @Test("polling is for the domain that receives VIRQ_DOM_EXC")
    func foreignPoll() throws {
        let (bench, _) = try file(Release(.v4_21))
        let other = try bench.xen.createDomain(DomainShape())
        _ = try bench.xen.bindVIRQ(other, .domainException)
        #expect(throws: Refusal(.eacces, "")) { try bench.xen.pollChanged(by: .control) }
    }

    @Test("a domain is shut down, then dead while a page of it is mapped, then gone with all outputs 0")
    func life() throws {
        let (bench, file) = try file(Release(.v4_21))
        let id = bench.guest.id
        let events = bench.kernel.openEvtchn()
        let port = try events.bindVIRQ(.domainException)
        // One for each domain: dom0 and the guest.
        var polls = 0
        while ask(file, .poll()).code == nil {
            polls += 1
            try #require(polls <= 2)
        }
        var mapping: PageMapping? = try file.mapFrames(id, [GuestFrame(0)])
        bench.xen.shutDown(bench.guest, .reboot)
        #expect(ask(file, .poll()).answer?.state == 3)
        try bench.xen.destroyDomain(id)
        #expect(ask(file, .poll()).answer?.state == 11)
        #expect(ask(file, .poll()).code == .enoent)
        withExtendedLifetime(mapping) {}
        mapping = nil
        let gone = ask(file, .poll()).answer?.answer
        #expect(gone == DomainState(domain: id, state: 0, capabilities: 0, uniqueID: 0))
        #expect(ask(file, .ask(id)).code == .esrch)
        #expect(try events.read(byteCount: 64) == [port])
    }
}
