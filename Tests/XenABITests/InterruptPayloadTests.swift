// Golden bytes: payloads of interrupts and events.
// The numbers are those of Tests/Layouts/layouts.c, which checks them against Xen's headers.

import Testing
import XenABI

@Suite("Payloads of interrupts and events")
struct InterruptPayloadTests {
    @Test("operation 8, set_pci_intx_level") func setPCIINTxLevel() throws {
        try verify(
            DMOP.SetPCIINTxLevel(segment: 0x1211, bus: 0x21, device: 0x31, pin: 0x41, level: 0x51),
            """
            struct xen_dm_op_set_pci_intx_level: 6 bytes
              0  domain  11 12
              2  bus     21
              3  device  31
              4  intx    41
              5  level   51
            """)
    }

    @Test("operation 9, set_isa_irq_level") func setISAIRQLevel() throws {
        try verify(
            DMOP.SetISAIRQLevel(irq: 0x11, level: 0x21),
            """
            struct xen_dm_op_set_isa_irq_level: 2 bytes
              0  isa_irq  11
              1  level    21
            """)
    }

    @Test("operation 10, set_pci_link_route") func setPCILinkRoute() throws {
        try verify(
            DMOP.SetPCILinkRoute(link: 0x11, irq: 0x21),
            """
            struct xen_dm_op_set_pci_link_route: 2 bytes
              0  link     11
              1  isa_irq  21
            """)
    }

    @Test("operation 13, inject_event") func injectEvent() throws {
        try verify(
            DMOP.InjectEvent(
                vcpu: VCPUID(rawValue: 0x14131211), vector: 0x21, type: EventType(rawValue: 0x31),
                instructionByteCount: 0x41, errorCode: 0x54535251, extra: 0x68676665_64636261),
            """
            struct xen_dm_op_inject_event: 24 bytes
              0  vcpuid      11 12 13 14
              4  vector      21
              5  type        31
              6  insn_len    41
              7  pad0        00
              8  error_code  51 52 53 54
             12  pad1        00 00 00 00
             16  cr2         61 62 63 64 65 66 67 68
            """)
    }

    @Test("operation 14, inject_msi") func injectMSI() throws {
        try verify(
            DMOP.InjectMSI(address: 0x18171615_14131211, data: 0x24232221),
            """
            struct xen_dm_op_inject_msi: 16 bytes
              0  data  21 22 23 24
              4  pad   00 00 00 00
              8  addr  11 12 13 14 15 16 17 18
            """)
    }

    @Test("operation 19, set_irq_level") func setIRQLevel() throws {
        try verify(
            DMOP.SetIRQLevel(irq: 0x14131211, level: 0x21),
            """
            struct xen_dm_op_set_irq_level: 8 bytes
              0  irq    11 12 13 14
              4  level  21
              5  pad    00 00 00
            """)
    }
}
