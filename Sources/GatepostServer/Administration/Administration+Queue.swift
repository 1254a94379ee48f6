internal import GatepostModel

extension Administration {
    func answerAboutQueue(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .listQueue(let filter, let after, let limit):
            let messages = try await self.queue.list(
                try await self.selection(filter),
                after: try after.map { try self.identifier($0) },
                limit: Administration.page(limit)
            )
            return .messages(messages.map { MessageReport($0) })
        case .showMessage(let text):
            let identifier = try self.identifier(text)
            guard let message = try await self.queue.show(identifier) else {
                throw AdministrationFailure(
                    .notFound,
                    "\(identifier) is not in the queue: delivered, given up or cancelled"
                )
            }
            return .messages([MessageReport(message)])
        case .changeQueue(let change, let filter):
            let selection = try await self.selection(filter)
            let now = self.clock.now()
            let count =
                switch change {
                case .hold: try await self.queue.hold(selection)
                case .release: try await self.queue.release(selection, now: now)
                case .retry: try await self.queue.retry(selection, now: now)
                case .cancel: try await self.queue.cancel(selection)
                }
            if count == 0, let identifier = filter.identifier {
                throw AdministrationFailure(.notFound, "\(identifier) has no recipient to \(change.rawValue)")
            }
            await self.hooks.queueChanged()
            return .changed(recipients: count)
        case .queueStatistics:
            return .statistics(QueueReport(try await self.queue.statistics()))
        default:
            throw AdministrationFailure(.invalid, "not a request about the queue")
        }
    }

    private func selection(_ filter: QueueFilter) async throws -> QueueSelection {
        if let identifier = filter.identifier { return .message(try self.identifier(identifier)) }
        if let domain = filter.domain { return .domain(try self.canonicalDomain(domain)) }
        if let account = filter.account { return .account(try await self.canonicalAddress(account)) }
        return .all
    }
}
