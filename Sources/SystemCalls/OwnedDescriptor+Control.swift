// ioctl: with a value, with a structure, and with a structure that holds the addresses of other buffers. The addresses
// are filled in here, so that callers never see a pointer. Here EFAULT and EBADF are answers, because drivers (and Xen)
// give them.
// Nothing is retried: no driver that we speak to is interrupted by a signal before it has acted.

internal import CSystem

extension OwnedDescriptor {
    /// ioctl with a number as its argument. Answers what the driver answers, which is not negative.
    package func control(_ request: UInt32, value: UInt = 0) throws(SystemError) -> Int32 {
        try once("ioctl") { corbel_ioctl_value(rawValue, request, value) }
    }

    /// ioctl with a structure that holds no address. The driver may write to it.
    package func control(_ request: UInt32, _ argument: inout MutableSpan<UInt8>) throws(SystemError) -> Int32 {
        checkSize(of: request, argument)
        // SAFETY: the span is ours alone during the call, and has the size that the request's number names.
        return try unsafe argument.withUnsafeMutableBufferPointer { bytes throws(SystemError) in
            try once("ioctl") { unsafe corbel_ioctl(rawValue, request, bytes.baseAddress) }
        }
    }

    /// ioctl with a structure that holds the address of an array that the driver reads, and of one of results that it
    /// writes: 8 bytes each, at the offsets given. Inlined, because generic code looks its metadata up in every call.
    @inlinable @inline(__always)
    package func control<Input: BitwiseCopyable>(
        _ request: UInt32, _ argument: inout MutableSpan<UInt8>,
        addressAt inputOffset: Int, of input: Span<Input>,
        addressAt resultsOffset: Int, of results: inout MutableSpan<Int32>
    ) throws(SystemError) -> Int32 {
        // SAFETY: only the driver reads the bytes; it has its own idea of an element's layout.
        let bytes = unsafe input.bytes
        return try control(
            request, &argument, addressAt: inputOffset, ofBytes: bytes, addressAt: resultsOffset, of: &results)
    }

    @usableFromInline
    package func control(
        _ request: UInt32, _ argument: inout MutableSpan<UInt8>,
        addressAt inputOffset: Int, ofBytes input: RawSpan,
        addressAt resultsOffset: Int, of results: inout MutableSpan<Int32>
    ) throws(SystemError) -> Int32 {
        checkSize(of: request, argument)
        // SAFETY: all three spans stay where they are for the whole call, and the driver writes to the mutable ones
        // only. That the counts in the structure fit them is the promise of the caller.
        return try unsafe argument.withUnsafeMutableBufferPointer { bytes throws(SystemError) in
            try unsafe input.withUnsafeBytes { inputs throws(SystemError) in
                try unsafe results.withUnsafeMutableBufferPointer { outputs throws(SystemError) in
                    unsafe store(UInt64(UInt(bitPattern: inputs.baseAddress)), in: bytes, at: inputOffset)
                    unsafe store(UInt64(UInt(bitPattern: outputs.baseAddress)), in: bytes, at: resultsOffset)
                    return try once("ioctl") { unsafe corbel_ioctl(rawValue, request, bytes.baseAddress) }
                }
            }
        }
    }

    /// ioctl with a structure that holds, at `offset`, the address of descriptors {address, byte count}, 8 bytes each,
    /// of one or two buffers that the driver may read and write. An empty second buffer is left out; the structure's
    /// own count of buffers is the caller's to write. Allocates nothing.
    package func control(
        _ request: UInt32, _ argument: inout MutableSpan<UInt8>, vectorAt offset: Int,
        _ first: inout MutableSpan<UInt8>, _ second: inout MutableSpan<UInt8>
    ) throws(SystemError) -> Int32 {
        checkSize(of: request, argument)
        // SAFETY: the buffers are ours alone and stay where they are for the whole call; each descriptor has its own
        // size.
        return try unsafe argument.withUnsafeMutableBufferPointer { bytes throws(SystemError) in
            try unsafe first.withUnsafeMutableBufferPointer { one throws(SystemError) in
                try unsafe second.withUnsafeMutableBufferPointer { two throws(SystemError) in
                    var vector = unsafe BufferVector(one, two)
                    return try unsafe withUnsafeMutablePointer(to: &vector) { start throws(SystemError) in
                        unsafe store(UInt64(UInt(bitPattern: start)), in: bytes, at: offset)
                        return try once("ioctl") { unsafe corbel_ioctl(rawValue, request, bytes.baseAddress) }
                    }
                }
            }
        }
    }
}

/// Two descriptors of buffers as 64-bit Linux drivers take them, on the stack.
private struct BufferVector {
    var firstAddress: UInt64
    var firstByteCount: UInt64
    var secondAddress: UInt64 = 0
    var secondByteCount: UInt64 = 0

    @unsafe
    init(_ first: UnsafeMutableBufferPointer<UInt8>, _ second: UnsafeMutableBufferPointer<UInt8>) {
        firstAddress = UInt64(UInt(bitPattern: first.baseAddress))
        firstByteCount = UInt64(first.count)
        if !second.isEmpty {
            secondAddress = UInt64(UInt(bitPattern: second.baseAddress))
            secondByteCount = UInt64(second.count)
        }
    }
}

/// The number of a request says how long its argument is (bits 16 to 29; 0 where it is older than that habit).
private func checkSize(of request: UInt32, _ argument: borrowing MutableSpan<UInt8>) {
    precondition(Int(request >> 16 & 0x3FFF) <= argument.count, "an argument shorter than its request says")
}

/// Writes an address into an argument structure.
@unsafe
private func store(_ address: UInt64, in argument: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
    precondition(offset >= 0 && offset <= argument.count - 8, "an address outside of its structure")
    // SAFETY: in bounds, checked above; unaligned stores are allowed here.
    unsafe UnsafeMutableRawBufferPointer(argument).storeBytes(of: address, toByteOffset: offset, as: UInt64.self)
}
