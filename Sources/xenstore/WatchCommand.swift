// `xenstore-watch`: a line for each event of some keys.
// Not for: what has changed.

internal import SystemCalls
internal import XenstoreClient
internal import XenstoreWire

/// Shows events.
struct WatchCommand {
    let settings: ToolSettings
    let console: Console

    /// Shows so many events, or all that come. The first one of each key comes at once.
    func run(_ paths: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        for path in paths {
            let text = ToolSession.text(path)
            do throws(XenstoreError) { try session.client.watch(text, token: text) } catch {
                throw ToolFailure("Unable to add watch on ", path, "\n")
            }
        }
        var left = settings.eventCount
        while left != 0 {
            do throws(XenstoreError) {
                let deadline = MonotonicTime.now.advanced(byMilliseconds: .max)
                guard let event = try session.client.nextEvent(until: deadline) else { continue }
                console.write(event.path + [0x0A])
                console.flush()
            } catch {
                throw ToolFailure("the server has gone: \(error.words)")
            }
            if left > 0 { left -= 1 }
        }
    }
}
