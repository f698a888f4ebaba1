// Transactions: several requests as one, and again when somebody else came between (xenstored.md 5).
// Not for: what makes a conflict.

internal import SystemCalls
internal import XenstoreWire

/// An open transaction of one client.
public struct XenstoreTransaction: Hashable, Sendable {
    /// The server's number of it, not 0.
    public var id: UInt32
}

extension XenstoreClient {
    /// Starts a transaction. Requests that name it see the store as it is now and their own changes.
    public func startTransaction() throws(XenstoreError) -> XenstoreTransaction {
        let reply = try request(.transactionStart, strings: "")
        guard let text = XenstoreText.one(reply.span),
            let id = XenstoreText.number(reply.span, text, max: UInt64(UInt32.max)), id != 0
        else { throw badReply(.transactionStart) }
        return XenstoreTransaction(id: UInt32(id))
    }

    /// Ends a transaction: its changes come about (`commit`), or not. Throws `refused` with EAGAIN when somebody else's
    /// changes came between: nothing has changed then, and it may be tried again from its start.
    public func endTransaction(_ transaction: XenstoreTransaction, commit: Bool) throws(XenstoreError) {
        _ = try request(.transactionEnd, in: transaction, strings: commit ? "T" : "F")
    }

    /// Does `body` in a transaction, and does it again for as long as somebody else comes between, until
    /// `timeoutMilliseconds` have passed: then throws `refused` with EAGAIN. An error of `body` ends the transaction
    /// without its changes. `body` must be fit for being done twice.
    public func transaction<Answer>(
        _ body: (XenstoreTransaction) throws(XenstoreError) -> Answer
    ) throws(XenstoreError) -> Answer {
        let deadline = deadline
        while true {
            let transaction = try startTransaction()
            let answer: Answer
            do throws(XenstoreError) {
                answer = try body(transaction)
            } catch {
                try? endTransaction(transaction, commit: false)
                throw error
            }
            do throws(XenstoreError) {
                try endTransaction(transaction, commit: true)
                return answer
            } catch {
                if error != .refused(.tryAgain) || MonotonicTime.now >= deadline { throw error }
            }
        }
    }
}
