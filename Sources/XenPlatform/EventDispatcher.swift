// From a fired port to whoever bound it: one dispatcher for each platform, as there is one place where ports fire.
// Not for: waiting (see EventChannels).

public import XenABI

/// What is to be done when a port fires.
public protocol PortHandler: AnyObject {
    /// The port has fired. A port may fire without cause, and several events may come as one.
    func portFired(_ port: EventPort) throws(XenError)
}

/// When a port that has fired may fire again.
public enum Unmasking: Sendable {
    /// Before its handler: what comes meanwhile is told by a further call.
    case beforeHandler
    /// After its handler, so that it does not fire for what is being looked at.
    case afterHandler
    /// By its handler, later, when it has done what there is to do.
    case byHandler
}

/// Leads each port that fires to its handler. Everything on a platform that binds ports connects them here.
public final class EventDispatcher {
    /// Ports that one round serves at most: who serves a busy guest comes back to its signals and timers.
    public static var portsPerRoundMax: Int { 256 }

    private struct Connection {
        let port: EventPort
        let unmasking: Unmasking
        let handler: any PortHandler
    }

    private let events: any EventChannels
    /// Sorted by port. Changed as a whole, so that looking something up needs no check for overlapping changes.
    private var connections: [Connection] = []

    /// A dispatcher for the ports of `events`.
    public init(_ events: any EventChannels) { self.events = events }

    /// Leads a port to its handler, which is kept until `disconnect`.
    public func connect(_ port: EventPort, _ unmasking: Unmasking, to handler: any PortHandler) {
        let connection = Connection(port: port, unmasking: unmasking, handler: handler)
        var after = connections
        after.insert(connection, at: Self.firstIndex(from: port, in: after))
        connections = after
    }

    /// Forgets a port.
    public func disconnect(_ port: EventPort) {
        // A handler that goes is released after the change: what its deinit does may need the connections.
        let before = connections
        connections = before.filter { $0.port != port }
        withExtendedLifetime(before) {}
    }

    /// Serves the ports that have fired, one round of them, and returns without waiting. Every port of the round is
    /// served, also after a handler has failed; the first failure is thrown at the end. True when the round was full:
    /// ports that were fetched already don't make the descriptor readable.
    @discardableResult
    public func process() throws(XenError) -> Bool {
        var failure: XenError?
        var served = 0
        while served < Self.portsPerRoundMax, let port = try events.next() {
            served += 1
            do throws(XenError) {
                try serve(port)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return served == Self.portsPerRoundMax
    }

    private func serve(_ port: EventPort) throws(XenError) {
        let index = Self.firstIndex(from: port, in: connections)
        guard index < connections.count, connections[index].port == port else { return try events.unmask(port) }
        let handler = connections[index].handler
        switch connections[index].unmasking {
        case .beforeHandler:
            try events.unmask(port)
            try handler.portFired(port)
        case .afterHandler:
            do throws(XenError) {
                try handler.portFired(port)
            } catch {
                try events.unmask(port)
                throw error
            }
            try events.unmask(port)
        case .byHandler: try handler.portFired(port)
        }
    }

    /// Index of the first connection whose port is not below `port`.
    private static func firstIndex(from port: EventPort, in connections: [Connection]) -> Int {
        var low = 0
        var high = connections.count
        while low < high {
            let middle = (low + high) / 2
            if connections[middle].port.rawValue < port.rawValue { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
