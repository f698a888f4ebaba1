// Makes a real guest use the five examples, which run as programs of their own beside this one, and prints TAP.
//     xen-examples-test DOMID PNG IMAGE    the exerciser's domain; what FrameBuffer writes; BlockDevice's file

import GuestDriving
import SystemCalls
import TAP
import XenABI
import XenDeviceModel

@main
enum ExamplesTest {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3, let number = UInt16(arguments[0]) else {
            TAP().say("Bail out! usage: xen-examples-test DOMID PNG IMAGE")
            exitProgram(2)
        }
        let tap = TAP()
        do throws(XenError) {
            let domain = try openChosenPlatform().domain(DomainID(number), restricted: true)
            let guest = GuestDriver(domain)
            let server = try domain.makeIOREQServer().mapPages().claim(GuestDriver.ports, for: guest).enable()
            try run(Stage(tap: tap, guest: guest), picture: arguments[1], image: arguments[2])
            try server.close()
        } catch {
            tap.check(false, "set-up and serving", detail: error.description)
        }
        exitProgram(tap.finish())
    }

    private static func run(_ stage: Stage, picture: String, image: String) throws(XenError) {
        do throws(DriverError) {
            try stage.registerRows()
            try stage.pciRows()
            try stage.screenRows(picture)
            try stage.shadowRows()
            try stage.diskRows(image)
        } catch {
            if case .xen(let error) = error { throw error }
            stage.tap.check(false, "the guest answers", detail: "\(error)")
        }
    }
}

/// The guest, as the rows use it.
struct Stage {
    let tap: TAP
    let guest: GuestDriver

    func load(_ address: UInt64, _ bytes: UInt32 = 4) throws(DriverError) -> UInt64 {
        joined(try guest.run(.load, pair(address) + [bytes], results: 2))
    }

    func store(_ address: UInt64, _ value: UInt64, _ bytes: UInt32 = 4) throws(DriverError) {
        _ = try guest.run(.store, pair(address) + [bytes] + pair(value))
    }

    /// A row about a value that the guest reads from memory.
    func expect(_ address: UInt64, _ wanted: UInt64, _ text: String, bytes: UInt32 = 4) throws(DriverError) {
        let got = try load(address, bytes)
        tap.check(got == wanted, text, detail: "0x\(String(got, radix: 16)), wanted 0x\(String(wanted, radix: 16))")
    }

    /// Has the guest read memory until the value is as wanted. False: it never was.
    func wait(_ address: UInt64, until holds: (UInt64) -> Bool) throws(DriverError) -> Bool {
        let deadline = MonotonicTime.now.advanced(byMilliseconds: Int32(GuestDriver.patience))
        while MonotonicTime.now < deadline {
            if holds(try load(address)) { return true }
        }
        return false
    }

    /// The guest's test buffer.
    func bufferAddress() throws(DriverError) -> UInt64 {
        let hello = try guest.run(.hello, results: 5)
        return joined([hello[2], hello[3]])
    }

    /// Words of the test buffer.
    func peek(_ offsets: [UInt32]) throws(DriverError) -> [UInt32] {
        var words: [UInt32] = []
        for offset in offsets { words += try guest.run(.peek, [offset], results: 1) }
        return words
    }
}

/// A file's bytes; nil when it is not there or can't be read.
func contents(of path: String) -> [UInt8]? {
    guard let file = try? OwnedDescriptor.open(path: path, .read), let count = try? file.byteCount() else { return nil }
    return try? file.read(at: 0, byteCount: count)
}
