// What the firmware guest finds in its memory: its command line, and the files of Guests/firmware/keys, which on real
// Xen are part of its image.

import FirmwareGuest
import HypervisorModel
import Machine
import SystemCalls
import XenABI
import XenPlatform

struct GuestImage {
    let domain: Domain

    /// Puts everything in place.
    func load(commandLine: String, keys folder: String) throws {
        try write(Array(commandLine.utf8) + [0], at: start_info() + 0x100)
        try write(words([0x336E_C578, 0, 0, start_info() + 0x100]), at: start_info())
        var place = fixture_table_start() + 0x1000
        var table: [UInt64] = []
        for number in 0..<Fixture.count {
            guard let fixture = Fixture(rawValue: number) else { continue }
            let bytes = try contents(of: "\(folder)/\(fixture.fileName)")
            try write(bytes, at: place)
            table += [place, place + UInt64(bytes.count)]
            place += UInt64(bytes.count + 15) & ~15
        }
        try write(words(table), at: fixture_table_start())
    }

    private func contents(of path: String) throws -> [UInt8] {
        let file = try OwnedDescriptor.open(path: path, .read)
        return try file.read(at: 0, byteCount: try file.byteCount())
    }

    private func words(_ values: [UInt64]) -> [UInt8] {
        values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }

    private func write(_ bytes: [UInt8], at place: UInt64) throws {
        var (place, rest) = (place, bytes[...])
        while !rest.isEmpty {
            guard let (run, page) = domain.page(of: GuestFrame(place >> 12)) else { return }
            let offset = Int(place & 0xFFF)
            let part = Array(rest.prefix(4096 - offset))
            run.pages.copyIn(at: page * 4096 + offset, from: part.span)
            place += UInt64(part.count)
            rest = rest.dropFirst(part.count)
        }
    }
}
