// How errors read and compare.

import Testing
import XenABI

@Suite("Errors")
struct ErrorTests {
    @Test("an error says call, domain, name, meaning and value") func description() {
        let error = XenError(.eperm, "create_ioreq_server", domain: DomainID(5), value: 0x2a)
        #expect(error.description == "create_ioreq_server on domain 5: EPERM (not permitted), value 0x2a")
        #expect(XenError(.esrch, "nr_vcpus").description == "nr_vcpus: ESRCH (no such domain)")
    }

    @Test("an errno without a name here keeps its number") func unknownCode() {
        let code = XenErrorCode(4711)
        #expect(code.rawValue == 4711)
        #expect(code.name.description == "errno")
        #expect(code.description == "errno 4711")
    }

    @Test("every errno that Xen has a row for has a name and a meaning of its own") func names() {
        let named = (0..<200).map { XenErrorCode($0) }.filter { $0.name.description != "errno" }
        #expect(named.count == Constant.errnos.count)
        for code in named {
            let row = Constant.errnos.first { $0.name == code.name.description }
            #expect(row?.expected == UInt64(code.rawValue))
            #expect(code.meaning.description != XenErrorCode(4711).meaning.description)
        }
    }

    @Test("errors are equal by code alone") func equality() {
        let one = XenError(.ebusy, "inject_event", domain: DomainID(1), value: 1)
        #expect(one == XenError(.ebusy, "set_mem_type"))
        #expect(one != XenError(.einval, "inject_event", domain: DomainID(1), value: 1))
    }

    @Test("a layout error says which structure and how many bytes") func layoutError() {
        let error = LayoutError.truncated("ioreq", needed: 32, had: 12)
        #expect(error.description == "ioreq: 12 bytes where 32 are needed")
        #expect(error == .truncated("buf_ioreq", needed: 8, had: 0))
    }
}
