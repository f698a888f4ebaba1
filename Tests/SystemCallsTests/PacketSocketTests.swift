// Sockets of packets, descriptors that travel, sealed memory files, mappings in pieces. Without privileges.

import ServerCalls
import SystemCalls
import Testing

@Suite struct PacketSocketTests {
    private let path = "/tmp/corbel-packets-\(processID)-\(UInt32.random(in: 0...UInt32.max))"

    private func receive(_ socket: borrowing PacketSocket, room: Int = 64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: room)
        var span = bytes.mutableSpan
        var descriptors = ReceivedDescriptors()
        let count = try socket.receive(into: &span, &descriptors, waits: false)
        return Array(bytes.prefix(count))
    }

    @Test func packetsKeepTheirBounds() throws {
        let pair = try PacketSocketPair()
        try pair.first.send(([1, 2, 3] as [UInt8]).span, waits: false)
        try pair.first.send(([4] as [UInt8]).span, waits: false)
        #expect(try receive(pair.second) == [1, 2, 3])
        #expect(try receive(pair.second) == [4])
        #expect(throws: SystemError(11, "recvmsg")) { _ = try receive(pair.second) }
    }

    @Test func aPacketWithoutRoomIsRefusedWholeAndTheNextOneComes() throws {
        let pair = try PacketSocketPair()
        try pair.first.send([UInt8](repeating: 9, count: 65).span, waits: false)
        try pair.first.send(([7] as [UInt8]).span, waits: false)
        #expect(throws: SystemError(90, "recvmsg")) { _ = try receive(pair.second) }
        #expect(try receive(pair.second) == [7])
    }

    @Test func theEndOfAConnectionIsAnEmptyPacket() throws {
        func lonely() throws -> OwnedDescriptor {
            let pair = try PacketSocketPair()
            return try pair.second.descriptor.duplicate()
        }
        let other = PacketSocket(owning: try lonely())
        #expect(try receive(other) == [])
        #expect(throws: SystemError(32, "sendmsg")) { try other.send(([1] as [UInt8]).span, waits: true) }
    }

    @Test func descriptorsTravelAndWorkAtTheOtherEnd() throws {
        let pair = try PacketSocketPair()
        let counter = try EventCounter()
        let pipe = try Pipe()
        let numbers = [counter.descriptor.rawValue, pipe.reading.rawValue]
        try pair.first.send(([1] as [UInt8]).span, descriptors: numbers.span, waits: false)
        var bytes = [UInt8](repeating: 0, count: 8)
        var span = bytes.mutableSpan
        var descriptors = ReceivedDescriptors()
        #expect(try pair.second.receive(into: &span, &descriptors, waits: false) == 1)
        #expect(descriptors.count == 2)
        let taken = descriptors.take(0)
        let again = descriptors.take(0) == nil
        let beyond = descriptors.take(2) == nil
        #expect(again && beyond)
        if let taken { try EventCounter(owning: taken).signal() }
        #expect(try counter.drain() == 1)
    }

    @Test func aListenerTellsWhoConnects() throws {
        let listener = try PacketSocket.listening(path: path)
        defer { try? removeFile(path: path) }
        let nobody = try listener.accept() == nil
        #expect(nobody)
        let client = try PacketSocket.connected(path: path)
        let accepted = try listener.accept()
        if let accepted {
            let peer = try accepted.peer()
            #expect(peer.processID == processID && peer.userID == effectiveUserID)
            try client.send(([5] as [UInt8]).span, waits: false)
            #expect(try receive(accepted) == [5])
        } else {
            Issue.record("nobody to accept")
        }
    }

    @Test func whereNobodyListensTheReasonIsSaid() throws {
        #expect(throws: SystemError(2, "connect")) { _ = try PacketSocket.connected(path: path).descriptor.rawValue }
        do { _ = try PacketSocket.listening(path: path) }
        defer { try? removeFile(path: path) }
        #expect(throws: SystemError(111, "connect")) { _ = try PacketSocket.connected(path: path).descriptor.rawValue }
        #expect(throws: SystemError(98, "bind")) { _ = try PacketSocket.listening(path: path).descriptor.rawValue }
        let long = String(repeating: "x", count: 108)
        #expect(throws: SystemError(36, "bind")) { _ = try PacketSocket.listening(path: long).descriptor.rawValue }
    }

    @Test func aSealedFileKeepsItsLength() throws {
        let file = try OwnedDescriptor.sealedMemoryFile(name: "sealed", byteCount: 8192)
        #expect(throws: SystemError(1, "ftruncate")) { try file.truncate(to: 0) }
        #expect(throws: SystemError(1, "ftruncate")) { try file.truncate(to: 16384) }
        #expect(try file.byteCount() == 8192)
        let plain = try OwnedDescriptor.memoryFile(name: "plain", byteCount: 8192)
        try plain.truncate(to: 4096)
    }

    @Test func aMappingIsMadeOfPiecesInAnyOrder() throws {
        let page = MappedMemory.pageByteCount
        let file = try OwnedDescriptor.sealedMemoryFile(name: "pieces", byteCount: 3 * page)
        try file.writeAll(at: 0, ([1] as [UInt8]).span)
        try file.writeAll(at: 2 * page, ([3] as [UInt8]).span)
        var memory = try MappedMemory.reserved(byteCount: 2 * page)
        try memory.place(file, fileOffset: UInt64(2 * page), at: 0, byteCount: page, access: .readWrite)
        try memory.place(file, fileOffset: 0, at: page, byteCount: page, access: .read)
        var byte: [UInt8] = [0]
        var span = byte.mutableSpan
        memory.copyOut(from: 0, into: &span)
        #expect(span[0] == 3)
        memory.copyOut(from: page, into: &span)
        #expect(span[0] == 1)
        memory.copyIn(at: 0, from: ([8] as [UInt8]).span)
        #expect(try file.read(at: 2 * page, byteCount: 1) == [8])
    }

    @Test func oneOfThreeDescriptorsWakesAndIsNamed() throws {
        let one = try EventCounter()
        let two = try EventCounter()
        let three = try EventCounter()
        try three.signal()
        let ready = try waitUntilReadable(
            one.descriptor.rawValue, or: two.descriptor.rawValue, or: three.descriptor.rawValue, milliseconds: 1000)
        #expect(ready == .third)
    }

    @Test func anEdgeIsToldOnceForEachSignal() throws {
        let poll = try EventPoll()
        let counter = try EventCounter()
        try poll.add(counter.descriptor.rawValue, [.readable, .edge], token: 1)
        try counter.signal()
        #expect(try poll.wait(milliseconds: 0) == 1)
        #expect(try poll.wait(milliseconds: 0) == 0)
        try counter.signal()
        #expect(try poll.wait(milliseconds: 0) == 1)
    }
}
