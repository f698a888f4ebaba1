// Which requests come: every operation, mostly right, some of them wrong.
// Not for: garbage in place of frames (Fuzz/XenstoreCore has that).

internal import XenstoreCore
internal import XenstoreWire

/// Paths, values and arguments to choose from.
struct SoakWords {
    var paths: [[UInt8]] = []
    var values: [[UInt8]] = []
    let tokens = ["a", "b", "c"].map { Array($0.utf8) + [0] } + [Array(repeating: 116, count: 900) + [0]]
    let quotas: [String] = [
        "nodes|60", "nodes|1000", "watches|4", "watches|128", "transactions|2", "transactions|10", "memory|20000",
        "memory|2621440", "transaction-nodes|6", "transaction-nodes|1024", "node-permissions|2", "node-permissions|5",
        "path-max|100", "path-max|2048", "node-size|100", "node-size|2048", "watch-events|8", "watch-events|1024",
        "outstanding|3", "outstanding|20", "soft-memory|1000", "bogus|1", "nodes|x", "nodes|0",
    ]

    init(_ chance: inout Chance) {
        let names = ["a", "b", "c", "device", "a-much-longer-name-that-is-not-kept-in-place"]
        func deep(_ chance: inout Chance, _ top: String) -> [UInt8] {
            var path = top
            for _ in 0...chance.below(4) { path += "/" + chance.pick(names) }
            return Array(path.utf8) + [0]
        }
        for _ in 0..<200 { paths.append(deep(&chance, "/shared")) }
        for _ in 0..<100 { paths.append(deep(&chance, "data")) }
        for _ in 0..<50 {
            paths.append(deep(&chance, "/local/domain/\(1 + chance.below(Int(Soak.guestCount)))/data"))
        }
        for _ in 0..<20 { paths.append(deep(&chance, "/top")) }
        for text in [
            "/", "", "//", "/a/", "/a b", "@releaseDomain", "@introduceDomain", "@foo", "/shared", "data", "/tool",
            "/local", "/local/domain", "/local/domain/", "/local/domain/1", "@releaseDomain/3",
            "/shared/" + String(repeating: "x", count: 2030), "/shared/" + String(repeating: "y", count: 3100),
            "/shared" + String(repeating: "/d", count: 900),
        ] { paths.append(Array(text.utf8) + [0]) }
        for count in [0, 0, 1, 1, 2, 5, 20, 23, 24, 60, 500, 1900, 2024, 2025, 3000] {
            values.append((0..<count).map { UInt8(truncatingIfNeeded: $0) })
        }
    }
}

extension Soak {
    /// Something random of a client.
    func request(_ client: SoakClient) {
        let isInside = !client.transactions.isEmpty && !chance.oneIn(4)
        let transaction = chance.oneIn(512) ? 77777 : isInside ? chance.pick(client.transactions) : 0
        switch chance.below(64) {
        case 0..<14: send(client, .read, chance.pick(words.paths), in: transaction)
        case 14..<30: send(client, .write, chance.pick(words.paths) + chance.pick(words.values), in: transaction)
        case 30, 31: send(client, .makeDirectory, chance.pick(words.paths), in: transaction)
        case 32..<36: send(client, .remove, chance.pick(words.paths), in: transaction)
        case 36..<39: send(client, .directory, chance.pick(words.paths), in: transaction)
        case 39: send(client, .directoryPart, chance.pick(words.paths) + number(chance.below(40)), in: transaction)
        case 40: send(client, .getPermissions, chance.pick(words.paths), in: transaction)
        case 41, 42: setPermissions(client, transaction)
        case 43..<46: watch(client)
        case 46, 47: send(client, .unwatch, chance.pick(words.paths) + chance.pick(words.tokens))
        case 48..<52: start(client)
        case 52..<58: end(client)
        case 58: if chance.oneIn(32) { send(client, .resetWatches, [0], in: transaction) }
        case 59: settings(client, transaction)
        case 60: wide(client)
        case 61: conflict(client)
        case 62: malformed(client, transaction)
        default: send(client, .getFeature, chance.oneIn(2) ? [] : domainArgument())
        }
    }

    func number(_ value: Int) -> [UInt8] { Array("\(value)".utf8) + [0] }

    func domainArgument() -> [UInt8] { number(chance.below(Int(Self.guestCount) + 3)) }

    private func setPermissions(_ client: SoakClient, _ transaction: UInt32) {
        var payload = chance.pick(words.paths)
        let owner = chance.oneIn(3) ? chance.below(10) : Int(client.domain ?? 0)
        payload += Array("\(chance.pick(["n", "r", "w", "b"]))\(owner)\0".utf8)
        for _ in 0..<chance.below(4) {
            payload += Array("\(chance.pick(["n", "r", "b", "x"]))\(chance.pick([0, 1, 2, 3, 7, 12, 32757]))\0".utf8)
        }
        send(client, .setPermissions, payload, in: transaction)
    }

    private func watch(_ client: SoakClient) {
        var payload = chance.pick(words.paths) + chance.pick(words.tokens)
        if chance.oneIn(3) { payload += number(chance.below(4)) }
        send(client, .watch, payload)
    }

    private func start(_ client: SoakClient) {
        if client.transactions.count < 4 || client.domain != nil { send(client, .transactionStart, [0]) }
    }

    private func end(_ client: SoakClient) {
        guard let transaction = client.transactions.first else { return }
        let word = chance.oneIn(64) ? "X\0" : chance.oneIn(4) ? "F\0" : "T\0"
        send(client, .transactionEnd, Array(word.utf8), in: transaction)
    }

    /// A transaction that another client's write comes between.
    private func conflict(_ client: SoakClient) {
        if client.transactions.isEmpty { return start(client) }
        guard let transaction = client.transactions.last else { return }
        let path = chance.pick(words.paths)
        send(client, .read, path, in: transaction)
        send(chance.pick(clients), .write, path + chance.pick(words.values))
        send(client, .write, path + chance.pick(words.values), in: transaction)
        send(client, .transactionEnd, [84, 0], in: transaction)
    }

    /// A node of many children, made and removed.
    private func wide(_ client: SoakClient) {
        if !chance.oneIn(8) { return }
        let top = Array("/shared/wide/".utf8)
        for _ in 0..<30 { send(client, .write, top + number(chance.below(500)) + [118]) }
        if chance.oneIn(4) { send(client, .remove, Array("/shared/wide\0".utf8)) }
    }

    private func settings(_ client: SoakClient, _ transaction: UInt32) {
        let quota = Array(chance.pick(words.quotas).utf8).map { $0 == 124 ? 0 : $0 } + [0]
        switch chance.below(10) {
        case 0: send(client, .setQuota, domainArgument() + quota)
        case 1: send(client, .getQuota, chance.oneIn(2) ? [] : domainArgument() + quota.prefix { $0 != 0 } + [0])
        case 2: send(client, .setFeature, domainArgument() + number(chance.below(18)))
        case 3: send(client, .setTarget, domainArgument() + domainArgument())
        case 4: send(client, .isDomainIntroduced, domainArgument())
        case 5: send(client, .getDomainPath, domainArgument())
        case 6: send(client, .resume, domainArgument())
        case 7: send(client, .control, Array("print\0x\0".utf8))
        case 8: send(client, .control, [120])
        default: send(client, .introduce, domainArgument() + number(1) + number(1 + chance.below(40)))
        }
    }

    /// Unknown operations, and payloads of any bytes.
    private func malformed(_ client: SoakClient, _ transaction: UInt32) {
        let operation = XenstoreOperation(rawValue: UInt32(chance.below(30)))
        // A release or an introduction at random would leave few domains.
        if operation == .release || operation == .setQuota { return }
        var payload: [UInt8] = []
        for _ in 0..<chance.below(30) { payload.append(chance.oneIn(4) ? 0 : UInt8(chance.below(256))) }
        send(client, operation, payload, in: transaction)
    }
}
