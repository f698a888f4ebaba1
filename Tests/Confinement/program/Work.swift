// What a confined daemon does all day: files, sockets, time, memory, words.
// Not for: Xen.

import CForbidden
import DaemonConfinement
import DaemonShell
import StatisticsPage
import SystemCalls
import XenPlatform

private final class Clock: MonotonicClock {
    var nanoseconds: UInt64 { MonotonicTime.now.nanoseconds }
}

func work(_ place: Place) throws {
    let log = DaemonLog(.debug, sink: StandardLogSink())
    let poll = try EventPoll()
    let timer = try TimerDescriptor()
    try poll.add(timer.descriptor.rawValue, .readable, token: 1)
    let signals = try SignalDescriptor([.terminate])
    try poll.add(signals.descriptor.rawValue, .readable, token: 2)
    let listener = unsafe cforbidden_listen((place.root ?? "") + "/listener")
    expect(listener > 0, "somebody listens")
    var board = StatisticsFile.board(in: (place.root ?? "") + "/pages", clock: Clock())
    expect(board != nil, "there is a page")
    let decoy = try layDecoy(place)
    let folder = try confine(place)
    try files(folder)
    try timer.arm(at: MonotonicTime.now.advanced(byMilliseconds: 2))
    expect(try poll.wait(milliseconds: 10_000) == 1, "the timer is heard")
    expect(try timer.acknowledge(), "and its moment has come")
    Signal.terminate.raise()
    expect(try poll.wait(milliseconds: 10_000) == 1, "a signal is heard")
    expect(try signals.next() == .terminate, "and is the one that was sent")
    try timer.arm(at: nil)
    MonotonicTime.now.advanced(byMilliseconds: 2).sleep()
    let socket = try StreamSocket.connected(path: "/listener")
    let greeting: [UInt8] = [1, 2, 3]
    expect(try socket.descriptor.send(greeting.span) == 3, "bytes are sent")
    try poll.add(socket.descriptor.rawValue, .readable, token: 3)
    try poll.remove(socket.descriptor.rawValue)
    memory()
    log.write(.information, "test", "a line", [("number", "\(7.25)"), ("name", "a b")])
    log.write(.warning, "test", "another line", [("error", "\(SystemError(2, "open"))")])
    // The page's path begins at another root: in this one it is somebody else's file.
    board = nil
    expect((try? FileIdentity(path: decoy)) != nil, "what has the page's path in the new root is left alone")
}

/// A file in the root that has there the path that our page has outside; anybody may remove it.
private func layDecoy(_ place: Place) throws -> String {
    let root = place.root ?? ""
    let page = try directoryNames(path: root + "/pages", countMax: 1).first
    let path = "\(root)/pages/\(page ?? "")"
    var folder = root
    for part in (root + "/pages").split(separator: "/") {
        folder += "/\(part)"
        do throws(SystemError) { try makeDirectory(path: folder, permissions: 0o755) } catch {
            // Of an earlier run.
            if error.code != 17 { throw error }
        }
    }
    let handle = try OwnedDescriptor.open(path: folder, .read, [.directory])
    try handle.setPermissions(0o777)
    try OwnedDescriptor.open(path: root + path, .write, [.create]).close()
    return path
}

private func files(_ folder: borrowing OwnedDescriptor) throws {
    let bytes = Array("variables".utf8)
    let file = try folder.openFile(named: "new", .readWrite, [.create, .exclusive])
    try file.writeAll(bytes.span)
    try file.synchronize()
    expect(try file.byteCount() == bytes.count && file.isRegularFile(), "a file is as long as what was written")
    file.close()
    try folder.renameFile(named: "new", to: "kept")
    try folder.synchronize()
    let again = try OwnedDescriptor.open(path: "/kept", .read)
    var found = [UInt8](repeating: 0, count: 20)
    var span = found.mutableSpan
    expect(try again.read(into: &span) == bytes.count, "it is read again")
    expect(try again.lockingIsKnown(), "locks are asked for")
    try replaceFile(path: "/kept", with: bytes.span)
    try folder.removeFile(named: "kept")
}

extension OwnedDescriptor {
    fileprivate func lockingIsKnown() throws -> Bool { try !isLockedElsewhere() }
}

/// What makes the allocator ask the kernel for more, move it, and give it back.
private func memory() {
    var lines: [String: Int] = [:]
    for number in 0..<20_000 { lines["line \(number)"] = number }
    expect(lines.keys.sorted().count == 20_000, "words")
    var large: [UInt64] = []
    for number in 0..<4_000_000 { large.append(UInt64(number)) }
    expect(large.last == 3_999_999, "numbers")
}
