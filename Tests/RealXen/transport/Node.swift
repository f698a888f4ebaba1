// A node of /dev/xen by bare ioctls, to say what the platform never would: bad counts, bad addresses.

import SystemCalls
import XenABI

/// One open node.
struct Node: ~Copyable {
    let descriptor: OwnedDescriptor

    init(_ name: String) throws(SystemError) {
        descriptor = try OwnedDescriptor.open(path: "/dev/xen/" + name, .readWrite, .nonBlocking)
    }

    /// An ioctl with a structure: its answer, or its errno as a negative number.
    func call<Argument: WireLayout>(_ request: UInt32, _ argument: Argument) -> Int32 {
        var bytes = argument.encodedBytes
        return answer { () throws(SystemError) in
            var span = bytes.mutableSpan
            return try descriptor.control(request, &span)
        }
    }

    /// An ioctl with an address or nothing.
    func call(_ request: UInt32, value: UInt = 0) -> Int32 {
        answer { () throws(SystemError) in try descriptor.control(request, value: value) }
    }

    /// A DM_OP whose descriptors lie at an address.
    func dmOp(_ domain: UInt16, count: UInt16, at address: UInt) -> Int32 {
        call(PrivcmdCall.dmOp, PrivcmdDMOP(domain: DomainID(domain), count: count, buffers: UInt64(address)))
    }

    func restrict(_ domain: UInt16) -> Int32 {
        call(PrivcmdCall.restrict, PrivcmdRestrict(domain: DomainID(domain)))
    }

    func resource(_ domain: UInt16, count: UInt64, address: UInt64) -> Int32 {
        call(
            PrivcmdCall.mmapResource,
            PrivcmdMMAPResource(
                domain: DomainID(domain), type: .ioreqServer, id: 0, firstFrame: 0, count: count, address: address))
    }

    /// Foreign mapping of `count` frames at an address; frames and results lie at `arrays`.
    func batch(_ domain: UInt16, count: UInt32, address: UInt, arrays: UInt) -> Int32 {
        call(
            PrivcmdCall.mmapBatchV2,
            PrivcmdMMAPBatchV2(
                count: count, domain: DomainID(domain), address: UInt64(address), frames: UInt64(arrays),
                errors: UInt64(arrays + 2048)))
    }

    /// An ioctl with one 32-bit number.
    func number(_ request: UInt32, _ value: UInt32) -> Int32 { call(request, EventChannelArgument(value: value)) }
}

/// A page with descriptors of buffers at its start; the buffers lie further on.
struct VectorPage: ~Copyable {
    let memory: MappedMemory

    init() throws(SystemError) { memory = try MappedMemory.locked(byteCount: 3 * 4096) }

    var address: UInt { memory.address }

    /// Descriptor `index` names a good buffer with operation 1 (create_ioreq_server) in it.
    func setGood(_ index: Int, byteLength: UInt64 = 32) {
        let offset = 1024 + 32 * index
        let frame = DMOPFrame(DMOP.CreateIOREQServer(handling: .off))
        memory.copyIn(at: offset, from: frame.bytes.span)
        set(index, UInt64(address) + UInt64(offset), byteLength)
    }

    func set(_ index: Int, _ buffer: UInt64, _ byteLength: UInt64) {
        let bytes = PrivcmdBuffer(address: buffer, byteLength: byteLength).encodedBytes
        memory.copyIn(at: 16 * index, from: bytes.span)
    }
}
