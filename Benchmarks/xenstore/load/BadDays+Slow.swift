// Clients that don't read: a watcher, and one that asks all the time (xenstored.md 4.6, 10).
// Not for: connections by the thousand.

internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

extension BadDays {
    private static var distinctCount: Int { 200_000 }
    /// 65536 events of some 14 bytes, with what keeps them; 16 MiB of bytes would be the most.
    private static var watcherKiBMax: Int { 40 * 1024 }

    /// A watcher never reads while another client writes, and removes, ever other paths.
    func slowWatcher() throws {
        try good.write("/slow", "")
        let quiet = try writes("/slow/quiet", Self.distinctCount / 10)
        let watcher = try connect()
        watcher.request(.watch, payload("/slow", "t\0"))
        watcher.flush()
        _ = try until { eventCount == 1 }
        watcher.read(false)
        let before = server.residentKiB
        let slow = try writes("/slow/distinct", Self.distinctCount)
        let grown = server.residentKiB - before
        rows.check(
            slow.operations == Self.distinctCount && slow.failures == 0,
            "112: a watcher never reads: \(Self.distinctCount) changes of other paths are made, none refused",
            "\(slow.operations) made, \(slow.failures) refused")
        rows.check(grown <= Self.watcherKiBMax, "the server's memory is bounded", "\(grown) KiB more")
        let rateAfter = try writes("/slow/distinct", Self.distinctCount / 10)
        (eventCount, lastEventPath) = (0, [])
        watcher.read(true)
        let isFolded = try until {
            lastEventPath == Array("/slow".utf8) || lastEventPath == Array("/slow/distinct".utf8)
        }
        rows.check(
            isFolded && eventCount <= 65537 + 8192,
            "when it reads at last it gets no more than its limit, and then what they were folded into",
            "\(eventCount) events, the last \(String(decoding: lastEventPath, as: UTF8.self)); "
                + "\(Int(rateAfter.rate)) changes/s while folded")
        watcher.close()
        // Before and behind: a long run has more of what else the machine does than a short one.
        let later = try writes("/slow/quiet", Self.distinctCount / 4)
        let quietP99 = max(quiet.percentile(0.99), later.percentile(0.99))
        rows.check(
            isAsGood(Int(slow.percentile(0.99)), as: Int(quietP99)), "none of the changes was delayed by the watcher",
            "p50 \(slow.percentile(0.5)) us, p99 \(slow.percentile(0.99)) us; without the watcher "
                + "\(quiet.percentile(0.5)) and \(quiet.percentile(0.99)) us before, "
                + "\(later.percentile(0.5)) and \(later.percentile(0.99)) us afterwards")
        try good.rm("/slow")
    }

    private func writes(_ parent: String, _ count: Int) throws -> Tally {
        let run = try LoadRun(path, server)
        try run.connect(1)
        return try run.measure(WriteAndRemove(below: parent), seconds: 60, operations: count)
    }

    /// A client asks for 2000 bytes again and again, and reads no reply.
    func muteWriter() throws {
        try good.write("/mute", [UInt8](repeating: 120, count: 2000))
        let quiet = try readP99()
        let before = server.residentKiB
        let mute = try connect()
        mute.read(false)
        var asked = 0
        // As much as server and kernel take, until neither takes more.
        var stuckSince = MonotonicTime.now
        var leastUnsent = Int.max
        while MonotonicTime.now < stuckSince.advanced(byMilliseconds: 200), asked < 1_000_000 {
            if mute.unsentByteCount < 4096 {
                for _ in 0..<1000 { mute.request(.read, payload("/mute")) }
                asked += 1000
                leastUnsent = .max
            }
            mute.flush()
            if mute.unsentByteCount < leastUnsent {
                leastUnsent = mute.unsentByteCount
                stuckSince = MonotonicTime.now
            }
            _ = try good.readIfPresent("/good")
        }
        let grown = server.residentKiB - before
        rows.check(
            mute.unsentByteCount > 0 && grown <= 4096,
            "a client that reads no replies is not read any more when 256 KiB of them wait",
            "\(asked) requests made, the server has \(grown) KiB more")
        let late = try readP99()
        rows.check(isAsGood(late, as: quiet), "others are served as before", "p99 \(late) us, before \(quiet) us")
        mute.read(true)
        let all = try until { replyCount == asked }
        rows.check(all, "when it reads it gets every reply", "\(replyCount) of \(asked)")
        mute.close()
        try good.rm("/mute")
    }
}
