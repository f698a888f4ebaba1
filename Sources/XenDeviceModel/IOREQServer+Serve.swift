// The loop of a program that does nothing but serve.
// Not for: programs with a loop of their own (they poll `descriptor` and call `process()`).

public import XenABI
public import XenPlatform

/// Why a server stopped serving.
public enum ServeEnd: Equatable, Sendable {
    /// The program was asked to stop.
    case stopped
    /// The domain is gone, or is being torn down.
    case domainGone
}

extension IOREQServer where State == ServerState.Serving {
    /// While nothing comes in, the domain's life is asked for this often, in milliseconds: no event tells of its end.
    public static var livenessInterval: Int32 { 250 }

    /// Serves every server of the domain until `stop` is readable or the domain goes away. Throws what `process()`
    /// throws.
    @discardableResult
    public func serve(until stop: any StopSource) throws(XenError) -> ServeEnd {
        // Looked up once: what a program goes through for each request is this loop.
        let domain = domain
        let events = domain.platform.events
        let dispatcher = domain.platform.dispatcher
        let stopDescriptor = stop.descriptor
        while true {
            let outcome = try events.wait(orReadable: stopDescriptor, milliseconds: Self.livenessInterval)
            switch outcome {
            case .event:
                do throws(XenError) {
                    try dispatcher.process()
                    domain.publishAfterRound()
                } catch {
                    // Calls fail when the domain goes; then that is the reason.
                    if try !domain.isAlive() { return .domainGone }
                    throw error
                }
            case .other: return .stopped
            case .timeout:
                domain.publishStatistics()
                if try !domain.isAlive() { return .domainGone }
            }
        }
    }
}
