// The control of a sandbox from another process: domains, guests' programs, what is going on. Each call waits.
// Not for: device models.

public import SandboxWire
internal import SystemCalls
public import XenABI
internal import XenPlatform

/// A connection for the control of a sandbox.
public final class SandboxControl {
    private let connection: SandboxConnection
    /// The sandbox's process.
    public let processID: Int32
    /// The Xen that it models: `4.17`.
    public let release: String

    /// Connects to the sandbox at a path.
    public convenience init(path: String) throws(SandboxError) {
        try self.init(path: path, answerMilliseconds: WireLimits.answerMilliseconds)
    }

    /// With a time of its own after which the sandbox is given up.
    init(path: String, answerMilliseconds: Int32) throws(SandboxError) {
        connection = try SandboxConnection.open(path: path, answerMilliseconds: answerMilliseconds)
        let welcome = try connection.greet(Hello(opensNodes: false))
        processID = Int32(truncatingIfNeeded: welcome.processID)
        release = welcome.release
    }

    /// What is going on, as lines of text.
    public func status() throws(SandboxError) -> String { try text(.status, NoBody()) }

    /// Asks the sandbox to end, and waits until it has let go of its socket: nobody finds it there afterwards.
    public func stop() throws(SandboxError) {
        _ = try text(.stop, NoBody())
        connection.waitForEnd()
        if connection.isSilent { throw .silent(path: connection.path) }
    }

    /// Makes a domain; answers its id.
    public func createDomain(_ request: DomainRequest) throws(SandboxError) -> DomainID {
        let answer: NumberAnswer = try ask(.createDomain, request)
        return DomainID(UInt16(truncatingIfNeeded: answer.number))
    }

    /// The domains that there are but dom0, by id.
    public func listDomains() throws(SandboxError) -> [DomainList.Entry] {
        let list: DomainList = try ask(.listDomains, NoBody())
        return list.entries
    }

    /// Destroys a domain.
    public func destroyDomain(_ domain: DomainID) throws(SandboxError) {
        _ = try text(.destroyDomain, DomainArgument(domain))
    }

    /// Runs a guest's program in a domain until it is over; answers its trace, as lines of text.
    public func runScript(_ script: String, in domain: DomainID) throws(SandboxError) -> String {
        try text(.runScript, TextRequest(domain, script))
    }

    /// Says what an access of a domain's would do, and why, as lines of text.
    public func explain(_ access: String, in domain: DomainID) throws(SandboxError) -> String {
        try text(.explain, TextRequest(domain, access))
    }

    /// What a domain has done so far, as lines of text.
    public func trace(of domain: DomainID) throws(SandboxError) -> String {
        try text(.trace, DomainArgument(domain))
    }

    private func ask<Body: WireBody>(_ kind: WireKind, _ body: some WireBody) throws(SandboxError) -> Body {
        let answer = try connection.talk { () throws(XenError) in try connection.ask(kind, body) }
        if !answer.result.isSuccess { throw try connection.refusal(answer) }
        return try connection.talk { () throws(XenError) in try connection.read(answer.body) }
    }

    /// A text that comes in parts.
    private func text(_ kind: WireKind, _ body: some WireBody) throws(SandboxError) -> String {
        var bytes: [UInt8] = []
        try connection.talk { () throws(XenError) in try connection.tell(kind, body) }
        let hasNoEnd = kind == .runScript
        var answer = try connection.talk { () throws(XenError) in
            try connection.nextAnswer(kind, hasNoEnd: hasNoEnd)
        }
        while true {
            if !answer.result.isSuccess { throw try connection.refusal(answer) }
            let part: TextAnswer = try connection.talk { () throws(XenError) in try connection.read(answer.body) }
            bytes.append(contentsOf: part.text.utf8)
            if !answer.hasMore { return String(decoding: bytes, as: UTF8.self) }
            answer = try connection.talk { () throws(XenError) in try connection.nextAnswer(kind) }
        }
    }
}
