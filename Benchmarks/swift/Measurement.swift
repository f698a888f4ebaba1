// What is measured, and how each of it is done once.

import GuestDriving
import SystemCalls
import XenABI
import XenDeviceModel
import XenPlatform

/// What can be measured, by its name in the table. Those with a 2 have two vCPUs at work at once.
enum Subject: String, CaseIterable {
    case vcpuCount = "nr_vcpus"
    case injectMSI = "inject_msi"
    case isaLine = "isa_irq"
    case mapFrames = "map16"
    case portIn = "port-in"
    case load = "mmio-load"
    case message = "msi"
    case portInTwice = "port-in2"
    case loadTwice = "mmio-load2"
    case messageTwice = "msi2"

    /// What the guest is told to repeat; nil for what it has no part in.
    func command(at place: Place, _ count: UInt32) -> (opcode: Opcode, words: [UInt32])? {
        switch self {
        case .vcpuCount, .injectMSI, .isaLine, .mapFrames: nil
        case .portIn, .portInTwice: (.repeatIn, [UInt32(place.registerPort), 4, count])
        case .load, .loadTwice: (.repeatLoad, pair(place.registerAddress) + [4, count])
        case .message, .messageTwice: (.repeatMessage, [UInt32(place.doorbellPort), Place.vector, count])
        }
    }

    /// vCPUs of the guest's that work at it.
    var vcpuCount: Int {
        switch self {
        case .portInTwice, .loadTwice, .messageTwice: 2
        default: 1
        }
    }
}

/// A subject and how often it is done.
struct Measurement {
    let subject: Subject
    let count: UInt32

    /// Reads `NAME=COUNT`.
    init?(_ text: Substring) {
        let words = text.split(separator: "=")
        guard words.count == 2, let subject = Subject(rawValue: String(words[0])), let count = UInt32(words[1]) else {
            return nil
        }
        self.subject = subject
        self.count = count
    }

    /// Does it, and answers the line to print: name, how often in all, nanoseconds, TSC cycles of the guest.
    func run(on server: borrowing IOREQServer<ServerState.Serving>, _ ports: CommandPorts, at place: Place) throws
        -> String
    {
        let start = MonotonicTime.now.nanoseconds
        var cycles: UInt64 = 0
        if let (opcode, words) = subject.command(at: place, count) {
            let answers = try ports.run(opcode, words, results: 4, vcpus: subject.vcpuCount, on: server)
            cycles = answers.map(joined).max() ?? 0
        } else {
            try call(server.domain, place)
        }
        let time = MonotonicTime.now.nanoseconds - start
        return "\(subject.rawValue) \(Int(count) * subject.vcpuCount) \(time) \(cycles)\n"
    }

    private func call(_ domain: DeviceModelDomain, _ place: Place) throws {
        switch subject {
        case .vcpuCount:
            for _ in 0..<count { _ = try domain.vcpuCount() }
        case .injectMSI:
            for _ in 0..<count { try domain.injectMSI(address: place.messageAddress, data: Place.pendingVector) }
        case .isaLine:
            for round in 0..<count { try domain.setISAIRQLevel(5, level: round & 1 == 0) }
        case .mapFrames:
            let frames = (0..<16).map { GuestFrame(0x100 + $0) }
            for _ in 0..<count {
                try domain.platform.memory.mapFrames(domain.id, frames, access: .readWrite).close()
            }
        default: break
        }
    }
}
