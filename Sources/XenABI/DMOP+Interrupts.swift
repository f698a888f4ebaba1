// The payloads of operations 8, 9, 10, 13, 14 and 19: interrupt lines, messages and events.
// Not for: what the operations do with them (dmop.md section 3).

extension DMOP {
    /// Operation 8: moves the interrupt pin of a PCI device. HVM guests only.
    public struct SetPCIINTxLevel: DMOPPayload {
        public static var opcode: DMOpcode { .setPCIINTxLevel }

        /// PCI segment: 0.
        public var segment: UInt16
        /// Bus: 0.
        public var bus: UInt8
        /// Device, 0 to 31.
        public var device: UInt8
        /// Pin, 0 (INTA) to 3 (INTD).
        public var pin: UInt8
        /// 1 asserted, 0 not. Raw, because Xen refuses other values itself.
        public var level: UInt8

        /// The payload with these fields.
        public init(segment: UInt16, bus: UInt8, device: UInt8, pin: UInt8, level: UInt8) {
            self.segment = segment
            self.bus = bus
            self.device = device
            self.pin = pin
            self.level = level
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            segment = bytes.u16(at: 0)
            bus = bytes.u8(at: 2)
            device = bytes.u8(at: 3)
            pin = bytes.u8(at: 4)
            level = bytes.u8(at: 5)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(segment, at: 0)
            bytes.put(bus, at: 2)
            bytes.put(device, at: 3)
            bytes.put(pin, at: 4)
            bytes.put(level, at: 5)
        }
    }

    /// Operation 9: moves an ISA interrupt line. HVM guests only.
    public struct SetISAIRQLevel: DMOPPayload {
        public static var opcode: DMOpcode { .setISAIRQLevel }

        /// Line, 0 to 15.
        public var irq: UInt8
        /// 1 asserted, 0 not. Raw, because Xen refuses other values itself.
        public var level: UInt8

        /// The payload with these fields.
        public init(irq: UInt8, level: UInt8) {
            self.irq = irq
            self.level = level
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            irq = bytes.u8(at: 0)
            level = bytes.u8(at: 1)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(irq, at: 0)
            bytes.put(level, at: 1)
        }
    }

    /// Operation 10: leads a PCI interrupt link to an ISA line. HVM guests only.
    public struct SetPCILinkRoute: DMOPPayload {
        public static var opcode: DMOpcode { .setPCILinkRoute }

        /// Link, 0 to 3.
        public var link: UInt8
        /// ISA line, 1 to 15; 0 disables the link.
        public var irq: UInt8

        /// The payload with these fields.
        public init(link: UInt8, irq: UInt8) {
            self.link = link
            self.irq = irq
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            link = bytes.u8(at: 0)
            irq = bytes.u8(at: 1)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(link, at: 0)
            bytes.put(irq, at: 1)
        }
    }

    /// Operation 13: an exception or interrupt that a vCPU takes when it next runs. Nothing but the vCPU is checked.
    public struct InjectEvent: DMOPPayload {
        public static var opcode: DMOpcode { .injectEvent }

        /// The vCPU.
        public var vcpu: VCPUID
        /// The vector.
        public var vector: UInt8
        /// What kind of event.
        public var type: EventType
        /// Bytes of the instruction that software events return behind.
        public var instructionByteCount: UInt8
        /// The exception's error code; all ones for none.
        public var errorCode: UInt32
        /// CR2 of a page fault, pending debug bits of a debug exception.
        public var extra: UInt64

        /// The payload with these fields.
        public init(
            vcpu: VCPUID, vector: UInt8, type: EventType, instructionByteCount: UInt8, errorCode: UInt32,
            extra: UInt64
        ) {
            self.vcpu = vcpu
            self.vector = vector
            self.type = type
            self.instructionByteCount = instructionByteCount
            self.errorCode = errorCode
            self.extra = extra
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            vcpu = VCPUID(rawValue: bytes.u32(at: 0))
            vector = bytes.u8(at: 4)
            type = EventType(rawValue: bytes.u8(at: 5))
            instructionByteCount = bytes.u8(at: 6)
            errorCode = bytes.u32(at: 8)
            extra = bytes.u64(at: 16)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(vcpu.rawValue, at: 0)
            bytes.put(vector, at: 4)
            bytes.put(type.rawValue, at: 5)
            bytes.put(instructionByteCount, at: 6)
            bytes.zero(1, at: 7)
            bytes.put(errorCode, at: 8)
            bytes.zero(4, at: 12)
            bytes.put(extra, at: 16)
        }
    }

    /// Operation 14: a message-signalled interrupt, as the device would write it.
    public struct InjectMSI: DMOPPayload {
        public static var opcode: DMOpcode { .injectMSI }

        /// The address that the device would write to.
        public var address: UInt64
        /// What it would write.
        public var data: UInt32

        /// The payload with these fields.
        public init(address: UInt64, data: UInt32) {
            self.address = address
            self.data = data
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            address = bytes.u64(at: 8)
            data = bytes.u32(at: 0)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(data, at: 0)
            bytes.zero(4, at: 4)
            bytes.put(address, at: 8)
        }
    }

    /// Operation 19 (Arm only, Xen 4.15 and later): moves a shared peripheral interrupt.
    public struct SetIRQLevel: DMOPPayload {
        public static var opcode: DMOpcode { .setIRQLevel }

        /// The interrupt, from 32 on.
        public var irq: UInt32
        /// 1 asserted, 0 not. Raw, because Xen refuses other values itself.
        public var level: UInt8

        /// The payload with these fields.
        public init(irq: UInt32, level: UInt8) {
            self.irq = irq
            self.level = level
        }

        public init(trusting bytes: Span<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            irq = bytes.u32(at: 0)
            level = bytes.u8(at: 4)
        }

        public func encode(into bytes: inout MutableSpan<UInt8>) {
            precondition(bytes.count >= Self.byteCount)
            bytes.put(irq, at: 0)
            bytes.put(level, at: 4)
            bytes.zero(3, at: 5)
        }
    }
}
