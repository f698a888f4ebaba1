// Random steps: the store beside a naive one, requests that are nearly right, and the order of the index.
// Source: varstored.md 3, 5, 6.

import Testing
import UEFIVariables

@Suite("Random steps") struct RandomTests {
    /// One run: a guest and a naive store that get the same requests.
    private struct Run {
        var guest = Guest()
        var naive: NaiveStore
        var random: Numbers

        static let contents = [0, 1, 1, 8, 8, 8, 30, 200, 2000, 9000, 57344].flatMap { count in
            (0..<3).map { [UInt8](repeating: $0, count: count) }
        }

        init(seed: UInt64) {
            naive = NaiveStore(guest.services.store.records)
            random = Numbers(seed: seed)
        }

        mutating func name() -> VariableName {
            let number = random.next(below: 60)
            return VariableName(number < 50 ? "v\(number)" : "a rather long name, as those of vendors are \(number)")
        }

        mutating func guid() -> VendorGUID { random.next(below: 4) == 0 ? .global : .t }

        mutating func data() -> [UInt8] {
            Self.contents[random.next(below: Self.contents.count)]
        }

        mutating func attributes() -> UInt32 {
            let all: [UInt32] = [7, 7, 7, 7, 3, 3, 6, 2, 0x47, 0x47, 0x43, 0, 1, 4, 0x0F, 0x17, 0x87, 0x107, 0x40]
            return all[random.next(below: all.count)]
        }

        mutating func set(atRuntime: Bool) {
            let (name, guid, attributes, data) = (name(), guid(), attributes(), data())
            guest.backendFails = random.next(below: 16) == 0
            let request = VariableRequest.encodeSet(name, guid, .init(attributes), data, atRuntime: atRuntime)
            let status = guest.status(request)
            let expected = naive.set(
                name.bytes, guid, attributes, data, atRuntime: atRuntime, fails: guest.backendFails)
            #expect(status == expected, "\(name) \(attributes) \(data.count)")
        }

        mutating func get(atRuntime: Bool) {
            let (name, guid, room) = (name(), guid(), random.next(below: 3000))
            let request = VariableRequest.encodeGet(name, guid, room: UInt64(room), atRuntime: atRuntime)
            let got = Got(guest.send(request))
            let expected = naive.get(name.bytes, guid, room: room, atRuntime: atRuntime)
            if let expected { #expect(got.data == expected.data && got.attributes == expected.attributes) }
            #expect(got.status == expected?.status ?? 0x0E && got.needed == expected?.needed)
        }

        mutating func next(atRuntime: Bool) {
            let name = random.next(below: 5) == 0 ? VariableName("") : name()
            let guid = guid()
            let reply = guest.send(VariableRequest.encodeNext(after: name, guid, room: 4098, atRuntime: atRuntime))
            let expected = naive.next(name.bytes, guid, atRuntime: atRuntime)
            #expect(Guest.status(of: reply) == expected.status)
            if let next = expected.next { #expect(Array(reply[16..<reply.count - 16]) == next.name) }
        }

        mutating func step(runtimeFrom latch: Int, at step: Int) {
            let atRuntime = step >= latch && random.next(below: 3) == 0
            switch random.next(below: 10) {
            case 0, 1: get(atRuntime: atRuntime)
            case 2: next(atRuntime: atRuntime)
            default: set(atRuntime: atRuntime)
            }
        }

        func compare() {
            #expect(NaiveStore(guest.services.store.records).variables == naive.variables)
            #expect(guest.services.store.chargeSum == naive.sum && guest.services.store.count == naive.variables.count)
            #expect(guest.services.isLatched == naive.latched && guest.writes == naive.writes)
        }
    }

    @Test(
        "100,000 random requests are answered as a naive store answers them", arguments: 1...20 as ClosedRange<UInt64>)
    func steps(_ seed: UInt64) {
        var run = Run(seed: seed)
        let latch = seed % 2 == 0 ? 5000 : 2500
        for step in 0..<5000 {
            run.step(runtimeFrom: latch, at: step)
            if step % 250 == 0 { run.compare() }
        }
        run.compare()
    }

    @Test("a blob of random variables is read as it was written") func blobs() throws {
        var run = Run(seed: 77)
        for step in 0..<2000 {
            run.step(runtimeFrom: .max, at: step)
            if step % 100 != 0 { continue }
            let blob = run.guest.services.saveBlob()
            let reading = try VariableBlob.read(blob.encoded())
            #expect(reading.blob == blob && reading.findings.isEmpty)
            let again = VariableServices.resume(blob, policy: VariablePolicy())
            #expect(again.store.records == run.guest.services.store.records)
        }
    }

    @Test("requests with random bytes changed are answered, and the store stays whole") func nearlyRight() {
        var random = Numbers(seed: 5)
        var guest = Guest.userMode()
        let requests =
            WireVector.all.map(\.request) + [
                signedPrivateVariable,
                VariableRequest.encodeSet(
                    VariableName("db"), .imageSecurity, .init(0x67),
                    signed(.db, hashes(3, 4, 5), by: .exchange, at: .minutes(1), 0x67)),
            ]
        for _ in 0..<20_000 {
            var request = requests[random.next(below: requests.count)]
            for _ in 0..<random.next(below: 4) + 1 {
                request[random.next(below: request.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            let reply = guest.send(request)
            #expect(reply.count >= 8 && reply.count <= 65536)
        }
        #expect(guest.modes == [0, 1, 1])
    }

    @Test("variables that come and go in any order are found, each one, and no other") func index() {
        var guest = Guest()
        var random = Numbers(seed: 3)
        var there: Set<String> = []
        for _ in 0..<20_000 {
            let name = "\(random.next(below: 400))"
            if there.remove(name) != nil {
                #expect(guest.set(name, .t, 2, []) == 0)
            } else {
                #expect(guest.set(name, .t, 2, [1]) == 0)
                there.insert(name)
            }
        }
        for number in 0..<400 {
            #expect((guest.get("\(number)").status == 0) == there.contains("\(number)"))
        }
        #expect(guest.services.store.count == there.count + 9)
    }
}
