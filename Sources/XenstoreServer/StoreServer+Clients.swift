// Clients from one program to the next, and at the end (xenstored.md 13, 14.4).
// Not for: the state file and the procedure of a live update.

public import SystemCalls
internal import XenABI
public import XenPlatform
public import XenstoreCore
internal import XenstoreWire

extension StoreServer {
    /// All clients, in the order of their connections' numbers. Call it at rest (`whenAtRest`): in a turn what its
    /// client has under way is elsewhere.
    public var servedClients: [ServedClient] {
        clients.compactMap { client in
            switch client {
            case .socket(let client): client.served
            case .ring(let client): client.served
            case nil: nil
            }
        }
    }

    /// The descriptor of the listening socket.
    public var listeningDescriptor: Int32? { listener?.number }

    /// Reads nobody any more. What was read and is not handled stays with its client, 65535 bytes at most; output is
    /// still written.
    public func stopReading() { isStopped = true }

    /// Reads again.
    public func goOn() {
        isStopped = false
        for client in clients {
            switch client {
            case .socket(let client): enqueue(client)
            case .ring(let client): enqueue(client)
            case nil: break
            }
        }
    }

    /// Sends what can be sent without waiting, to everybody: before the program ends.
    public func sendWhatCanBeSent() {
        for client in clients {
            switch client {
            case .socket(let client):
                var goesOn = true
                while goesOn && !client.isClosed { goesOn = sendOnce(client) }
            case .ring(let client):
                // As long a turn as ever, for a guest that takes it meanwhile.
                var turnCount = 0
                while turnCount < GuestRing.passCountMax, flush(client) { turnCount += 1 }
            case nil: break
            }
        }
    }

    /// Serves a socket that another program has served: `input` is what it had read and not handled, `output` what it
    /// had not sent. Throws what watching the descriptor answers; the connection is closed then.
    public func adopt(
        socket: consuming OwnedDescriptor, as id: ConnectionID, input: [UInt8], output: [UInt8]
    ) throws(SystemError) {
        let client = SocketClient(id, socket, self)
        client.input = input
        client.unsent = output
        if !output.isEmpty {
            client.unsentParts = [OutputPart(byteCount: output.count, isReply: true, isCounted: false)]
            client.unsentReplyByteCount = output.count
        }
        do throws(SystemError) {
            try client.descriptor.setNonBlocking(true)
            try begin(client)
        } catch {
            close(client)
            throw error
        }
        touch(client)
        enqueue(client)
    }

    /// Serves a ring that another program has served, on its page, by a port that is bound; nil: it couldn't be. False
    /// when the page can't be mapped: the domain's ring is ignored with error 1 until it is introduced again or dies.
    /// `request` and `response` as `RingStart.continued` wants them.
    @discardableResult
    public func adopt(
        ring domain: UInt16, as id: ConnectionID, port: consuming BoundPort?, request: [UInt8], response: [UInt8]
    ) -> Bool {
        guard let platform else { return false }
        // The store domain's own page is no grant (8.7).
        guard let memory = domain == core.storeDomain ? mapOwnRing() : mapRing(of: domain) else {
            placeRing(domain, id, nil, RingChannel(unbound: platform.events))
            return false
        }
        guard let port else {
            ignore(placeRing(domain, id, nil, RingChannel(unbound: platform.events)), memory)
            return true
        }
        let channel = RingChannel(platform.events, port)
        let ring = GuestRing(
            DomainID(domain), memory, channel, features: RingFeatures(rawValue: core.features(of: domain)),
            start: .continued(request: request, response: response))
        attach(domain, id, ring, channel)
        return true
    }
}

extension SocketClient {
    var served: ServedClient {
        // What another program has left over is of a message that it has sent in part.
        let isWhole = partSentByteCount == 0 && unsentParts.first?.isCounted != false
        let part = isWhole ? 0 : (unsentParts.first?.byteCount ?? 0) - partSentByteCount
        return ServedClient(
            id: id, kind: .socket(descriptor.rawValue), input: unhandled, output: Array(unsent[unsentOffset...]),
            partByteCount: part)
    }
}

extension StoreRing {
    var served: ServedClient {
        let unfinished = ring?.unfinished ?? (request: [], response: [])
        let features = RingFeatures(rawValue: server.core.features(of: domain))
        return ServedClient(
            id: id,
            kind: .ring(
                domain: domain, port: channel.port, state: ring?.state ?? .ignored(.channel), features: features),
            input: unfinished.request, output: unfinished.response, partByteCount: unfinished.response.count)
    }
}
