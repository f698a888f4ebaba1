// What is done at the end of each wake-up of the loop: the ready list, the output, the core's time (xenstored.md 14.5).
// Not for: how a client is served (StoreServer+Sockets, StoreServer+Rings).

public import EventLoop
internal import SystemCalls
internal import XenstoreCore

extension StoreServer: RoundHandler, TimerHandler {
    /// One turn for each that is ready, then what there is to write. The loop's business.
    public func roundEnded(on loop: EventLoop) -> Bool {
        round &+= 1
        // Who has just come before who had a turn in the last round, and their answers first.
        let freshCount = ready.count
        ready += again
        again.removeAll(keepingCapacity: true)
        (served, ready) = (ready, served)
        for index in served.indices {
            if index == freshCount {
                servedIndex = index - 1
                writeTouched()
            }
            servedIndex = index
            switch served[index] {
            case .socket(let client): serve(client)
            case .ring(let client): serve(client)
            }
        }
        served.removeAll(keepingCapacity: true)
        writeTouched()
        unmaskFired()
        rest()
        let hasWork = keepTime()
        return hasWork || !restWork.isEmpty || !ready.isEmpty || !again.isEmpty || !touched.isEmpty
    }

    /// Puts somebody on the list for the next round.
    func line(up client: StoreClient, servedLast: UInt64) {
        if servedLast == round { again.append(client) } else { ready.append(client) }
        loop.stayAwake()
    }

    /// One send for each whose output has grown.
    private func writeTouched() {
        (written, touched) = (touched, written)
        for index in written.indices {
            writtenIndex = index
            switch written[index] {
            case .socket(let client): flush(client)
            case .ring(let client): flush(client)
            }
        }
        written.removeAll(keepingCapacity: true)
    }

    /// Whether in a guest's turn somebody else waits: for a turn, for output, or to be heard of.
    func othersWait() -> Bool {
        if servedIndex + 1 < served.count || writtenIndex + 1 < written.count { return true }
        if !touched.isEmpty || !ready.isEmpty || !again.isEmpty { return true }
        return loop.hasEvents
    }

    /// Does something when nobody's turn is under way: at the end of this round or the next. What asks again from
    /// within goes on in the round after that, others between.
    public func whenAtRest(_ work: @escaping (StoreServer) -> Void) {
        restWork.append(work)
        loop.stayAwake()
    }

    private func rest() {
        if restWork.isEmpty { return }
        let works = restWork
        restWork = []
        for work in works { work(self) }
    }

    /// The moment that the core has asked for has come. The loop's business.
    public func fired(_ timer: LoopTimer, on loop: EventLoop) {
        self.timer = nil
        deadline = nil
        core.tick(now: now, into: &effects)
        drain()
    }

    /// Sees to it that the core gets its time (17.1, rule 4); true when it has something to do at once.
    private func keepTime() -> Bool {
        let next = core.nextDeadline()
        if next == 0 {
            core.tick(now: now, into: &effects)
            drain()
            return core.nextDeadline() == 0
        }
        if next == deadline { return false }
        if let timer { loop.cancel(timer) }
        timer = nil
        deadline = next
        if let next {
            let moment = MonotonicTime(nanoseconds: next.multipliedReportingOverflow(by: 1_000_000).partialValue)
            timer = loop.schedule(at: moment, self)
        }
        return false
    }
}
