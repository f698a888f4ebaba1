// What a Xenstore server asks of Xen, on ordinary files. What only Xen can answer: Tests/RealXen/xenstored.sh.

import SystemCalls
import Testing
import XenABI
import XenLinux
import XenPlatform

@Suite("Xen's nodes for a Xenstore server") struct StoreTests {
    @Test("all nodes are opened, and a driver that knows no limit of grants is no error") func open() throws {
        let folder = try DeviceFolder("privcmd", "evtchn", "gntdev")
        let devices = try XenLinux.openStore(devices: folder.path)
        #expect(errorOf { () throws(XenError) in _ = try devices.ports.state(of: EventPort(3)) }?.code == .enotty)
        #expect(devices.ports.exists(DomainID(5)), "only ESRCH says that there is no domain")
        #expect(!devices.ports.exists(.caller) && !devices.ports.exists(.invalid), "reserved ids are no domains")
    }

    @Test("a node that is not there is named", arguments: ["privcmd", "evtchn", "gntdev"])
    func missing(_ node: String) throws {
        let others = ["privcmd", "evtchn", "gntdev"].filter { $0 != node }
        let folder = try DeviceFolder(others[0], others[1])
        let error = errorOf { () throws(XenError) in _ = try XenLinux.openStore(devices: folder.path) }
        #expect(error?.code == .enoent && error?.call.description == "open /dev/xen/" + node)
    }

    @Test("a descriptor that nobody has opened can't be taken over", arguments: [-1, 1_000_000])
    func noDescriptor(_ number: Int32) throws {
        let folder = try DeviceFolder("privcmd", "evtchn", "gntdev")
        let error = errorOf { () throws(XenError) in
            _ = try XenLinux.openStore(devices: folder.path, inheritedEvents: number)
        }
        #expect(error?.code == XenErrorCode(9) && error?.call.description == "take over /dev/xen/evtchn")
    }

    @Test("a port that the driver does not know is not taken over") func unknownPort() throws {
        let folder = try DeviceFolder("privcmd", "evtchn", "gntdev")
        let devices = try XenLinux.openStore(devices: folder.path)
        #expect(errorOf { () throws(XenError) in try devices.events.adopt(EventPort(7)).close() }?.code == .enotty)
    }

    @Test(
        "xsd_port is a number from 1 to 4294967295", arguments: [("1", 1), ("17\n", 17), ("4294967295", 4_294_967_295)])
    func port(_ text: String, _ number: UInt32) throws {
        let folder = try DeviceFolder("xsd_port")
        try folder.fill("xsd_port", Array(text.utf8))
        #expect(try StoreRing(folder: folder.path).port() == EventPort(number))
    }

    @Test(
        "xsd_port with anything else in it is refused",
        arguments: ["", "\n", "0", "-1", " 1", "1 ", "1\n\n", "0x1", "4294967296", "99999999999", "123456789012345"])
    func noPort(_ text: String) throws {
        let folder = try DeviceFolder("xsd_port")
        try folder.fill("xsd_port", Array(text.utf8))
        let error = errorOf { () throws(XenError) in _ = try StoreRing(folder: folder.path).port() }
        #expect(error?.code == .einval)
    }

    @Test("the page of the own ring is shared with whoever made it") func page() throws {
        let folder = try DeviceFolder("xsd_kva")
        try folder.fill("xsd_kva", [UInt8](repeating: 7, count: 4096))
        let page = try StoreRing(folder: folder.path).page()
        #expect(page.byteCount == 4096)
        page.store(0x0102_0304, byteCount: 4, at: 2048)
        #expect(try folder.bytes("xsd_kva", 2052).suffix(4) == [4, 3, 2, 1])
    }
}
