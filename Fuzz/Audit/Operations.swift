// Operations, their second buffers and hypercalls, as callers would make them that mostly know what they do.
// Not for: sending them (Scenario).

@testable import HypervisorModel
import XenABI

extension Program {
    /// One of the 20 operations, on servers, ranges and frames that may be there.
    func operation() -> [UInt8] {
        let frame: DMOPFrame =
            switch byte() % 24 {
            case 0, 20: DMOPFrame(DMOP.CreateIOREQServer(handling: BufferedHandling(byte() & 3)))
            case 1, 21: DMOPFrame(DMOP.GetIOREQServerInfo(id: server(), flags: ServerInfoFlags(rawValue: raw16() & 3)))
            case 2, 22: claim()
            case 3: release()
            case 4, 23: DMOPFrame(DMOP.SetIOREQServerState(id: server(), enabledRawValue: byte() & 3))
            case 5: DMOPFrame(DMOP.DestroyIOREQServer(id: server()))
            case 6: DMOPFrame(DMOP.TrackDirtyVRAM(count: frameCount(), first: GuestFrame(self.frame())))
            case 7: pin()
            case 8: DMOPFrame(DMOP.SetISAIRQLevel(irq: byte() & 31, level: byte() & 3))
            case 9: DMOPFrame(DMOP.SetPCILinkRoute(link: byte() & 7, irq: byte() & 31))
            case 10: DMOPFrame(DMOP.ModifiedMemory(extentCount: UInt32(byte() & 7), opaque: UInt32(byte() / 250)))
            case 11, 12: type()
            case 13: event()
            case 14:
                DMOPFrame(DMOP.InjectMSI(address: UInt64(raw32()) << 32 | 0xFEE0_0000 | UInt64(raw16()), data: raw32()))
            case 15, 16: holder()
            case 17: DMOPFrame(DMOP.RemoteShutdown(reason: ShutdownReason(chance(of: 1) ? raw32() : 1)))
            case 18: relocation()
            default: cache()
            }
        return (0..<DMOPFrame.byteCount).map { frame.bytes[$0] }
    }

    private func claim() -> DMOPFrame {
        let range = range()
        return DMOPFrame(
            DMOP.MapIORange(id: server(), type: IORangeType(UInt32(byte() & 3)), start: range.first, end: range.last))
    }

    private func release() -> DMOPFrame {
        let range = range()
        return DMOPFrame(
            DMOP.UnmapIORange(id: server(), type: IORangeType(UInt32(byte() & 3)), start: range.first, end: range.last))
    }

    private func pin() -> DMOPFrame {
        DMOPFrame(
            DMOP.SetPCIINTxLevel(
                segment: UInt16(byte() / 250), bus: byte() / 250, device: byte() & 63, pin: byte() & 7,
                level: byte() & 3))
    }

    private func type() -> DMOPFrame {
        let types: [UInt16] = [0, 0, 1, 2, 4, 4, 3, 5]
        return DMOPFrame(
            DMOP.SetMemoryType(count: frameCount(), type: MemoryType(pick(types)), first: GuestFrame(self.frame())))
    }

    private func event() -> DMOPFrame {
        DMOPFrame(
            DMOP.InjectEvent(
                vcpu: VCPUID(UInt32(byte() & 3)), vector: byte(), type: EventType(byte() & 7),
                instructionByteCount: byte(),
                errorCode: raw32(), extra: raw64()))
    }

    private func holder() -> DMOPFrame {
        DMOPFrame(
            DMOP.MapMemoryType(
                id: server(), type: MemoryType(chance(of: 15) ? 4 : raw16()),
                flags: MemoryAccessFlags(rawValue: chance(of: 14) ? UInt32(byte() & 2) : raw32()),
                opaque: chance(of: 14) ? 0 : self.frame()))
    }

    private func relocation() -> DMOPFrame {
        DMOPFrame(
            DMOP.RelocateMemory(
                count: frameCount(), source: GuestFrame(self.frame()), destination: GuestFrame(self.frame())))
    }

    private func cache() -> DMOPFrame {
        let first = self.frame()
        return DMOPFrame(
            DMOP.PinMemoryCacheAttribute(
                start: GuestFrame(first), end: GuestFrame(first &+ UInt64(byte() & 31)),
                type: CacheAttribute(chance(of: 4) ? ~0 : UInt32(byte() & 7))))
    }

    /// A second buffer: extents that may be there, or room for a bitmap.
    func extents() -> [UInt8] {
        if chance(of: 4) { return someBytes(number(below: 40)) }
        let extents = (0..<number(below: 5)).flatMap { _ in
            DMOP.Extent(count: frameCount(), first: GuestFrame(frame())).encodedBytes
        }
        return extents + [UInt8](repeating: 0, count: number(below: 64))
    }

    // MARK: Hypercalls

    func hypercall(_ base: UInt64) -> PrivcmdHypercall {
        switch byte() & 3 {
        case 0:
            let place = chance(of: 14) ? base : raw64()
            return PrivcmdHypercall(
                number: Hypercall.dmOp, argument0: UInt64(domain().rawValue), argument1: UInt64(byte() & 3),
                argument2: place)
        case 1:
            let command = chance(of: 14) ? Hypercall.acquireResource : raw64()
            return PrivcmdHypercall(number: Hypercall.memoryOp, argument0: command, argument1: base)
        case 2:
            return PrivcmdHypercall(number: Hypercall.domctl, argument0: chance(of: 14) ? base : raw64())
        default:
            return PrivcmdHypercall(
                number: raw64(), argument0: raw64(), argument1: raw64(), argument2: raw64(), argument3: raw64())
        }
    }

    /// The structure that a hypercall's argument leads to.
    func question() -> [UInt8] {
        switch byte() & 3 {
        case 0: someBytes(number(below: 60))
        case 1:
            GetDomainState(
                domain: domain(), command: chance(of: 15) ? GetDomainState.command : raw32(),
                interfaceVersion: chance(of: 14) ? GetDomainState.stableInterfaceVersion : UInt32(byte() & 31),
                pad: UInt32(byte() / 250)
            ).encodedBytes
        default:
            AcquireResource(
                domain: domain(), type: ResourceType(rawValue: UInt32(byte() / 240)), id: UInt32(byte() & 7),
                count: UInt32(byte() & 3), firstFrame: chance(of: 14) ? UInt64(byte() & 3) : raw64(),
                frameList: UInt64(byte() / 200)
            ).encodedBytes
        }
    }
}
