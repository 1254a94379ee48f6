package import GatepostModel
package import MailSyntax
internal import Synchronization

/// What accounts sent lately, and what each may still send: asks the pure rules of ``SendingRecord`` and keeps their records.
///
/// Records are read from the store when an account sends for the first time since the start, or after a long while. Memory is bounded:
/// of accounts that did not send for long nothing is kept here, the store has it.
package final class SendingLedger: Sendable {
    /// The rules of the configuration.
    package struct Rules: Sendable {
        package var limits: SendingLimits
        package var action: SendingPolicy.Action
        package var burst: SendingPolicy.Burst?
        /// Networks that are never new.
        package var trusted: [IPNetwork]

        package init(
            limits: SendingLimits = SendingLimits(),
            action: SendingPolicy.Action = .hold,
            burst: SendingPolicy.Burst? = SendingPolicy.Burst(),
            trusted: [IPNetwork] = []
        ) {
            self.limits = limits
            self.action = action
            self.burst = burst
            self.trusted = trusted
        }

        package init(_ configuration: Configuration) {
            self.init(
                limits: configuration.submission.limits,
                action: configuration.submission.limitAction,
                burst: configuration.submission.newNetworkBurst,
                trusted: configuration.networks.allow
            )
        }

        package func policy(_ account: Account, _ credential: Credential?) -> SendingPolicy {
            SendingPolicy(
                account: self.limits.overridden(by: account.limits),
                credential: credential?.rules.limits ?? SendingLimits(),
                action: self.action,
                burst: self.burst
            )
        }
    }

    /// A message that is about to be sent.
    package struct Submission: Sendable {
        package var account: Account
        package var credential: Credential?
        package var address: IPAddress?
        package var recipients: [ForwardPath]
        /// As announced; 0 when it was not.
        package var octets: Int

        package init(
            account: Account,
            credential: Credential?,
            address: IPAddress?,
            recipients: [ForwardPath],
            octets: Int = 0
        ) {
            self.account = account
            self.credential = credential
            self.address = address
            self.recipients = recipients
            self.octets = octets
        }
    }

    /// A decision, and what is to be stored with the message.
    package struct Admission: Sendable {
        package var decision: SendingDecision
        package var change: SendingChange
    }

    private struct Entry {
        var record: SendingRecord
        /// Some of the recipients that the account is known to have sent to.
        var known: Set<Int64> = []
    }

    private struct Session: Hashable {
        var account: Int64
        /// nil: all of the account.
        var credential: Int64?
    }

    /// Accounts whose records are in memory: twice as many at most.
    private static let accounts = 5000
    /// Recipients that are remembered here for each.
    private static let knownRecipients = 128

    private let entries = Mutex(GenerationTable<Int64, Entry>(capacity: SendingLedger.accounts))
    private let sessions = Mutex<[Session: Int]>([:])
    private let store: any SendingStore
    private let clock: any WallClock
    package let rules: Rules
    /// Of which this one is a copy.
    private let original: SendingLedger?

    package init(store: any SendingStore, clock: any WallClock, rules: Rules = Rules()) {
        self.store = store
        self.clock = clock
        self.rules = rules
        self.original = nil
    }

    private init(copyOf original: SendingLedger) {
        self.store = original.store
        self.clock = original.clock
        self.rules = original.rules
        self.original = original
    }

    /// Begins where this one is, and counts for itself. Costs nothing before an account is asked about.
    package func copy() -> SendingLedger { SendingLedger(copyOf: self) }

    private func entry(of account: Int64) -> Entry? {
        self.entries.withLock { $0[account] } ?? self.original?.entry(of: account)
    }

    private func count(of session: Session) -> Int? {
        self.sessions.withLock { $0[session] } ?? self.original?.count(of: session)
    }

    // MARK: Messages

    /// What would become of the message. Counts nothing, and nobody is told.
    ///
    /// - Throws: `StoreError`.
    package func decision(for submission: Submission) async throws -> SendingDecision {
        let question = try await self.lookUp(submission).question
        return self.entries.withLock { entries in
            (entries[submission.account.id]?.record ?? SendingRecord()).decision(
                for: question,
                policy: self.rules.policy(submission.account, submission.credential),
                now: self.clock.now()
            )
        }
    }

    /// Decides on the message and counts it, where everything that is needed is in memory; nil where ``admit(_:)`` has to ask the store.
    package func admitAtOnce(_ submission: Submission) -> Admission? {
        let marks = self.marks(of: submission)
        return self.entries.withLock { entries in
            guard let entry = entries[submission.account.id], entry.known.isSuperset(of: marks) else { return nil }
            return self.admit(self.question(submission, newRecipients: 0), [], submission, &entries)
        }
    }

    /// Decides on the message and counts it. What comes is stored with the message, or taken back with ``cancel(_:)``.
    ///
    /// - Throws: `StoreError`.
    package func admit(_ submission: Submission) async throws -> Admission {
        let (question, fresh) = try await self.lookUp(submission)
        return self.entries.withLock { self.admit(question, fresh, submission, &$0) }
    }

    private func admit(
        _ question: SendingQuestion,
        _ fresh: [Int64],
        _ submission: Submission,
        _ entries: inout GenerationTable<Int64, Entry>
    ) -> Admission {
        let account = submission.account.id
        var entry = entries[account] ?? Entry(record: SendingRecord())
        // Taken out meanwhile, so that the record is changed in place and not copied.
        entries.remove(account)
        let now = self.clock.now()
        let policy = self.rules.policy(submission.account, submission.credential)
        let decision = entry.record.decision(for: question, policy: policy, now: now)
        var change = entry.record.record(question, decision: decision, now: now)
        change.account = account
        if decision.verdict == .accepted { change.recipients = fresh }
        entries.set(account, entry)
        return Admission(decision: decision, change: change)
    }

    /// The message is stored: its recipients are known from now on.
    package func committed(_ change: SendingChange) {
        guard !change.recipients.isEmpty else { return }
        self.update(change.account) { entry in
            if entry.known.count + change.recipients.count > SendingLedger.knownRecipients { entry.known = [] }
            entry.known.formUnion(change.recipients.prefix(SendingLedger.knownRecipients))
        }
    }

    /// The message does not come after all.
    package func cancel(_ change: SendingChange) {
        self.update(change.account) { $0.record.cancel(change) }
    }

    private func update(_ account: Int64, _ body: (inout Entry) -> Void) {
        self.entries.withLock { entries in
            guard var entry = entries[account] else { return }
            entries.remove(account)
            body(&entry)
            entries.set(account, entry)
        }
    }

    /// - Returns: The question, and the marks that are not known in memory.
    private func lookUp(_ submission: Submission) async throws -> (question: SendingQuestion, fresh: [Int64]) {
        let account = submission.account.id
        var known = self.entries.withLock { $0[account]?.known }
        if known == nil, let entry = self.original?.entry(of: account) {
            known = self.entries.withLock { entries in
                entries.set(account, entry)
                return entry.known
            }
        }
        if known == nil {
            let step = SendingUsage.step(at: self.clock.now()) - SendingUsage.span
            let record = try await self.store.sendingRecord(of: account, since: step)
            known = self.entries.withLock { entries in
                // Another session may have been faster, and counted already.
                if let entry = entries[account] { return entry.known }
                entries.set(account, Entry(record: record))
                return []
            }
        }
        let fresh = self.marks(of: submission).subtracting(known ?? [])
        let stored =
            fresh.isEmpty ? [] : try await self.store.knownRecipients(Array(fresh), of: account)
        return (self.question(submission, newRecipients: fresh.count - stored.count), Array(fresh))
    }

    private func marks(of submission: Submission) -> Set<Int64> {
        Set(submission.recipients.map { RecipientMark.mark(of: $0, account: submission.account.id) })
    }

    private func question(_ submission: Submission, newRecipients: Int) -> SendingQuestion {
        let network = submission.address.flatMap { address in
            let isTrusted = address.isLoopback || self.rules.trusted.contains { $0.contains(address) }
            return isTrusted ? nil : SendingQuestion.network(of: address)
        }
        return SendingQuestion(
            credential: submission.credential?.id,
            recipients: submission.recipients.count,
            newRecipients: newRecipients,
            octets: submission.octets,
            network: network
        )
    }

    // MARK: Sessions

    /// Counts a session in, until ``sessionEnded(_:_:)``.
    ///
    /// - Returns: nil when it was, else the rule that forbids it.
    package func sessionBegan(_ account: Account, _ credential: Credential?) -> SendingRule? {
        let policy = self.rules.policy(account, credential)
        let all = Session(account: account.id, credential: nil)
        let own = credential.map { Session(account: account.id, credential: $0.id) }
        let before = [all, own].compactMap { $0 }.compactMap { key in
            self.original?.count(of: key).map { (key, $0) }
        }
        return self.sessions.withLock { sessions in
            for (key, count) in before { sessions[key] = sessions[key] ?? count }
            if let most = policy.account[.sessions], sessions[all, default: 0] >= most {
                return .limit(.sessions, .account)
            }
            if let own {
                if let most = policy.credential[.sessions], sessions[own, default: 0] >= most {
                    return .limit(.sessions, .credential)
                }
                sessions[own, default: 0] += 1
            }
            sessions[all, default: 0] += 1
            return nil
        }
    }

    /// - Parameter credential: As given to ``sessionBegan(_:_:)``, even when the session has another one meanwhile.
    package func sessionEnded(account: Int64, credential: Int64?) {
        self.sessions.withLock { sessions in
            for key in Set([
                Session(account: account, credential: nil), Session(account: account, credential: credential),
            ]) {
                guard let count = sessions[key] else { continue }
                sessions[key] = count > 1 ? count - 1 : nil
            }
        }
    }
}
