internal import GatepostModel
internal import MailSyntax

extension Administration {
    /// The most records that are looked at around one login.
    private static let caseRecords = 2000
    /// Longer than an operator keeps a command open is not waited in one request.
    private static let longestWait = Duration.seconds(60)

    func answerAboutAudit(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .listAudit(let filter, let before, let limit):
            var query = try await self.query(filter)
            query.limit = Administration.page(limit)
            query.before = before.map {
                AuditQuery.Position(time: Timestamp(milliseconds: $0.milliseconds), sequence: $0.sequence)
            }
            return .audit(try await self.trail.search(query).map { AuditReport($0) })
        case .readAudit(let filter, let after, let limit, let timeout):
            let wait = min(max(.milliseconds(timeout), .zero), Administration.longestWait)
            if wait > .zero { try await self.trail.waitForRecords(after: after, timeout: wait) }
            let records = try await self.trail.records(after: after, limit: Administration.page(limit))
            let filter = try await self.canonical(filter)
            return .auditPage(
                records.map { AuditReport($0) }.filter { filter.matches($0) },
                next: records.last?.sequence ?? after
            )
        case .explainLogin(let text):
            guard let reference = AuthenticationReference(text) else {
                throw AdministrationFailure(
                    .invalid,
                    "'\(text)' is not a reference",
                    hint: "It stands in the reply and in the log, such as 7K3Q-9FDM."
                )
            }
            return .explanation(try await self.explain(reference))
        case .verifyAudit(let head):
            var expected: AuditExpectation?
            if let head {
                expected = AuditExpectation(head)
                guard expected != nil else {
                    throw AdministrationFailure(
                        .invalid,
                        "'\(head)' is not a head",
                        hint: "gatepost audit verify prints it: a number, a colon and 64 hexadecimal digits."
                    )
                }
            }
            let verification = try await self.trail.verify(expecting: expected)
            return .verification(AuditVerificationReport(verification, publicKey: self.trail.publicKey))
        case .eraseAccount(let name):
            return try await self.erase(try await self.canonicalAddress(name))
        default:
            throw AdministrationFailure(.invalid, "not a request about the audit trail")
        }
    }

    // MARK: Recording

    /// What the trail says about a request, with the accounts by their addresses.
    func events(of request: AdministrationRequest) async -> [AdministrationEvent] {
        var events = request.events(actor: self.actor, now: self.clock.now())
        for index in events.indices {
            guard let name = events[index].account else { continue }
            do {
                events[index].account = try await self.canonicalAddress(name)
            } catch {
                // No address: the request fails as well, and the trail has what was typed.
                events[index].account = nil
                events[index].subject = name
            }
        }
        return events
    }

    /// Makes the events durable; those of one request share a commit.
    func record(_ events: [AdministrationEvent]) async throws {
        for event in events.dropLast() { self.trail.record(.administration(event)) }
        if let last = events.last { try await self.trail.recordDurably(.administration(last)) }
    }

    /// A second record says that what the first one announced was not done.
    func recordFailures(of events: [AdministrationEvent], _ response: AdministrationResponse) {
        switch response {
        case .failure(let failure):
            for event in events { self.record(event, failure: failure.message) }
        case .additions(let reports):
            for (event, report) in zip(events, reports) where !report.added {
                self.record(event, failure: report.note ?? "not added")
            }
        default: break
        }
    }

    private func record(_ event: AdministrationEvent, failure: String) {
        var event = event
        event.failure = failure
        self.trail.record(.administration(event))
    }

    // MARK: Searching

    private func canonical(_ filter: AuditFilter) async throws -> AuditFilter {
        var filter = filter
        if let account = filter.account { filter.account = try await self.canonicalAddress(account) }
        return filter
    }

    private func query(_ filter: AuditFilter) async throws -> AuditQuery {
        var query = AuditQuery(limit: 0)
        if let account = filter.account { query.account = try await self.canonicalAddress(account) }
        if let address = filter.address {
            guard let network = IPNetwork(address) else {
                throw AdministrationFailure(.invalid, "'\(address)' is neither an address nor a network")
            }
            query.network = network
        }
        query.reason = filter.reason
        query.isSuccess = filter.isSuccess
        query.kind = filter.kind.flatMap { name in AuditEvent.Kind.allCases.first { "\($0)" == name } }
        query.since = filter.since.map { Timestamp(milliseconds: $0) }
        query.until = filter.until.map { Timestamp(milliseconds: $0) }
        return query
    }

    // MARK: Explaining

    private func explain(_ reference: AuthenticationReference) async throws -> Explanation {
        var query = AuditQuery(limit: 1)
        query.reference = reference
        guard case .authentication(let event) = try await self.trail.search(query).first?.event else {
            throw AdministrationFailure(
                .notFound,
                "there is no login \(reference)",
                hint: "It may be older than audit.retention.authentication, or of another server."
            )
        }
        return try await self.caseFile(event).explanation
    }

    private func caseFile(_ event: AuthenticationEvent) async throws -> CaseFile {
        var file = CaseFile(event: event)
        let time = event.attempt.time
        var around = AuditQuery(limit: Administration.caseRecords)
        around.kind = .authentication
        around.since = time - CaseFile.window
        around.until = time + CaseFile.window
        if let address = event.attempt.address {
            var query = around
            query.network = IPNetwork(address: address, prefixLength: address.bitWidth)
            file.fromAddress = try await self.logins(query)
        }
        if let account = event.attempt.account {
            around.account = account
            file.ofAccount = try await self.logins(around)
            var query = AuditQuery(limit: 200)
            query.account = account
            query.until = time
            query.isSuccess = true
            file.successes = try await self.logins(query)
            query.isSuccess = false
            query.until = time + .seconds(1)
            query.kind = .administration
            file.administration = try await self.trail.search(query).compactMap { record in
                if case .administration(let event) = record.event { event } else { nil }
            }
            if event.reason == .oldPassword, let id = event.attempt.credential {
                let former = try await self.accounts.account(address: account)?.former ?? []
                file.former = former.first { $0.id == id }
            }
            query.kind = .lockout
            file.locks = try await self.trail.search(query).compactMap { record in
                if case .lockout(let event) = record.event { event } else { nil }
            }
        }
        return file
    }

    private func logins(_ query: AuditQuery) async throws -> [AuthenticationEvent] {
        try await self.trail.search(query).compactMap { record in
            if case .authentication(let event) = record.event { event } else { nil }
        }
    }

    // MARK: Privacy

    /// Removes the account where there is one, what lies in its inbox, and its personal fields in the trail. The trail says that it was done
    /// and by whom, but not to whom.
    private func erase(_ address: String) async throws -> AdministrationResponse {
        let removed = try await self.accounts.remove(address: address)
        if let removed { await self.hooks.accountChanged(removed) }
        let messages = try await self.inboxes.clearInbox(account: address)
        let records = try await self.trail.erase(account: address, actor: self.actor)
        let waiting = try await self.queue.list(.account(address), after: nil, limit: 1)
        var text =
            "\(address): \(removed == nil ? "there was no account" : "account removed"), \(records) audit records"
        text += " without personal fields, \(messages) messages removed from its inbox"
        if !waiting.isEmpty {
            text += "\n  What it sent is still queued: gatepost queue cancel --account \(address)"
        }
        return .done(text)
    }
}
