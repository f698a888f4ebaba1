// All descriptors of this process at once: closing what it does not know, counting, the three that every program has.
// Not for: one descriptor (see OwnedDescriptor).

internal import CSystem
public import SystemCalls

/// What a kernel says that has no close_range: ENOSYS, or EPERM where a container does not know the call.
private func isMissing(_ code: Int32) -> Bool { code == ENOSYS || code == EPERM }

/// Where closing one by one ends, when the limit of descriptors is higher: no kernel without close_range allows more
/// unasked.
private let closedOneByOneMax: UInt64 = 1 << 20

/// Closes all descriptors but the standard streams, 0 to 2, and those of a list. What is closed must have no owner any
/// more (`OwnedDescriptor` traps otherwise), or never have had one: what the program has inherited.
public func closeDescriptors(except kept: [Int32] = []) throws(SystemError) {
    var first: Int32 = 3
    for number in kept.filter({ $0 >= 3 }).sorted() where number >= first {
        if number > first { try closeDescriptors(first, UInt32(number - 1)) }
        if number == .max { return }
        first = number + 1
    }
    try closeDescriptors(first, .max)
}

private func closeDescriptors(_ first: Int32, _ last: UInt32) throws(SystemError) {
    do throws(SystemError) {
        _ = try once("close_range") { corbel_close_range(UInt32(first), last) }
    } catch {
        if !isMissing(error.code) { throw error }
        try closeOneByOne(first, last)
    }
}

/// What a kernel before 5.9 needs: closes what /proc lists or, where there is none, whatever may be open.
package func closeOneByOne(_ first: Int32, _ last: UInt32) throws(SystemError) {
    if let names = try? directoryNames(path: "/proc/self/fd", countMax: Int(closedOneByOneMax)) {
        // The folder's own descriptor is among them, and was closed: EBADF.
        for name in names {
            if let number = Int32(name), number >= first, UInt32(number) <= last { _ = close(number) }
        }
        return
    }
    let end = min(try LimitedResource.descriptorCount.limits().atMost, closedOneByOneMax, UInt64(last) + 1)
    var number = UInt64(first)
    while number < end {
        // EBADF: it was not open.
        _ = close(Int32(number))
        number += 1
    }
}

/// Whether a number is that of an open descriptor.
public func isOpen(descriptor number: Int32) -> Bool { corbel_fcntl_get(number, F_GETFD) >= 0 }

/// Whether a number is that of an open folder.
public func isFolder(descriptor number: Int32) -> Bool {
    var information = stat()
    // SAFETY: the call fills in our structure.
    guard unsafe fstat(number, &information) == 0 else { return false }
    return information.st_mode & mode_t(S_IFMT) == mode_t(S_IFDIR)
}

/// The limit of descriptors (`LimitedResource.descriptorCount`) with which so many more can be opened: when no number
/// is left out among those in use, their count and that many.
public func descriptorLimit(sparing spare: Int) -> UInt64 {
    var number: Int32 = 0
    var free = 0
    while free < spare, number < .max {
        if !isOpen(descriptor: number) { free += 1 }
        number += 1
    }
    return UInt64(number)
}

/// Opens /dev/null in the place of standard streams that the program was started without: else the next file that it
/// opens gets such a number, and is written to by whoever means the stream.
public func occupyStandardStreams() throws(SystemError) {
    for number in Int32(0)...2 where !isOpen(descriptor: number) {
        // SAFETY: withCString gives a terminated string that lives throughout the call.
        let opened = try retrying("open") { unsafe "/dev/null".withCString { unsafe corbel_open($0, O_RDWR, 0) } }
        // The lowest number that is free, by what `open` promises.
        precondition(opened == number, "descriptors are opened by somebody else meanwhile")
    }
}
