// A synchronous client of a Xenstore server: each call makes one request and waits for its reply.
// Not for: serving (XenstoreServer); a second thread, each of which has a client of its own.

public import SystemCalls
public import XenstoreWire

/// A connection to the host's Xenstore.
///
/// Each call returns by its deadline (`timeoutMilliseconds`, on the clock that never goes back), whatever the server
/// does; by the kernel's device this is as true as its driver's write does not wait. Paths are absolute, or relative to
/// the home of the connection's domain. Sending and waiting need no other system calls than read, write, sendto,
/// epoll_wait, epoll_ctl and clock_gettime, so that a confined daemon may go on.
public final class XenstoreClient {
    /// How long a call waits, in milliseconds.
    public var timeoutMilliseconds: Int32
    let connection: XenstoreConnection

    init(_ connection: XenstoreConnection, timeoutMilliseconds: Int32) {
        self.connection = connection
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Connects to the host's Xenstore, wherever `XenstorePlace.candidates` finds one first. Throws what the most
    /// telling of them answers: `transport` with ENOENT when there is none.
    public static func connect(timeoutMilliseconds: Int32 = 5000) throws(XenstoreError) -> XenstoreClient {
        try connect(
            toFirstOf: XenstorePlace.candidates(variable: environmentVariable),
            timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Connects to the Xenstore at a path: a socket, or a device of the kernel's.
    public static func connect(to path: String, timeoutMilliseconds: Int32 = 5000) throws(XenstoreError)
        -> XenstoreClient
    {
        let deadline = MonotonicTime.now.advanced(byMilliseconds: timeoutMilliseconds)
        return XenstoreClient(
            try XenstorePlace.open(path, deadline: deadline), timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Connects to the first of these that answers. Throws what the most telling of them answers: `transport` with
    /// ENOENT when there is none.
    public static func connect(toFirstOf paths: [String], timeoutMilliseconds: Int32 = 5000)
        throws(XenstoreError) -> XenstoreClient
    {
        let noEntry = XenstoreError.transport(SystemError(SystemErrorCode.noEntry, "connect"))
        var reason = noEntry
        for path in paths {
            do throws(XenstoreError) {
                return try connect(to: path, timeoutMilliseconds: timeoutMilliseconds)
            } catch {
                if reason == noEntry { reason = error }
            }
        }
        throw reason
    }

    /// A client on a connection that is there already.
    public convenience init(owning socket: consuming StreamSocket, timeoutMilliseconds: Int32 = 5000)
        throws(XenstoreError)
    {
        do throws(SystemError) {
            self.init(try XenstoreConnection(socket: socket), timeoutMilliseconds: timeoutMilliseconds)
        } catch {
            throw .transport(error)
        }
    }

    /// The descriptor, for loops: when it is readable, take events until there is none. Events that came while a call
    /// waited for its reply are kept, and don't make it readable: `hasEvents` tells of them.
    public var descriptor: Int32 { connection.descriptor.rawValue }

    /// All descriptors that the client needs: for a daemon that closes every other one when it confines itself.
    public var descriptors: [Int32] { connection.descriptors }

    /// Makes any request, and answers the payload of its reply. For operations that have no method of their own.
    public func request(
        _ operation: XenstoreOperation, in transaction: XenstoreTransaction? = nil,
        _ body: (inout XenstoreWriter) -> Void
    ) throws(XenstoreError) -> [UInt8] {
        try request(operation, in: transaction, deadline: deadline, body)
    }

    /// The moment by which a call that begins now is over.
    var deadline: MonotonicTime { MonotonicTime.now.advanced(byMilliseconds: timeoutMilliseconds) }

    func request(
        _ operation: XenstoreOperation, in transaction: XenstoreTransaction?, deadline: MonotonicTime,
        _ body: (inout XenstoreWriter) -> Void
    ) throws(XenstoreError) -> [UInt8] {
        try connection.exchange(operation, transaction: transaction?.id ?? 0, deadline: deadline, body)
    }

    /// A request whose arguments are texts, each with its NUL.
    func request(
        _ operation: XenstoreOperation, in transaction: XenstoreTransaction? = nil, deadline: MonotonicTime? = nil,
        strings: String...
    ) throws(XenstoreError) -> [UInt8] {
        for text in strings { try Self.check(text) }
        return try request(operation, in: transaction, deadline: deadline ?? self.deadline) { writer in
            for text in strings { writer.putString(text) }
        }
    }

    static func check(_ text: String) throws(XenstoreError) {
        if text.utf8.contains(0) { throw .argument(.containsNUL) }
    }

    /// What a server says that is no reply to the operation ends the connection.
    func badReply(_ operation: XenstoreOperation) -> XenstoreError {
        connection.fail(.protocolFault(.badReply(operation)))
    }
}
