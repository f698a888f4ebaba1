// Xen's limits, and accesses that fit nothing: too many servers, too many ranges, overlaps, odd widths and places.

import GuestDriving
import TAP
import XenABI
import XenDeviceModel

/// Keeps a server in a list.
private final class ServerBox {
    private let server: IOREQServer<ServerState.Created>
    init(_ server: consuming IOREQServer<ServerState.Created>) { self.server = server }
}

extension Stage {
    /// Eight servers is the limit; the two of this program are among them.
    func serverLimitRows(_ domain: DeviceModelDomain) {
        var more: [ServerBox] = []
        tap.succeeds("six more servers can be made: eight in all") { () throws(XenError) in
            for _ in 0..<6 { more.append(ServerBox(try domain.makeIOREQServer())) }
        }
        tap.expect(.enospc, "a ninth server is ENOSPC") { () throws(XenError) in
            _ = try domain.makeIOREQServer()
        }
        _ = more.popLast()
        tap.succeeds("when one has gone another can be made") { () throws(XenError) in
            more.append(ServerBox(try domain.makeIOREQServer()))
        }
        tap.expect(.enospc, "one") { () throws(XenError) in _ = try domain.makeIOREQServer() }
        more = []
        tap.succeeds("and when all have gone, one more") { () throws(XenError) in
            try domain.makeIOREQServer().close()
        }
    }

    func rangeLimitRows(_ domain: DeviceModelDomain) throws(DriverError) {
        let device = Recorder()
        var crowd: IOREQServer<ServerState.Serving>?
        tap.succeeds("a server can claim 256 ranges of ports") { () throws(XenError) in
            var made = try domain.makeIOREQServer().mapPages()
            for index in 0..<256 as Range<UInt16> {
                made = try made.claim(.ports(0x4000 + 4 * index...0x4001 + 4 * index), for: device)
            }
            crowd = try made.enable()
        }
        guard let server = crowd.take() else { return }
        tap.expect(.enomem, "the 257th range is ENOMEM") { () throws(XenError) in
            try server.claim(.ports(0x5000...0x5001), for: device)
        }
        tap.expect(.eexist, "a range over one that it has is EEXIST") { () throws(XenError) in
            try server.claim(.ports(0x4001...0x4002), for: device)
        }
        tap.succeeds("one that touches another needs no room") { () throws(XenError) in
            try server.claim(.ports(0x43FE...0x43FF), for: device)
        }
        for port in [0x4000, 0x4200, 0x43FC, 0x43FE] as [UInt32] { _ = try guest.run(.portIn, [port, 2], results: 1) }
        let gap = try guest.run(.portIn, [0x4002, 2], results: 1)
        let seen = device.take().count
        tap.check(
            seen == 4 && gap == [0xFFFF], "all of them are served, and what is between them is not", detail: "\(seen)")
        tap.expect(.enomem, "a range can't be cut in two when there is no room") { () throws(XenError) in
            try server.release(.ports(0x43FD...0x43FE))
        }
        _ = try guest.run(.portIn, [0x43FE, 2], results: 1)
        tap.check(device.take().count == 1, "and is served as before")
        tap.succeeds("a range that was given back leaves room for another") { () throws(XenError) in
            try server.release(.ports(0x4000...0x4001))
            try server.claim(.ports(0x5000...0x5001), for: device)
        }
        close(server, "and a server of 256 ranges can be closed")
    }

    /// What x86 can make of odd widths and places.
    func oddAccessRows(_ server: borrowing IOREQServer<ServerState.Serving>) throws(DriverError) {
        _ = try guest.run(.pciRead, [0x8000_1040, 0, 4], results: 1)
        _ = function.take()
        for bytes in [1, 2] as [UInt32] {
            _ = try guest.run(.portOut, [0xCF8, bytes, 0])
            _ = try guest.run(.portIn, [0xCFC, 4], results: 1)
            tap.check(
                function.take() == [Access(isRead: true, offset: 0x40, bytes: 4)],
                "a write of \(bytes) bytes to 0xcf8 does not move the PCI address")
        }
        for (distance, bytes) in [(1, 4), (2, 4), (3, 4), (3, 2)] as [(UInt32, UInt32)] {
            let got = try guest.run(.pciRead, [0x8000_1040, distance, bytes], results: 1)
            let ones: UInt32 = bytes == 2 ? 0xFFFF : .max
            tap.check(
                got == [ones] && function.take().isEmpty,
                "\(bytes) bytes at 0xcfc + \(distance), past the register's end, reach no device", detail: "\(got)")
            _ = try guest.run(.pciWrite, [0x8000_1040, distance, bytes, 0])
            tap.check(function.take().isEmpty, "nor does such a write")
        }
        for (place, lower, upper) in [(0xFFB, 2, 2), (0xFFF, 1, 3), (0xFFC, 1, 1)] as [(UInt64, Int, Int)] {
            _ = try guest.run(.load, pair(Self.memoryBase + place) + [8], results: 2)
            let (low, high) = (memory.take(), nextPage.take())
            let whole = (low + high).reduce(0) { $0 + $1.bytes }
            tap.check(
                whole == 8 && low.count == lower && high.count == upper,
                "8 bytes at \(place) of a page come in parts that each lie in one page", detail: "\(low) \(high)")
        }
        _ = try guest.run(.load, pair(Self.memoryBase + 0x1FFC) + [8], results: 2)
        let inside = nextPage.take()
        tap.check(
            inside == [Access(isRead: true, offset: 0xFFC, bytes: 4)],
            "of 8 bytes that leave the last page, the part inside of it is served", detail: "\(inside)")
        let words = try guest.run(.load, pair(Self.memoryBase + 0x1FFC) + [8], results: 2)
        tap.check(words[1] == .max, "and the rest reads all ones", detail: "\(words)")
        _ = nextPage.take()
    }
}
