// Nodes: their values, children and permissions (xenstored.md 3).
// Not for: domains, watches and transactions, which have files of their own.

internal import SystemCalls
public import XenstoreWire

extension XenstoreClient {
    /// Reads a node's value. Throws `refused`: ENOENT when it is not there, EACCES when it may not be read.
    public func read(_ path: String, in transaction: XenstoreTransaction? = nil) throws(XenstoreError) -> [UInt8] {
        try request(.read, in: transaction, strings: path)
    }

    /// Reads a node's value; nil when it is not there.
    public func readIfPresent(
        _ path: String, in transaction: XenstoreTransaction? = nil
    ) throws(XenstoreError) -> [UInt8]? {
        do throws(XenstoreError) {
            return try read(path, in: transaction)
        } catch {
            if error == .refused(.notFound) { return nil }
            throw error
        }
    }

    /// Writes a node's value, up to 4096 bytes with path and NUL; makes it, and what is missing above it.
    public func write(
        _ path: String, _ value: [UInt8], in transaction: XenstoreTransaction? = nil
    ) throws(XenstoreError) {
        try Self.check(path)
        _ = try request(.write, in: transaction) { writer in
            writer.putString(path)
            writer.put(value)
        }
    }

    /// Writes a text, without a NUL, as a node's value.
    public func write(
        _ path: String, _ text: String, in transaction: XenstoreTransaction? = nil
    ) throws(XenstoreError) {
        try write(path, Array(text.utf8), in: transaction)
    }

    /// Makes a node with an empty value, and what is missing above it; nothing when it is there.
    public func mkdir(_ path: String, in transaction: XenstoreTransaction? = nil) throws(XenstoreError) {
        _ = try request(.makeDirectory, in: transaction, strings: path)
    }

    /// Removes a node and all below it; nothing when it is not there but its parent is.
    public func rm(_ path: String, in transaction: XenstoreTransaction? = nil) throws(XenstoreError) {
        _ = try request(.remove, in: transaction, strings: path)
    }

    /// The names of a node's children, in the server's order. A list that is longer than one message comes in parts,
    /// and from the beginning again when the node has changed between two of them; all of it by one deadline.
    public func directory(
        _ path: String, in transaction: XenstoreTransaction? = nil
    ) throws(XenstoreError) -> [String] {
        let deadline = deadline
        do throws(XenstoreError) {
            let reply = try request(.directory, in: transaction, deadline: deadline, strings: path)
            var names: [String] = []
            try append(reply, 0..<reply.count, to: &names, of: .directory)
            return names
        } catch {
            if error != .refused(.tooBig) { throw error }
        }
        while true {
            if let names = try directoryInParts(path, transaction, deadline) { return names }
        }
    }

    /// A node's permissions; the first names its owner. Special nodes too.
    public func getPermissions(
        _ path: String, in transaction: XenstoreTransaction? = nil
    ) throws(XenstoreError) -> [XenstorePermission] {
        let reply = try request(.getPermissions, in: transaction, strings: path)
        guard let entries = XenstorePermission.list(reply.span) else { throw badReply(.getPermissions) }
        return entries
    }

    /// Sets a node's permissions, all of them; the first names its owner. Special nodes too.
    public func setPermissions(
        _ path: String, _ entries: [XenstorePermission], in transaction: XenstoreTransaction? = nil
    ) throws(XenstoreError) {
        try Self.check(path)
        _ = try request(.setPermissions, in: transaction) { writer in
            writer.putString(path)
            for entry in entries { writer.put(entry) }
        }
    }
}

extension XenstoreClient {
    /// All parts of a list; nil when the node changed between two of them.
    private func directoryInParts(
        _ path: String, _ transaction: XenstoreTransaction?, _ deadline: MonotonicTime
    ) throws(XenstoreError) -> [String]? {
        var names: [String] = []
        var generation: UInt64?
        var offset = 0
        while true {
            // The deadline bounds the parts: each costs a reply.
            if MonotonicTime.now >= deadline { throw .timeout }
            let reply: [UInt8]
            do throws(XenstoreError) {
                reply = try request(
                    .directoryPart, in: transaction, deadline: deadline, strings: path, "\(offset)")
            } catch {
                // Servers that are older than the operation: it was the list that was too long.
                throw error == .refused(.notImplemented) ? .refused(.tooBig) : error
            }
            guard let part = XenstoreDirectoryPart(reply.span) else { throw badReply(.directoryPart) }
            if let generation, generation != part.generation { return nil }
            generation = part.generation
            try append(reply, part.names, to: &names, of: .directoryPart)
            if part.isLast { return names }
            // A part without a name would be asked for again for ever.
            if part.names.isEmpty { throw badReply(.directoryPart) }
            offset += part.names.count
        }
    }

    private func append(
        _ reply: [UInt8], _ range: Range<Int>, to names: inout [String], of operation: XenstoreOperation
    ) throws(XenstoreError) {
        do throws(XenstoreListError) {
            try XenstoreNames.forEach(in: reply.span, range) { name in
                names.append(String(decoding: reply[name], as: UTF8.self))
            }
        } catch {
            throw badReply(operation)
        }
    }
}
