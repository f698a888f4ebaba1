// What is measured, and how each of it is done once.

import GuestDriving
import SystemCalls
import XenABI
import XenDeviceModel

/// What can be measured, by its name in the table.
enum Subject: String, CaseIterable {
    case vcpuCount = "nr_vcpus"
    case injectMSI = "inject_msi"
    case portIn = "port-in"
    case load = "mmio-load"

    /// The register's place among the ports, and in memory.
    static let port: UInt16 = 0x200
    static let address: UInt64 = 0xF000_0000
    /// A vCPU of the exerciser's takes interrupts only while it is told to: this one stays pending.
    static let messageAddress: UInt64 = 0xFEE0_0000
    static let messageData: UInt32 = 0x40
}

/// A subject and how often it is done.
struct Measurement {
    let subject: Subject
    let count: UInt32

    /// Reads `NAME=COUNT`.
    init?(_ text: String) {
        let words = text.split(separator: "=")
        guard words.count == 2, let subject = Subject(rawValue: String(words[0])), let count = UInt32(words[1]) else {
            return nil
        }
        self.subject = subject
        self.count = count
    }

    /// Does it, and answers the line to print.
    func run(on server: borrowing IOREQServer<ServerState.Serving>, _ ports: CommandPorts) throws -> String {
        let start = MonotonicTime.now.nanoseconds
        var cycles: UInt64 = 0
        switch subject {
        case .vcpuCount:
            for _ in 0..<count { _ = try server.domain.vcpuCount() }
        case .injectMSI:
            for _ in 0..<count {
                try server.domain.injectMSI(address: Subject.messageAddress, data: Subject.messageData)
            }
        case .portIn:
            cycles = joined(
                try ports.run(.repeatIn, [UInt32(Subject.port), 4, count], results: 4, on: server))
        case .load:
            cycles = joined(
                try ports.run(.repeatLoad, pair(Subject.address) + [4, count], results: 4, on: server))
        }
        return "\(subject.rawValue) \(count) \(MonotonicTime.now.nanoseconds - start) \(cycles)"
    }
}
