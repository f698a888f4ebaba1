// One run: servers, devices, a guest and a Xen, and the steps that a program makes them take.
// Not for: what must hold of memory and ports (see SharedPages and LyingXen).

import XenABI
import XenDeviceModel
import XenPlatform

/// A server in either of its last two states. A device may act on it while it is being used: then it can be looked at
/// but not taken.
final class ServerBox {
    var serving: IOREQServer<ServerState.Serving>?
    var quiet: IOREQServer<ServerState.Quiet>?
    var users = 0

    init(_ serving: consuming IOREQServer<ServerState.Serving>) { self.serving = consume serving }
}

final class Scenario: DeviceWatcher {
    private static let stepsMax = 400
    private static let depthMax = 4
    private static let serversMax = 6

    private let program: Program
    private let xen: LyingXen
    private let domain: DeviceModelDomain
    private let shelf = Shelf()
    private var boxes: [ServerBox] = []
    private var made = 0
    private var steps = 0
    private var depth = 0
    private var acceptedCount = 0

    init(_ program: Program) throws(XenError) {
        self.program = program
        let vcpus = program.pick([1, 2, 3, 7, 64, 128] as [UInt32])
        let told = program.byte()
        switch told & 0x0F {
        case 0: xen = LyingXen(vcpus: vcpus, told: nil)
        case 1: xen = LyingXen(vcpus: vcpus, told: program.raw32())
        default: xen = LyingXen(vcpus: vcpus, told: vcpus)
        }
        if told & 0xF0 == 0xF0 { xen.refusal = (program.number(below: 8), program.refusal(), false) }
        domain = try xen.platform.domain(DomainID(5), restricted: told & 0x10 != 0)
        xen.meanwhile = { [unowned self] in self.tamper() }
    }

    func run() {
        makeServer()
        while !program.isOver, steps < Self.stepsMax { step() }
        // What is left goes in the order that the program says.
        if program.chance(of: 8) { shelf.kept = [] }
        program.end()
        xen.meanwhile = {}
        closeAll()
        shelf.kept = []
        xen.checkNothingIsLeft()
    }

    private func closeAll() {
        while let box = boxes.popLast() {
            box.serving = nil
            box.quiet = nil
        }
    }

    // MARK: DeviceWatcher

    func accepted() { acceptedCount += 1 }

    func act() {
        guard depth < Self.depthMax, !program.isOver, steps < Self.stepsMax, program.chance(of: 6) else { return }
        depth += 1
        defer { depth -= 1 }
        step()
    }

    /// While a call is under way: only memory changes.
    private func tamper() {
        guard !program.isOver, program.chance(of: 1) else { return }
        noise()
    }

    // MARK: Steps

    private func step() {
        steps += 1
        switch program.byte() & 31 {
        case 0...7: access()
        case 8: noise()
        case 9: spoil()
        case 10, 11: fire()
        case 12...15: process()
        case 16, 17: post()
        case 18: movePointers()
        case 19, 20: answerKept()
        case 21: if !shelf.kept.isEmpty { shelf.kept.remove(at: program.number(below: shelf.kept.count)) }
        case 22: refuse()
        case 23, 24: claim()
        case 25, 26: release()
        case 27: switchState()
        case 28: close()
        default: makeServer()
        }
        for pages in xen.servers where !pages.isDestroyed { pages.check() }
    }

    private func makeServer() {
        guard made < Self.serversMax else { return }
        made += 1
        let buffering: Buffering = program.chance(of: 10) ? .atomic : .off
        do throws(XenError) {
            let range = program.range()
            let server = try domain.makeIOREQServer(buffered: buffering).mapPages().claim(range, for: device(range))
            boxes.append(ServerBox(try server.enable()))
        } catch {
            // Refused: it is closed by now.
        }
    }

    private func device(_ range: IORange) -> any IODevice {
        switch program.byte() & 7 {
        case 0, 1: Registers(range, self, acts: false)
        case 2, 3: Registers(range, self, acts: true)
        case 4, 5: Keeper(self, shelf)
        case 6: Hoarder(self)
        default: Dropper(self)
        }
    }

    /// An honest request to a vCPU whose slot is free, and most often its event.
    private func access() {
        guard let (local, pages, vcpu) = boundSlot() else { return }
        if pages.offer(program.request(), to: vcpu), program.chance(of: 14) { xen.fire(local) }
        if program.chance(of: 8) { process() }
    }

    private func boundSlot() -> (local: UInt32, pages: SharedPages, vcpu: Int)? {
        let ports = xen.localPorts
        guard !ports.isEmpty else { return nil }
        let local = program.pick(ports)
        guard let (pages, vcpu) = xen.place(of: local), let vcpu else { return nil }
        return (local, pages, vcpu)
    }

    private func noise() {
        guard !xen.servers.isEmpty else { return }
        let pages = program.pick(xen.servers)
        let offset = (Int(program.byte()) << 8 | Int(program.byte())) % SharedPages.byteCount
        pages.spoil((0..<1 + program.number(below: 40)).map { _ in program.byte() }, at: offset)
    }

    /// A whole request where it has no business to be: in a slot that is in use.
    private func spoil() {
        guard let (local, pages, vcpu) = boundSlot() else { return }
        var request = program.request()
        request.state = IOREQState(program.byte() & 3)
        request.port = EventPort(program.chance(of: 8) ? pages.port(of: vcpu) : program.raw32())
        pages.spoil(request.encodedBytes, at: SharedPages.slotStart(vcpu))
        if program.chance(of: 8) { xen.fire(local) }
    }

    private func fire() {
        let ports = xen.localPorts
        if ports.isEmpty || program.chance(of: 2) { return xen.fire(program.raw32()) }
        for _ in 0...program.number(below: 4) { xen.fire(program.pick(ports)) }
    }

    /// One look at the ports, whose work is bounded by what it found.
    private func process() {
        let before = (accepted: acceptedCount, steps: steps, handed: xen.handed)
        do throws(XenError) {
            try domain.process()
        } catch {
            // Told, as it should be.
        }
        guard steps == before.steps else { return }
        let handed = xen.handed - before.handed
        hold(acceptedCount - before.accepted <= handed * BufferedPage.slotCount, "a look's work is bounded")
    }

    private func post() {
        let ports = xen.localPorts.filter { xen.place(of: $0)?.vcpu == nil }
        guard !ports.isEmpty else { return }
        let local = program.pick(ports)
        guard let pages = xen.place(of: local)?.pages else { return }
        var write = pages.word(at: BufferedPage.writePointerOffset)
        var read = pages.word(at: BufferedPage.readPointerOffset)
        for _ in 0...program.number(below: 8) where write &- read <= UInt32(BufferedPage.slotCount - 2) {
            let entry = BufferedIOREQ(
                type: program.type(), isRead: program.chance(of: 1), sizeCode: program.byte(),
                address: UInt32(truncatingIfNeeded: program.address()) & 0xF_FFFF, data: program.raw32())
            for _ in 0..<entry.slotsUsed {
                let index = Int(write % UInt32(BufferedPage.slotCount))
                pages.write(entry.encodedBytes, at: BufferedPage.slotsOffset + index * BufferedPage.slotByteCount)
                write &+= 1
            }
        }
        let whole = min(read, write) / UInt32(BufferedPage.slotCount) * UInt32(BufferedPage.slotCount)
        if read >= UInt32(BufferedPage.slotCount), program.chance(of: 12) {
            read -= whole
            write -= whole
            pages.write32(read, at: BufferedPage.readPointerOffset)
        }
        pages.write32(write, at: BufferedPage.writePointerOffset)
        if program.chance(of: 14) { xen.fire(local) }
    }

    /// The ring's pointers jump: near each other, near the top, or anywhere.
    private func movePointers() {
        guard !xen.servers.isEmpty else { return }
        let pages = program.pick(xen.servers)
        let read = program.chance(of: 8) ? UInt32(program.byte()) &- 16 : program.raw32()
        let distance = program.pick([0, 1, 2, 510, 511, 512, 513, .max, 1 << 31] as [UInt32])
        pages.write32(read, at: BufferedPage.readPointerOffset)
        pages.write32(read &+ distance, at: BufferedPage.writePointerOffset)
        for local in xen.localPorts where xen.place(of: local)?.pages === pages && xen.place(of: local)?.vcpu == nil {
            xen.fire(local)
        }
    }

    private func answerKept() {
        guard !shelf.kept.isEmpty else { return }
        let kept = shelf.kept.remove(at: program.number(below: shelf.kept.count))
        kept.answer(program.raw64())
    }

    private func refuse() {
        let isRefused = program.chance(of: 12)
        xen.refusal = isRefused ? (program.number(below: 12), program.refusal(), program.chance(of: 2)) : nil
    }

    private func claim() {
        guard let box = box() else { return }
        let range = program.range()
        let device = device(range)
        use(box) {
            do throws(XenError) { try box.serving?.claim(range, for: device) } catch {}
        }
    }

    private func release() {
        guard let box = box() else { return }
        let range = program.range()
        use(box) {
            do throws(XenError) { try box.serving?.release(range) } catch {}
        }
    }

    private func box() -> ServerBox? { boxes.isEmpty ? nil : program.pick(boxes) }

    private func use(_ box: ServerBox, _ body: () -> Void) {
        box.users += 1
        body()
        box.users -= 1
    }

    private func switchState() {
        guard let box = box(), box.users == 0 else { return }
        do throws(XenError) {
            if let server = box.serving.take() {
                box.quiet = try server.disable()
            } else if let server = box.quiet.take() {
                box.serving = try server.enable()
            }
        } catch {
            boxes.removeAll { $0 === box }
        }
    }

    private func close() {
        guard let box = box(), box.users == 0 else { return }
        boxes.removeAll { $0 === box }
        do throws(XenError) {
            if let server = box.serving.take() { try server.close() }
            if let server = box.quiet.take() { try server.close() }
        } catch {
            // It is closed all the same.
        }
    }
}
