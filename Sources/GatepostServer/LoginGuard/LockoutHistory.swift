package import GatepostModel

/// What the audit trail tells of logins: where accounts logged in from lately, and who guessed within the last day. A server that starts
/// reads it, so that a restart neither frees a guesser nor makes the owner a stranger.
package enum LockoutHistory {
    /// More than that are not read, the latest first: a start must not take minutes.
    package static let maximumRecords = 200_000
    private static let page = 5000
    /// As long as a tally remembers.
    private static let guesses = Duration.seconds(25 * 3600)
    /// As long as a network is known.
    private static let places = Duration.seconds(90 * 86_400)

    /// - Returns: In the order in which it happened.
    /// - Throws: `StoreError` when the trail cannot be read.
    package static func read(_ trail: any AuditTrail, now: Timestamp) async throws -> [Lockout.Happening] {
        var latest = AuditQuery(limit: self.page)
        latest.kind = .authentication
        latest.since = now - self.guesses
        var lifted = AuditQuery(limit: self.page)
        lifted.kind = .lockout
        lifted.since = now - self.guesses
        var logins = AuditQuery(limit: self.page)
        logins.kind = .authentication
        logins.isSuccess = true
        logins.since = now - self.places
        logins.until = now - self.guesses
        var records: [AuditRecord] = []
        for query in [latest, lifted, logins] {
            records += try await self.records(of: query, in: trail, room: self.maximumRecords - records.count)
        }
        return
            records
            .sorted { ($0.event.time, $0.sequence) < ($1.event.time, $1.sequence) }
            .compactMap { $0.state == .whole ? self.happening($0.event) : nil }
    }

    private static func records(
        of query: AuditQuery,
        in trail: any AuditTrail,
        room: Int
    ) async throws -> [AuditRecord] {
        var query = query
        var records: [AuditRecord] = []
        while records.count < room {
            let page = try await trail.search(query)
            records += page
            guard page.count == query.limit, let last = page.last else { break }
            query.before = AuditQuery.Position(last)
        }
        return Array(records.prefix(max(0, room)))
    }

    private static func happening(_ event: AuditEvent) -> Lockout.Happening? {
        switch event {
        case .authentication(let event):
            return .login(event.attempt, event.result)
        case .lockout(let event) where event.change == .lifted:
            if let account = event.account { return .lifted(account: account, at: event.time) }
            return event.network.map { .liftedNetwork($0, at: event.time) }
        case .lockout, .administration, .sending, .gap:
            return nil
        }
    }
}
