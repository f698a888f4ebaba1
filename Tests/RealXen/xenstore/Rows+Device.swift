// Rows about the kernel's device alone: what it takes in a write, what it answers, and where a client finds a server.

import SystemCalls
import TAP
import XenstoreClient
import XenstoreWire

/// The largest requests: 4096 bytes of payload by the socket, 4096 with the header by the device.
func rowsOfLimits(_ tap: TAP) {
    for (way, countMax) in [(Way.socket, 4096), (.device, 4080)] {
        let rows = Rows(tap, way)
        rows.run("at the limits") { () throws(XenstoreError) in
            let client = try way.connect()
            let path = rows.top + "/large"
            let room = countMax - path.utf8.count - 1
            do throws(XenstoreError) {
                try client.write(path, [UInt8](repeating: 7, count: room + 1))
                rows.row(false, "a request that is too long is not sent")
            } catch {
                rows.row(error == .argument(.tooLong), "a request that is too long is not sent", error.description)
            }
            try client.write(path, [UInt8](repeating: 7, count: room))
            let read = try client.read(path)
            rows.row(read == [UInt8](repeating: 7, count: room), "the longest that may be is", "\(read.count) bytes")
            try client.rm(rows.top)
        }
    }
}

/// The device as it is, below the client: these are what the client relies on.
func rowsOfDevice(_ tap: TAP) {
    do throws(SystemError) {
        try rowsOfPieces(tap, try BareDevice())
        try rowsOfSizes(tap, try BareDevice())
    } catch {
        tap.check(false, "the device", detail: error.description)
    }
}

private func rowsOfPieces(_ tap: TAP, _ device: borrowing BareDevice) throws(SystemError) {
    tap.check(try !device.waits(milliseconds: 100), "the device is never said to be writable")
    tap.check(try device.read(milliseconds: 0).isEmpty, "reading when nothing is there does not wait")
    let request = read(7)
    for piece in [request[..<5], request[5..<20]] { _ = try device.descriptor.write(Array(piece).span) }
    tap.check(try !device.waits(milliseconds: 200), "half a request is kept, and not answered")
    _ = try device.descriptor.write(Array(request[20...]).span)
    let reply = numbers(try device.read(milliseconds: 5000))
    tap.check(reply == [7], "a request in pieces is one", detail: "\(reply)")
    // Linux 6.1 loses what follows a message in its write: a client sends one at a time.
    _ = try device.descriptor.write((read(8) + read(9)).span)
    let replies = numbers(try device.read(milliseconds: 5000))
    tap.check(replies.first == 8, "of two requests in a write the first is answered", detail: "\(replies)")
}

private func rowsOfSizes(_ tap: TAP, _ device: borrowing BareDevice) throws(SystemError) {
    for size in [4096, 4097, 4112] {
        var answer: Int32 = 0
        do throws(SystemError) {
            answer = Int32(clamping: try device.descriptor.write(large(size).span))
        } catch {
            answer = -error.code
        }
        tap.expect(answer, size == 4096 ? 4096 : -22, "a message of \(size) bytes")
    }
    _ = try device.read(milliseconds: 5000)
    _ = try device.descriptor.write(read(10).span)
    let last = numbers(try device.read(milliseconds: 5000))
    tap.check(last == [10], "and the device goes on behind what it refused", detail: "\(last)")
}

private struct BareDevice: ~Copyable {
    let descriptor: OwnedDescriptor
    private let poll: EventPoll

    init() throws(SystemError) {
        let descriptor = try OwnedDescriptor.open(path: Way.device.path, .readWrite, .nonBlocking)
        let poll = try EventPoll()
        try poll.add(descriptor.rawValue, [.readable, .writable], token: 0)
        self.descriptor = descriptor
        self.poll = poll
    }

    /// Whether something comes to be read, or there is said to be room.
    func waits(milliseconds: Int32) throws(SystemError) -> Bool { try poll.wait(milliseconds: milliseconds) > 0 }

    /// All that can be read, waiting so long for the first of it, and little for more.
    func read(milliseconds: Int32) throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            var room = bytes.mutableSpan
            if let count = try descriptor.readIfReady(into: &room) {
                if count == 0 { return all }
                all += bytes[..<count]
            } else if try poll.wait(milliseconds: all.isEmpty ? milliseconds : min(milliseconds, 200)) == 0 {
                return all
            }
        }
    }
}

private func read(_ number: UInt32) -> [UInt8] {
    var writer = XenstoreWriter()
    writer.begin(.read, requestID: number)
    writer.putString("/local/domain/0/name")
    return writer.end() ? writer.bytes : []
}

/// A WRITE of so many bytes with its header.
private func large(_ count: Int) -> [UInt8] {
    var writer = XenstoreWriter()
    writer.begin(.write, requestID: 1)
    writer.putString("/corbel-test-large")
    writer.put([UInt8](repeating: 7, count: count - 16 - 19))
    return writer.end() ? writer.bytes : []
}

private func numbers(_ bytes: [UInt8]) -> [UInt32] {
    var parser = XenstoreFrameParser()
    var offset = 0
    var found: [UInt32] = []
    while let number = try? parser.next(in: bytes.span, at: &offset, deliver: { header, _ in header.requestID }) {
        found.append(number)
    }
    return found
}

/// Without being told where: the socket that is there.
func rowsOfFinding(_ tap: TAP) {
    do throws(XenstoreError) {
        let name = try XenstoreClient.connect().read("/local/domain/0/name")
        tap.check(name == Array("Domain-0".utf8), "a client finds the server by itself")
        let client = try XenstoreClient.connect()
        try client.rm("/corbel-test-large")
        try client.rm("/corbel-test")
    } catch {
        tap.check(false, "a client finds the server by itself", detail: error.description)
    }
}
