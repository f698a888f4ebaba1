// A thread of the C library's, a lock with a condition, and a number of each thread's own.
// Not for: device models and daemons, which have one thread and a loop; the sandbox runs guests' vCPUs on these.

internal import CSystem
public import SystemCalls

/// A thread that runs one closure to its end.
public final class PlainThread {
    private let handle: pthread_t
    private var isJoined = false

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts the thread. Throws EAGAIN when the system has no more.
    public init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        var made = pthread_t()
        // SAFETY: the new thread takes over the one reference that is handed to it, below.
        let body = unsafe Unmanaged.passRetained(Body(run))
        let code = unsafe pthread_create(
            &made, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            throw SystemError(code, "pthread_create")
        }
        handle = made
    }

    deinit { if !isJoined { pthread_detach(handle) } }

    /// Waits until the thread has ended.
    public func join() {
        guard !isJoined else { return }
        isJoined = true
        // A thread of ours that nobody else joins; its result is not asked for.
        let code = pthread_join(handle, nil)
        precondition(code == 0, "a thread of ours could not be joined")
    }
}

/// A lock that threads can wait in until something has changed.
@safe
public final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// An open lock.
    public init() {
        // SAFETY: memory of ours that both live in until deinit; they are never copied.
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        let codes = unsafe (pthread_mutex_init(mutex, nil), pthread_cond_init(condition, nil))
        precondition(codes == (0, 0), "a lock could not be made")
    }

    deinit {
        // SAFETY: nobody refers to this object any more, so nobody holds the lock or waits.
        _ = unsafe (pthread_cond_destroy(condition), pthread_mutex_destroy(mutex))
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Takes the lock; waits while another thread has it.
    public func lock() {
        // SAFETY: initialised above. A thread that takes it twice is a bug of ours.
        let code = unsafe pthread_mutex_lock(mutex)
        precondition(code == 0, "the lock is broken")
    }

    /// Gives the lock back.
    public func unlock() {
        // SAFETY: as above.
        let code = unsafe pthread_mutex_unlock(mutex)
        precondition(code == 0, "the lock is broken")
    }

    /// Gives the lock back, sleeps until `wakeAll`, and takes it again. It may come back without cause.
    public func wait() {
        // SAFETY: as above; the caller holds the lock.
        let code = unsafe pthread_cond_wait(condition, mutex)
        precondition(code == 0, "the lock is broken")
    }

    /// Wakes all that wait.
    public func wakeAll() {
        // SAFETY: as above.
        let code = unsafe pthread_cond_broadcast(condition)
        precondition(code == 0, "the condition is broken")
    }

    /// Runs `body` with the lock.
    public func locked<Answer: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        lock()
        defer { unlock() }
        return try body()
    }
}

/// A number that each thread has for itself; 0 at first.
public struct ThreadNumber: Sendable {
    private let key: pthread_key_t

    /// A number for all threads. Traps beyond the C library's limit of 1024.
    public init() {
        var made = pthread_key_t()
        // SAFETY: the call writes our number.
        let code = unsafe pthread_key_create(&made, nil)
        precondition(code == 0, "no more numbers for threads")
        key = made
    }

    /// The calling thread's.
    public var value: UInt {
        // SAFETY: only numbers are stored; none is read through.
        get { UInt(bitPattern: unsafe pthread_getspecific(key)) }
        nonmutating set {
            let code = unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue))
            precondition(code == 0, "no memory for a thread's number")
        }
    }
}

/// Lets another thread have the processor.
public func yieldProcessor() { _ = sched_yield() }

/// Sleeps for as long as the process lives: for a thread that has nothing more to do and nobody to tell.
public func sleepForever() -> Never {
    while true { _ = pause() }
}
