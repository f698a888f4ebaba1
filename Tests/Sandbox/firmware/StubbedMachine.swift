// The variable service without a device model: a vCPU whose accesses to its ports are answered here, by the rules of
// UEFIVariables alone. So the guest can be tried before there is a daemon. Not for: signatures, which all pass.

import Machine
import SystemCalls
import UEFIVariables

final class StubbedMachine: GuestMachine, @unchecked Sendable {
    private let machine: any GuestMachine
    private let service: StubbedService

    init(_ machine: any GuestMachine, _ service: StubbedService) { (self.machine, self.service) = (machine, service) }

    func portIn(_ port: UInt32, width: Int) -> UInt32 {
        guard service.ports.contains(port) else { return machine.portIn(port, width: width) }
        return service.read(port, width)
    }

    func portOut(_ port: UInt32, width: Int, _ value: UInt32) {
        guard service.ports.contains(port) else { return machine.portOut(port, width: width, value) }
        service.write(port, width, value, machine)
    }

    func portString(_ port: UInt32, width: Int, memory: UInt64, count: UInt64, down: Bool, isRead: Bool) {
        if service.ports.contains(port) { return }
        machine.portString(port, width: width, memory: memory, count: count, down: down, isRead: isRead)
    }

    func load(_ address: UInt64, width: Int) -> UInt64 { machine.load(address, width: width) }
    func store(_ address: UInt64, width: Int, _ value: UInt64) { machine.store(address, width: width, value) }
    func move(to destination: UInt64, from source: UInt64, width: Int, count: UInt64, down: Bool) {
        machine.move(to: destination, from: source, width: width, count: count, down: down)
    }
    func takeInterrupt() -> UInt8? { machine.takeInterrupt() }
    func endInterrupt(_ vector: UInt8) { machine.endInterrupt(vector) }
    func takeEvent() -> UInt8? { machine.takeEvent() }
    func pause() { machine.pause() }
    func shutDown(reason: UInt32) {
        service.save()
        machine.shutDown(reason: reason)
    }
    func start(vcpu: UInt32) { machine.start(vcpu: vcpu) }
}

/// The service itself: one for all vCPUs, used by the one that has the ports.
final class StubbedService: @unchecked Sendable {
    let ports: ClosedRange<UInt32> = 0x100...0x10B
    private var services: VariableServices
    private let authenticator = TrustingAuthenticator()
    private let path: String?

    /// `path` is the file where the store is kept; nil for none.
    init(path: String?) throws {
        self.path = path
        var blob: VariableBlob?
        if let path, let file = try? OwnedDescriptor.open(path: path, .read) {
            blob = try VariableBlob.read(try file.read(at: 0, byteCount: try file.byteCount())).blob
        }
        services = .start(blob, policy: VariablePolicy())
    }

    func read(_ port: UInt32, _ width: Int) -> UInt32 {
        port < 0x108 ? 0 : services.readWindow(offset: Int(port) - 0x108, size: width)
    }

    func write(_ port: UInt32, _ width: Int, _ value: UInt32, _ machine: any GuestMachine) {
        switch (port, width) {
        case (0x100, 4): command(UInt64(value) << 12, machine)
        case (0x104, 4): services.setWindowIndex(value)
        case (0x108..., _): _ = services.writeWindow(offset: Int(port) - 0x108, size: width, value: value)
        default: break
        }
    }

    private func command(_ address: UInt64, _ machine: any GuestMachine) {
        guard address + 0x1_0000 <= 16 << 20 else { return }
        var bytes: [UInt8] = []
        for word in 0..<UInt64(8192) {
            let value = machine.load(address + 8 * word, width: 8)
            for byte in UInt64(0)..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
        }
        let plan = services.decide(bytes.span, authenticator)
        let reply = services.complete(plan)
        var span = bytes.mutableSpan
        let count = services.store.encode(reply, into: &span)
        for index in 0..<count { machine.store(address + UInt64(index), width: 1, UInt64(bytes[index])) }
    }

    func save() {
        let bytes = services.backendBlob()
        if let path { try? replaceFile(path: path, with: bytes.span) }
    }
}

/// Believes everybody.
private final class TrustingAuthenticator: VariableAuthenticator {
    private(set) var verificationCount = 0

    func verify(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        verificationCount += 1
        return request.signedData.count > 8 ? .accepted : .refused
    }

    func certificateByteCount(_ entry: [UInt8]) -> Int? {
        guard entry.count > 4, entry[0] == 0x30, entry[1] == 0x82 else { return nil }
        let count = 4 + (Int(entry[2]) << 8 | Int(entry[3]))
        return count <= entry.count ? count : nil
    }
}
