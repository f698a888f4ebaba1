// The guest of a bench: accesses that serve the device model until they are answered.
// Not for: strings (TestGuest+Strings), interrupts (TestGuest+State), accesses that stay open (PendingAccess).

public import HypervisorModel
public import XenABI
public import XenDeviceModel

/// A guest whose vCPUs do what the test says.
public struct TestGuest {
    /// The guest, as the hypervisor has it.
    public let target: Domain
    let deviceModels = DeviceModels()

    init(_ target: Domain) { self.target = target }

    // MARK: Ports, memory, PCI

    /// `in`: what the guest reads.
    public func read(port: UInt16, _ width: AccessWidth, vcpu: Int = 0) throws(GuestFailure) -> UInt64 {
        try perform(.input(port, width.size), vcpu: vcpu)
    }

    /// `out`.
    public func write(port: UInt16, _ width: AccessWidth, _ value: UInt64, vcpu: Int = 0) throws(GuestFailure) {
        _ = try perform(.output(port, width.size, value), vcpu: vcpu)
    }

    /// A load: of RAM, or of a device's memory.
    public func read(address: UInt64, _ width: AccessWidth, vcpu: Int = 0) throws(GuestFailure) -> UInt64 {
        try perform(.load(address, width.size), vcpu: vcpu)
    }

    /// A store.
    public func write(
        address: UInt64, _ width: AccessWidth, _ value: UInt64, vcpu: Int = 0
    ) throws(GuestFailure) {
        _ = try perform(.store(address, width.size, value), vcpu: vcpu)
    }

    /// Reads a register of a PCI function, by ports 0xcf8 and 0xcfc. `register` may be up to 0xff.
    public func read(
        pci function: PCIAddress, register: UInt8, _ width: AccessWidth, vcpu: Int = 0
    ) throws(GuestFailure) -> UInt64 {
        try select(function, register, vcpu)
        return try read(port: 0xCFC + UInt16(register & 3), width, vcpu: vcpu)
    }

    /// Writes a register of a PCI function, by ports 0xcf8 and 0xcfc.
    public func write(
        pci function: PCIAddress, register: UInt8, _ width: AccessWidth, _ value: UInt64, vcpu: Int = 0
    ) throws(GuestFailure) {
        try select(function, register, vcpu)
        try write(port: 0xCFC + UInt16(register & 3), width, value, vcpu: vcpu)
    }

    private func select(_ function: PCIAddress, _ register: UInt8, _ vcpu: Int) throws(GuestFailure) {
        let selector = 0x8000_0000 | (function.rawValue & 0xFFFF) << 8 | UInt32(register & 0xFC)
        try write(port: 0xCF8, .doubleWord, UInt64(selector), vcpu: vcpu)
    }

    // MARK: RAM

    /// Bytes of RAM, as the guest sees them; all ones where there is none.
    public func peek(_ address: UInt64, _ count: Int) -> [UInt8] {
        (0..<UInt64(max(0, count))).map { target.loadByte(address &+ $0) }
    }

    /// Changes bytes of RAM.
    public func poke(_ address: UInt64, _ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() { target.storeByte(address &+ UInt64(index), byte) }
    }

    // MARK: Any access

    /// Does an access, and serves the device models until it is answered. Throws when nobody answers, and what happens
    /// to the guest instead of an answer.
    @discardableResult
    public func perform(_ access: GuestAccess, vcpu: Int = 0) throws(GuestFailure) -> UInt64 {
        let pending = try begin(access, vcpu: vcpu)
        return try pending.finish()
    }

    /// Does an access and does not serve it: for devices that answer later, and for several vCPUs at a time.
    public func begin(_ access: GuestAccess, vcpu: Int = 0) throws(GuestFailure) -> PendingAccess {
        guard vcpu >= 0, vcpu < target.vcpus.count else {
            throw GuestFailure(.noSuchVCPU, "the guest has no vCPU \(vcpu)")
        }
        let processor = target.vcpus[vcpu]
        guard !processor.isBusy else {
            throw GuestFailure(.busy, "vCPU \(vcpu) is in an access already: finish it first")
        }
        return PendingAccess(access, target, processor, processor.perform(access), deviceModels)
    }
}

extension AccessWidth {
    /// The same as the model says it.
    var size: AccessSize {
        switch self {
        case .byte: .one
        case .word: .two
        case .doubleWord: .four
        case .quadWord: .eight
        }
    }
}
