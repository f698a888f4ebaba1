// READ, WRITE and events, alone and beside what idles.
// Not for: large stores (Million.swift).

import XenstoreCore
import XenstoreWire

/// A request that is made again and again.
private func repeated(
    _ store: Store, _ count: Int, _ operation: XenstoreOperation, _ text: String, from id: ConnectionID? = nil,
    also others: [ConnectionID] = []
) -> (nanoseconds: Double, allocations: Double) {
    let payload = text.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 }
    let header = store.header(operation, payload)
    let id = id ?? store.socket
    func turns(_ count: Int) {
        for _ in 0..<count {
            store.ask(id, header, payload)
            for other in others { store.drain(other) }
        }
    }
    turns(100)
    return measure(count) { turns(count) }
}

private let node = "/local/domain/7/device/vbd/51712/state"

/// A few nodes such as a domain has.
private func prepared() -> Store {
    let store = Store()
    for domain in 1...20 {
        for name in ["vbd/51712", "vbd/51728", "vif/0"] {
            for leaf in ["state", "ring-ref", "event-channel", "backend", "protocol"] {
                store.ask(.write, "/local/domain/\(domain)/device/\(name)/\(leaf)|4")
            }
        }
    }
    return store
}

func measureRequests() {
    let store = prepared()
    let read = repeated(store, 200_000, .read, "\(node)|")
    report("read-ns", read.nanoseconds)
    report("read-allocations", read.allocations)
    let write = repeated(store, 200_000, .write, "\(node)|5")
    report("write-ns", write.nanoseconds)
    report("write-allocations", write.allocations)
    let watcher = store.core.openSocket()
    let watch = Array("/local/domain/7/device".utf8) + [0] + Array("token".utf8) + [0]
    store.ask(watcher, store.header(.watch, watch), watch)
    let told = repeated(store, 200_000, .write, "\(node)|5", also: [watcher])
    report("event-ns", told.nanoseconds - write.nanoseconds)
    report("event-allocations", told.allocations - write.allocations)
    store.introduce(7)
    store.ask(.setPermissions, "\(node)|n7|")
    let ring = store.core.ring(of: 7)
    let guest = repeated(store, 200_000, .read, "device/vbd/51712/state|", from: ring)
    report("guest-read-ns", guest.nanoseconds)
    report("guest-read-allocations", guest.allocations)
    let guestWrite = repeated(store, 200_000, .write, "device/vbd/51712/state|4", from: ring, also: [watcher])
    report("guest-write-ns", guestWrite.nanoseconds)
    report("guest-write-allocations", guestWrite.allocations)
}

/// A list of 900 names, as a guest has that is at its quota of nodes.
func measureListing() {
    let store = prepared()
    for number in 0..<900 { store.ask(.write, "/listed/\(number)|v") }
    report("directory-ns", repeated(store, 5000, .directory, "/listed|").nanoseconds)
    report("directory-part-ns", repeated(store, 5000, .directoryPart, "/listed|0|").nanoseconds)
}

/// Adding a watch and taking it away.
private func watchTime(_ store: Store) -> Double {
    let payload = Array("\(node)|t|".utf8).map { $0 == UInt8(ascii: "|") ? 0 : $0 }
    return measure(20000) {
        for _ in 0..<20000 {
            store.ask(store.socket, store.header(.watch, payload), payload)
            store.ask(store.socket, store.header(.unwatch, payload), payload)
        }
    }.nanoseconds
}

func measureIdle() {
    let store = prepared()
    let alone = (
        read: repeated(store, 100_000, .read, "\(node)|").nanoseconds,
        write: repeated(store, 100_000, .write, "\(node)|5").nanoseconds, watch: watchTime(store)
    )
    let watcher = store.core.openSocket()
    for number in 0..<30000 {
        let watch = Array("/idle/\(number % 300)/\(number)".utf8) + [0] + Array("t".utf8) + [0]
        store.ask(watcher, store.header(.watch, watch), watch)
    }
    report("idle-watches-write", repeated(store, 100_000, .write, "\(node)|5").nanoseconds / alone.write)
    report("idle-watches-watch", watchTime(store) / alone.watch)
    for domain in 100..<1100 { store.introduce(UInt16(domain)) }
    report("idle-domains-read", repeated(store, 100_000, .read, "\(node)|").nanoseconds / alone.read)
    report("idle-domains-write", repeated(store, 100_000, .write, "\(node)|5").nanoseconds / alone.write)
}

/// Nanoseconds of MKDIR among so many children; each one is removed again.
private func creationTime(_ store: Store, among count: Int) -> Double {
    let path = "/among\(count)"
    for number in 0..<count { store.ask(.makeDirectory, "\(path)/n\(number * 7919 % 100_000)|") }
    let makes = (0..<1000).map { Array("\(path)/m\($0 * 7919 % 100_000)".utf8) + [0] }
    var best = Double.infinity
    for _ in 0..<10 {
        let time = measure(10) {
            for make in makes.prefix(10) { store.ask(store.socket, store.header(.makeDirectory, make), make) }
        }
        best = min(best, time.nanoseconds)
        for make in makes.prefix(10) { store.ask(store.socket, store.header(.remove, make), make) }
        store.settle()
    }
    return best
}

func measureCreation() {
    let store = prepared()
    let few = creationTime(store, among: 10)
    let many = creationTime(store, among: 10000)
    report("create-10-ns", few)
    report("create-10000-ns", many)
    report("create-growth", many / few)
}
