// Golden bytes of what hypercalls other than DM_OP are given.

import Testing
import XenABI

@Suite("Arguments of hypercalls")
struct HypercallTests {
    @Test("xen_mem_acquire_resource") func acquireResource() throws {
        try verify(
            AcquireResource(
                domain: DomainID(rawValue: 0x1211), type: ResourceType(rawValue: 0x2221), id: 0x34333231,
                count: 0x44434241, firstFrame: 0x58575655_54535251, frameList: 0x68676665_64636261),
            """
            struct xen_mem_acquire_resource: 32 bytes
              0  domid       11 12
              2  type        21 22
              4  id          31 32 33 34
              8  nr_frames   41 42 43 44
             12  pad         00 00 00 00
             16  frame       51 52 53 54 55 56 57 58
             24  frame_list  61 62 63 64 65 66 67 68
            """)
    }

    @Test("domctl 90") func getDomainState() throws {
        try verify(
            GetDomainState(
                domain: DomainID(0x1211), command: 0x24232221, interfaceVersion: 0x34333231, state: 0x4241,
                capabilities: 0x5251, pad: 0x64636261, uniqueID: 0x78777675_74737271),
            """
            struct xen_domctl: 144 bytes
              0  cmd                21 22 23 24
              4  interface_version  31 32 33 34
              8  domain             11 12
             10  _pad               00*6
             16  state              41 42
             18  caps               51 52
             20  pad0               61 62 63 64
             24  unique_id          71 72 73 74 75 76 77 78
             32  rest               00*112
            """)
    }

    @Test("evtchn_status") func eventChannelStatus() throws {
        try verify(
            EventChannelStatus(
                domain: DomainID(0x1211), port: EventPort(0x24232221), kind: EventChannelKind(rawValue: 0x34333231),
                vcpu: 0x44434241, peer: DomainID(0x5251), peerPort: EventPort(0x64636261)),
            """
            struct evtchn_status: 24 bytes
              0  dom                 11 12
              2  pad                 00 00
              4  port                21 22 23 24
              8  status              31 32 33 34
             12  vcpu                41 42 43 44
             16  u.interdomain.dom   51 52
             18  pad                 00 00
             20  u.interdomain.port  61 62 63 64
            """)
    }

    @Test("a question about a domain has command 90 in its stable version") func question() {
        let question = GetDomainState.ask(DomainID(5))
        #expect(question.encodedBytes == [90, 0, 0, 0, 0, 0, 0, 0, 5] + [UInt8](repeating: 0, count: 135))
        #expect(question.isGetDomainState)
        #expect(!question.isPoll)
        #expect(GetDomainState.poll().domain == .invalid)
        #expect(GetDomainState.poll().isPoll)
    }

    @Test("another command, or a versioned one, is not domctl 90") func otherDomctl() {
        #expect(!GetDomainState(domain: DomainID(5), command: 89).isGetDomainState)
        #expect(!GetDomainState(domain: DomainID(5), interfaceVersion: 0x15).isGetDomainState)
    }

    @Test("an answer becomes a domain's state") func answer() {
        let answer = GetDomainState(domain: DomainID(7), state: 5, capabilities: 4, uniqueID: 99).answer
        #expect(answer == DomainState(domain: DomainID(7), state: 5, capabilities: 4, uniqueID: 99))
    }

    @Test("each bit of a state is one fact", arguments: 0..<16)
    func stateBits(_ bits: Int) {
        let state = DomainState(domain: DomainID(1), state: UInt16(bits), capabilities: 0, uniqueID: 0)
        #expect(state.exists == (bits & 1 != 0))
        #expect(state.isShutDown == (bits & 2 != 0))
        #expect(state.isDying == (bits & 4 != 0))
        #expect(state.isDead == (bits & 8 != 0))
    }

    @Test("each bit of the capabilities is one fact", arguments: 0..<8)
    func capabilityBits(_ bits: Int) {
        let state = DomainState(domain: DomainID(1), state: 0, capabilities: UInt16(bits), uniqueID: 0)
        #expect(state.isControlDomain == (bits & 1 != 0))
        #expect(state.isHardwareDomain == (bits & 2 != 0))
        #expect(state.isXenstoreDomain == (bits & 4 != 0))
    }
}
