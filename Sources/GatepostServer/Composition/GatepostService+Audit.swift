internal import GatepostModel
internal import GatepostSQLite

extension GatepostService {
    /// The audit trail and what records logins in it.
    struct Audit: Sendable {
        var trail: SQLiteAuditTrail
        var tags: SecretTags
        var recorder: LoginRecorder
    }

    /// Logins that the lockout is rebuilt from at the start: no more than so many, no older than a day.
    private static let maximumHistory = 100_000
    private static let historyPage = 5000

    /// - Throws: ``Failure`` when the key cannot be used, `StoreError`.
    func openAudit(clock: any WallClock, counters: SubmissionCounters) throws -> Audit {
        let key: AuditKey
        do {
            key = try AuditKeyFile.open(inDirectory: self.configuration.data)
        } catch {
            throw Failure(kind: .configuration, description: "\(error)", hint: nil)
        }
        let trail = try SQLiteAuditTrail.open(dataDirectory: self.configuration.data, key: key, clock: clock)
        if let fault = trail.faultAtOpen {
            self.logger.error(
                "the audit trail does not fit: gatepost audit verify tells more",
                metadata: ["fault": "\(fault)"]
            )
        }
        return Audit(
            trail: trail,
            tags: SecretTags(directory: self.configuration.data),
            recorder: LoginRecorder(trail: trail, counters: counters, logger: self.logger)
        )
    }

    /// What the lockout has to know of the time before this start, oldest first.
    func lockoutHistory(_ trail: SQLiteAuditTrail, now: Timestamp) async throws -> [Lockout.Happening] {
        var history: [Lockout.Happening] = []
        var query = AuditQuery(limit: GatepostService.historyPage)
        query.since = now - .seconds(86_400)
        while history.count < GatepostService.maximumHistory {
            let page = try await trail.search(query)
            history += page.compactMap { Lockout.Happening($0.event) }
            guard page.count == query.limit, let last = page.last else { break }
            query.before = AuditQuery.Position(last)
        }
        return history.reversed()
    }
}

extension Lockout.Happening {
    /// nil for events that lockout does not count.
    init?(_ event: AuditEvent) {
        switch event {
        case .authentication(let event): self = .login(event.attempt, event.result)
        case .lockout(let event) where event.change == .lifted:
            if let account = event.account {
                self = .lifted(account: account, at: event.time)
            } else if let network = event.network {
                self = .liftedNetwork(network, at: event.time)
            } else {
                return nil
            }
        case .lockout, .administration, .sending, .gap: return nil
        }
    }
}
