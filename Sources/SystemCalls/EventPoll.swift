// epoll: waiting for many descriptors, level-triggered unless asked otherwise.
// Not for: callbacks and timers (see EventLoop).

internal import CSystem

/// What a descriptor is waited for, or has. An error or a hang-up is reported as both, whatever was asked for.
public struct Readiness: OptionSet, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bytes, an event, or the end can be read.
    public static let readable = Readiness(rawValue: 1)
    /// Bytes can be written.
    public static let writable = Readiness(rawValue: 2)
    /// Asked for, never answered: tell of each change once, not for as long as it lasts. Who asks for it takes all that
    /// is there when told.
    public static let edge = Readiness(rawValue: 4)

    var events: UInt32 {
        (contains(.readable) ? corbel_epoll_in : 0) | (contains(.writable) ? corbel_epoll_out : 0)
            | (contains(.edge) ? corbel_epoll_edge : 0)
    }

    init(events: UInt32) {
        let broken = events & ~(corbel_epoll_in | corbel_epoll_out) != 0
        self = []
        if broken || events & corbel_epoll_in != 0 { insert(.readable) }
        if broken || events & corbel_epoll_out != 0 { insert(.writable) }
    }
}

/// An epoll instance. Each descriptor has a token, a number of the caller's that comes back with its events.
@safe
public struct EventPoll: ~Copyable {
    /// Events that one wait can answer; more come with the next.
    public static var batchCountMax: Int { 64 }

    private let descriptor: OwnedDescriptor
    /// Memory of its own, so that waiting changes nothing that Swift would check for overlapping changes.
    private let batch: UnsafeMutableBufferPointer<epoll_event>

    /// An epoll instance that watches nothing yet.
    public init() throws(SystemError) {
        self.init(owning: OwnedDescriptor(owning: try once("epoll_create1") { corbel_epoll_create() }))
    }

    /// An epoll instance that another process has made. What is added to it here, both may be told of.
    public init(owning descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
        // SAFETY: freed by deinit, the only other one who has it. All zero is a good epoll_event.
        unsafe batch = .allocate(capacity: Self.batchCountMax)
        unsafe batch.initialize(repeating: epoll_event())
    }

    deinit { unsafe batch.deallocate() }

    /// The instance's own descriptor, readable while something is ready: for waiting for it in turn.
    public var number: Int32 { descriptor.rawValue }

    /// Starts waiting for `target`. Throws EEXIST when it is waited for already, EPERM for a regular file.
    public func add(_ target: Int32, _ interest: Readiness, token: UInt64) throws(SystemError) {
        try change(EPOLL_CTL_ADD, target, interest, token)
    }

    /// Changes what `target` is waited for, and its token. Throws ENOENT when it is not waited for.
    public func modify(_ target: Int32, _ interest: Readiness, token: UInt64) throws(SystemError) {
        try change(EPOLL_CTL_MOD, target, interest, token)
    }

    /// Stops waiting for `target`. Throws ENOENT when it is not waited for.
    public func remove(_ target: Int32) throws(SystemError) {
        try change(EPOLL_CTL_DEL, target, [], 0)
    }

    /// Sleeps until something is ready or `milliseconds` have passed (nil: for ever). Answers the number of events; 0
    /// also when a signal came.
    public func wait(milliseconds: Int32?) throws(SystemError) -> Int {
        try waitOnce(milliseconds: milliseconds) ?? 0
    }

    /// As `wait`, but nil when a signal came.
    public func waitOnce(milliseconds: Int32?) throws(SystemError) -> Int? {
        // SAFETY: the kernel writes at most as many events as the batch has room for.
        let count = unsafe epoll_wait(
            descriptor.rawValue, batch.baseAddress, Int32(Self.batchCountMax), milliseconds ?? -1)
        if count >= 0 { return Int(count) }
        let code = corbel_errno()
        if code == EINTR { return nil }
        throw SystemError(code, "epoll_wait")
    }

    /// An event of the last wait, from 0 on.
    public func event(at index: Int) -> (token: UInt64, readiness: Readiness) {
        precondition(index >= 0 && index < Self.batchCountMax, "an event that no wait can have answered")
        // SAFETY: in bounds, checked above; the union is always used as its 64-bit member.
        return unsafe (batch[index].data.u64, Readiness(events: batch[index].events))
    }

    private func change(
        _ operation: Int32, _ target: Int32, _ interest: Readiness, _ token: UInt64
    ) throws(SystemError) {
        // SAFETY: the union is always used as its 64-bit member.
        var event = unsafe epoll_event()
        unsafe event.events = interest.events
        unsafe event.data.u64 = token
        // SAFETY: the call reads our structure. EBADF, a descriptor that is closed, is a bug of the caller's and traps.
        _ = try plain("epoll_ctl") { unsafe epoll_ctl(descriptor.rawValue, operation, target, &event) }
    }
}
