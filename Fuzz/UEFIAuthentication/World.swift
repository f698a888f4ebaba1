// The certificates of the fuzz target, and a naive judge: which signatures are right, which chains lead where.

import UEFIVariables

@testable import UEFIAuthentication

/// One certificate, and what is true of it by construction.
struct Node {
    var sketch: CertificateSketch
    /// Its issuer's place in the list; its own for a self-signed one.
    var parent: Int
    var isAuthority = true
    /// May issue only as the trusted certificate.
    var onlyTrusted = false
    var isAcceptable = true
    var pathLength: Int?
    var der: [UInt8] = []
    /// Signatures with its key: of the content, of its attributes, of something else.
    var signatures: [[UInt8]] = []

    var key: RSASigningKey { sketch.key }
    var issuer: [UInt8] { sketch.issuer ?? sketch.subject }
    var serial: [UInt8] { sketch.serial }
}

final class World: Sendable {
    static let shared = World()
    static let attributes = [SignedDataSketch.messageDigest(content)]
    let nodes: [Node]

    private init() {
        var nodes: [Node] = []
        func add(
            _ name: String, _ key: RSASigningKey, under parent: Int? = nil, _ change: (inout Node) -> Void = { _ in }
        ) {
            var sketch = CertificateSketch.authority(name, key)
            if let parent { sketch = sketch.issued(by: nodes[parent].sketch) }
            sketch.serial = [UInt8(nodes.count + 1)]
            var node = Node(sketch: sketch, parent: parent ?? nodes.count)
            change(&node)
            do {
                node.der = try node.sketch.der
                node.signatures = [
                    try key.signature(over: content),
                    try key.signature(over: [DERBytes.value(0x31, joining: World.attributes)]),
                    try key.signature(over: [[9]]),
                ]
            } catch {
                fatalError("no certificate: \(error)")
            }
            nodes.append(node)
        }
        let leaf = { (node: inout Node) in
            node.sketch.extensions = []
            node.isAuthority = false
        }
        let (authority, other) = (FuzzKeys.authority, FuzzKeys.leaf)
        add("authority", authority)  // 0
        add("middle", authority, under: 0)
        add("leaf", other, under: 0, leaf)
        add("leaf below", other, under: 1, leaf)
        add("stranger", other)  // 4
        add("usage alone", authority, under: 0) {
            $0.sketch.extensions = [CertificateSketch.keyUsage(0x04)]
            $0.onlyTrusted = true
        }
        add("leaf of usage", other, under: 5, leaf)
        add("critical", authority, under: 0) {
            $0.sketch.extensions.append(CertificateSketch.certificateExtension(99, critical: true, DERBytes.null))
            $0.isAcceptable = false
        }
        add("leaf of critical", other, under: 7, leaf)  // 8
        add("short", authority, under: 1) {
            $0.sketch.extensions[0] = CertificateSketch.basicConstraints(true, pathLength: 0)
            $0.pathLength = 0
        }
        add("leaf of short", other, under: 9, leaf)
        add("too much", other, under: 9)
        add("leaf of too much", authority, under: 11, leaf)  // 12
        add("expired", other, under: 0) {
            leaf(&$0)
            $0.sketch.validity = ("000101000000Z", "010101000000Z")
        }
        for number in 14..<22 { add("deep \(number)", authority, under: number == 14 ? 0 : number - 1) }
        self.nodes = nodes
    }

    /// A certificate and all above it.
    func ancestry(of start: Int) -> [Int] {
        var path = [start]
        while let last = path.last, nodes[last].parent != last { path.append(nodes[last].parent) }
        return path
    }

    /// Whether a chain leads from one certificate to another by way of embedded ones. There is only one way up.
    func leads(_ start: Int, to trusted: Int, embedded: Set<Int>) -> Bool {
        var path = [start]
        while let last = path.last, last != trusted {
            let parent = nodes[last].parent
            guard parent != last, parent == trusted || embedded.contains(parent) else { return false }
            path.append(parent)
        }
        guard path.count <= 8, path.allSatisfy({ nodes[$0].isAcceptable }) else { return false }
        for (place, index) in path.enumerated().dropFirst() {
            let node = nodes[index]
            guard node.isAuthority, !node.onlyTrusted || index == trusted else { return false }
            if let most = node.pathLength, place - 1 > most { return false }
        }
        return true
    }
}

/// SignedData of these certificates, whom it is shown to, and whether that is right.
struct SignedCase {
    var sketch = SignedDataSketch()
    var rule: AuthenticationRule
    var isRight: Bool

    init(_ program: inout Program) {
        let world = World.shared
        let signers = (0..<program.pick([1, 1, 1, 1, 2, 2, 3, 0, 4, 5])).map { _ in
            program.number(below: world.nodes.count)
        }
        var embedded: [Int] = []
        for signer in signers {
            for index in world.ancestry(of: signer) where !embedded.contains(index) && !program.chance(1) {
                embedded.append(index)
            }
        }
        for _ in 0..<program.pick([0, 0, 0, 1, 2, 3, 14]) { embedded.append(program.number(below: world.nodes.count)) }
        if program.chance(8) { embedded.reverse() }
        isRight = embedded.count <= 16 && (1...4).contains(signers.count)
        sketch.certificates = embedded.map { world.nodes[$0].der }
        sketch.isWrapped = program.chance(8)
        if program.chance(4) { sketch.embedded = program.some(4) }
        for index in signers {
            let kind = program.byte()
            let node = world.nodes[index]
            var signer = SignedDataSketch.Signer(key: node.key, certificate: node.der)
            signer.signature = node.signatures[kind & 0x1F == 2 ? 2 : kind & 1 == 0 ? 0 : 1]
            if kind & 1 == 1 { signer.attributes = World.attributes }
            if kind & 0x1F == 4 { signer.signature = world.nodes[(index + 1) % world.nodes.count].signatures[2] }
            if kind & 0x1F == 2 || kind & 0x1F == 4 { isRight = false }
            if embedded.count(where: { $0 == index }) != 1 { isRight = false }
            sketch.signers.append(signer)
        }
        rule = .wellFormed
        chooseRule(&program, world, Set(embedded), signers)
    }

    private mutating func chooseRule(_ program: inout Program, _ world: World, _ embedded: Set<Int>, _ signers: [Int]) {
        func all(_ trusted: Int) -> Bool { signers.allSatisfy { world.leads($0, to: trusted, embedded: embedded) } }
        func some() -> Int {
            guard !program.chance(4), !signers.isEmpty else { return program.number(below: world.nodes.count) }
            return program.pick(world.ancestry(of: program.pick(signers)))
        }
        let exact = program.chance(8) ? some() : nil
        let anchors = (0..<program.number(below: 5)).map { _ in some() }
        if program.chance(4), let last = signers.last {
            rule = .selfAnchored(bound: nil)
            isRight = isRight && all(last)
        } else {
            rule = .trusted(exact: exact.map { world.nodes[$0].der }, anchors: anchors.map { world.nodes[$0].der })
            let byExact = exact.map { signers.last == $0 && all($0) } ?? false
            isRight = isRight && (byExact || anchors.contains(where: all))
        }
    }
}
