// How tests make a served domain, and describe accesses.

import XenABI
import XenDeviceModel

extension FakeXen {
    func domain(restricted: Bool = false) throws(XenError) -> DeviceModelDomain {
        try platform.domain(DomainID(5), restricted: restricted)
    }

    /// A server with `device` on `range`, enabled.
    func serving(
        _ range: IORange, _ device: any IODevice, buffered: Buffering = .off
    ) throws(XenError) -> IOREQServer<ServerState.Serving> {
        try domain().makeIOREQServer(buffered: buffered).mapPages().claim(range, for: device).enable()
    }
}

func portRead(_ port: UInt64, _ size: UInt32) -> IOREQ {
    IOREQ(address: port, data: 0, count: 1, size: size, isRead: true, type: .portIO)
}

func portWrite(_ port: UInt64, _ size: UInt32, _ value: UInt64) -> IOREQ {
    IOREQ(address: port, data: value, count: 1, size: size, isRead: false, type: .portIO)
}

func string(
    _ type: IOREQType, _ address: UInt64, size: UInt32, count: UInt32, buffer: UInt64, isRead: Bool,
    descending: Bool = false
) -> IOREQ {
    IOREQ(
        address: address, data: buffer, count: count, size: size, dataIsPointer: true, isRead: isRead,
        descending: descending, type: type)
}

/// The error that `body` throws; nil when it throws none.
func failure(of body: () throws(XenError) -> Void) -> XenError? {
    do throws(XenError) {
        try body()
        return nil
    } catch {
        return error
    }
}
