internal import CUnbound
internal import DNS
internal import Glibc

/// The thread that alone touches the libunbound context: hands questions to it, waits, takes answers, and lets overdue
/// questions fail.
final class UnboundLoop {
    /// A question inside libunbound, which knows it by this object's address.
    private final class Ticket {
        unowned let loop: UnboundLoop
        let question: Question

        init(loop: UnboundLoop, question: Question) {
            self.loop = loop
            self.question = question
        }
    }

    private let context: UnboundContext
    private let questions: QuestionQueue
    /// Kept until libunbound calls back, overdue or not, since it still holds their addresses.
    private var tickets: [ObjectIdentifier: Ticket] = [:]
    /// All have the same time to live, so that the first is the first to be due.
    private var overdueNext: [Question] = []
    private var overdueHead = 0

    private init(_ context: UnboundContext, _ questions: QuestionQueue) {
        self.context = context
        self.questions = questions
    }

    /// Starts the thread, which owns `context` from here on and ends when the queue stops.
    static func start(_ context: UnboundContext, _ questions: QuestionQueue) throws(UnboundError) {
        let loop = Unmanaged.passRetained(UnboundLoop(context, questions))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            &attributes,
            { loop in
                guard let loop else { return nil }
                Unmanaged<UnboundLoop>.fromOpaque(loop).takeRetainedValue().run()
                return nil
            },
            loop.toOpaque()
        )
        guard code == 0 else {
            loop.release()
            context.delete()
            throw UnboundError(description: "cannot start a thread: \(String(cString: strerror(code)))")
        }
    }

    private func run() {
        while let questions = self.questions.take() {
            for question in questions { self.send(question) }
            let wait = self.failOverdue()
            var descriptors = [
                pollfd(fd: self.context.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: self.questions.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&descriptors, nfds_t(descriptors.count), wait) > 0 else { continue }
            if descriptors[1].revents != 0 { self.questions.drain() }
            if descriptors[0].revents != 0 { ub_process(self.context.pointer) }
        }
        // Ends libunbound's thread, so that no call back can come any more.
        self.context.delete()
        for ticket in self.tickets.values { ticket.question.finish(.failure(.temporary("the resolver is closed"))) }
        self.tickets = [:]
        self.questions.didStop()
    }

    private func send(_ question: Question) {
        // Cancelled before its turn came.
        guard !question.isFinished else { return self.questions.giveBack() }
        let ticket = Ticket(loop: self, question: question)
        self.tickets[ObjectIdentifier(ticket)] = ticket
        let code = ub_resolve_async(
            self.context.pointer,
            question.name.description,
            Int32(question.type.rawValue),
            1,
            Unmanaged.passUnretained(ticket).toOpaque(),
            { ticket, code, result in
                defer { ub_resolve_free(result) }
                guard let ticket else { return }
                let owner = Unmanaged<Ticket>.fromOpaque(ticket).takeUnretainedValue()
                owner.loop.received(owner, code, result.map { UnsafePointer($0) })
            },
            nil
        )
        if code == 0 {
            self.overdueNext.append(question)
        } else {
            self.finish(ticket, .failure(.temporary(String(cString: ub_strerror(code)))))
        }
    }

    private func received(_ ticket: Ticket, _ code: Int32, _ result: UnsafePointer<ub_result>?) {
        if code == 0, let result {
            self.finish(
                ticket,
                Question.Outcome(type: ticket.question.type, name: ticket.question.name, result.pointee)
            )
        } else {
            self.finish(ticket, .failure(.temporary(String(cString: ub_strerror(code)))))
        }
    }

    private func finish(_ ticket: Ticket, _ outcome: Question.Outcome) {
        ticket.question.finish(outcome)
        self.tickets[ObjectIdentifier(ticket)] = nil
        self.questions.giveBack()
    }

    /// Lets overdue questions fail.
    ///
    /// - Returns: Milliseconds until the next is due, -1 when there is none.
    private func failOverdue() -> Int32 {
        let now = ContinuousClock.now
        while self.overdueHead < self.overdueNext.count {
            let question = self.overdueNext[self.overdueHead]
            if !question.isFinished {
                let left = question.deadline - now
                guard left <= .zero else {
                    // Rounded up, or the thread would spin through the last millisecond.
                    let milliseconds =
                        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
                    return Int32(clamping: milliseconds + 1)
                }
                question.finish(.failure(.temporary("no answer in time")))
            }
            self.overdueHead += 1
            if self.overdueHead >= 1024 {
                self.overdueNext.removeFirst(self.overdueHead)
                self.overdueHead = 0
            }
        }
        self.overdueNext = []
        self.overdueHead = 0
        return -1
    }
}
