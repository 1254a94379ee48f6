package import MailSyntax

/// A record of the trail, as it is read back.
package struct AuditRecord: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case whole
        /// Its personal fields were erased.
        case erased
    }

    /// Counts from 1.
    package var sequence: Int64
    package var event: AuditEvent
    package var state: State

    package init(sequence: Int64, event: AuditEvent, state: State) {
        self.sequence = sequence
        self.event = event
        self.state = state
    }
}

/// What to look for in the trail; everything that is set must fit.
package struct AuditQuery: Hashable, Sendable {
    /// Canonical address.
    package var account: String?
    package var network: IPNetwork?
    /// A reason code, or another word that records are searched by.
    package var reason: String?
    /// Only successful logins.
    package var isSuccess = false
    package var kind: AuditEvent.Kind?
    package var reference: AuthenticationReference?
    package var since: Timestamp?
    /// Exclusive.
    package var until: Timestamp?
    /// Only records older than this one, for the next page.
    package var before: Position?
    package var limit: Int

    /// Where a page ended. Records are in order of time, then of sequence.
    package struct Position: Hashable, Sendable {
        package var time: Timestamp
        package var sequence: Int64

        package init(time: Timestamp, sequence: Int64) {
            self.time = time
            self.sequence = sequence
        }

        package init(_ record: AuditRecord) {
            self.init(time: record.event.time, sequence: record.sequence)
        }
    }

    package init(limit: Int) {
        self.limit = limit
    }
}

/// How long records are kept, by kind.
package struct AuditRetention: Hashable, Sendable {
    package var authentication: Duration
    /// Locks and gaps too.
    package var administration: Duration
    package var sending: Duration

    package init(
        authentication: Duration = .seconds(90 * 86_400),
        administration: Duration = .seconds(730 * 86_400),
        sending: Duration = .seconds(90 * 86_400)
    ) {
        self.authentication = authentication
        self.administration = administration
        self.sending = sending
    }

    package func duration(_ kind: AuditEvent.Kind) -> Duration {
        switch kind {
        case .authentication: self.authentication
        case .administration, .lockout, .gap: self.administration
        case .sending: self.sending
        }
    }
}

/// The audit trail: append-only, chained, searched. Calls throw ``StoreError``.
package protocol AuditTrail: AuditLog {
    /// Of the key that signs heads: Ed25519, 32 octets.
    var publicKey: [UInt8] { get }

    /// Writes what is waiting, so that what was recorded before is found.
    func flush() async throws

    /// Newest first.
    func search(_ query: AuditQuery) async throws -> [AuditRecord]

    /// Records behind a sequence number, oldest first.
    func records(after sequence: Int64, limit: Int) async throws -> [AuditRecord]

    /// The sequence number of the last record; 0 when there is none.
    func lastSequence() async throws -> Int64

    /// Returns when there are records behind this one, or when the time is up.
    func waitForRecords(after sequence: Int64, timeout: Duration) async throws

    /// Checks every hash, signature and mark.
    ///
    /// - Parameter expected: A head that was noted elsewhere: the chain must contain it.
    func verify(expecting expected: AuditExpectation?) async throws -> AuditVerification

    /// Takes the personal fields of an account's records away; the chain still fits.
    ///
    /// - Returns: How many records had some.
    func erase(account: String, actor: AuditActor) async throws -> Int

    /// Drops the content of records whose time is up; the chain still fits.
    ///
    /// - Returns: How many lost their content.
    func expire(_ retention: AuditRetention, now: Timestamp) async throws -> Int
}

/// A head that was noted elsewhere.
package struct AuditExpectation: Hashable, Sendable {
    package var sequence: Int64
    package var link: AuditHash

    package init(sequence: Int64, link: AuditHash) {
        self.sequence = sequence
        self.link = link
    }

    /// Reads `SEQUENCE:LINK`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = Int64(parts[0]), sequence > 0, let link = AuditHash(parts[1])
        else { return nil }
        self.init(sequence: sequence, link: link)
    }
}
