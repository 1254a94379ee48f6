package import GatepostModel

/// What an operator may ask of a server, over its control socket or, where none runs, of the stores directly.
///
/// One request is one line of JSON; each is answered by one ``AdministrationResponse``.
package enum AdministrationRequest: Codable, Sendable, Hashable {
    case status

    /// What a login name stands for: completes the domain and lowers the case.
    case resolve(name: String)
    case addAccounts([AccountAddition])
    /// Accounts in order of address, those behind `after`.
    case listAccounts(after: String?, limit: Int)
    case showAccount(address: String)
    case setPassword(address: String, credential: CredentialRecord, mustChange: Bool = false)
    /// Whether the main password must be changed before it lets anybody in.
    case setMustChange(address: String, mustChange: Bool)
    case setEnabled(address: String, isEnabled: Bool)
    case setSandbox(address: String, isSandbox: Bool)
    case removeAccount(address: String)
    case grant(address: String, identity: String)
    case revoke(address: String, identity: String)
    /// By name: a number (for `messageSize` also such as 10MiB), `none`, or `default`. Others stay as they are.
    case setLimits(address: String, limits: [String: String])
    case showLimits(address: String)
    case exportAccounts(after: String?, limit: Int)

    /// What new SCRAM keys of the account are to be made with.
    case scramParameters(address: String)
    case addCredential(CredentialAddition)
    case revokeCredential(address: String, kind: CredentialKind, name: String)
    /// A second factor that its owner has still to confirm.
    case setSecondFactor(address: String, SecondFactorRecord)
    /// - Parameter recoveryCodes: Their digests in base64.
    case confirmSecondFactor(address: String, code: String, recoveryCodes: [String])
    case removeSecondFactor(address: String)
    case showSecondFactor(address: String)
    case addCertificate(address: String, CertificateRecord)
    /// By name or fingerprint.
    case removeCertificate(address: String, certificate: String)

    /// Makes a new master key and seals all stored secrets again.
    case rotateKey

    case addDomain(String)
    case listDomains
    case showDomain(String)
    case removeDomain(String)
    /// What to publish about a local domain.
    case domainRecords(String)

    case dkim(DKIMRequest)

    case aggregateReports(String, since: Timestamp)
    case tlsReports(String, since: Timestamp)
    case importReport(ReportRecord)
    /// An address of a local domain, or `@domain` for all that it does not have. Replaces the targets where the alias is there.
    case setAlias(address: String, targets: [String])
    /// Aliases in order of address, those behind `after`.
    case listAliases(after: String?, limit: Int)
    case showAlias(address: String)
    case removeAlias(address: String)

    case listQueue(QueueFilter, after: String?, limit: Int)
    case showMessage(identifier: String)
    case changeQueue(QueueChange, QueueFilter)
    case queueStatistics

    case listInbox(account: String?, limit: Int)
    case showInbox(identifier: String)
    case waitForInbox(InboxQuery)
    case clearInbox(account: String?)

    case listLocks
    /// Of an account, or of an address or network.
    case liftLocks(target: String)
    case unlockAccount(name: String)

    /// Records of the audit trail, newest first, those behind `before`.
    case listAudit(AuditFilter, before: AuditCursor?, limit: Int)
    /// Records in order, those behind `after`; waits so long for one when there is none.
    case readAudit(AuditFilter, after: Int64, limit: Int, timeoutMilliseconds: Int64)
    case explainLogin(reference: String)
    /// - Parameter head: One that was noted elsewhere.
    case verifyAudit(head: String?)
    case simulate(SimulationRequest)
    /// Removes an account and what the trail says of a person.
    case eraseAccount(address: String)

    /// The most accounts, domains or messages that one response holds.
    package static let maximumPage = 500
}

/// An account to be made, with its keys already derived: the password itself never crosses the socket.
package struct AccountAddition: Codable, Sendable, Hashable {
    package var address: String
    package var isSandbox: Bool
    package var credential: CredentialRecord

    package init(address: String, isSandbox: Bool, credential: CredentialRecord) {
        self.address = address
        self.isSandbox = isSandbox
        self.credential = credential
    }
}

/// Which messages a queue verb is about; all of them when nothing is set.
package struct QueueFilter: Codable, Sendable, Hashable {
    package var identifier: String?
    package var domain: String?
    package var account: String?

    package init(identifier: String? = nil, domain: String? = nil, account: String? = nil) {
        self.identifier = identifier
        self.domain = domain
        self.account = account
    }
}

package enum QueueChange: String, Codable, Sendable, Hashable {
    case hold
    case release
    case retry
    case cancel
}

/// Waits until a message is in a sandbox inbox.
package struct InboxQuery: Codable, Sendable, Hashable {
    package var account: String?
    /// Part of the subject.
    package var subject: String?
    /// Only messages behind this one.
    package var after: String?
    package var timeoutMilliseconds: Int64

    package init(account: String?, subject: String?, after: String?, timeoutMilliseconds: Int64) {
        self.account = account
        self.subject = subject
        self.after = after
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

package enum AdministrationResponse: Codable, Sendable, Hashable {
    /// The text is for people.
    case done(String)
    case failure(AdministrationFailure)
    case status(ServerStatus)
    case address(String)
    case accounts([AccountReport])
    case limits(LimitsReport)
    case additions([AdditionReport])
    case credentials([CredentialExport])
    case scramParameters([SCRAMParametersRecord])
    case secondFactor(SecondFactorReport)
    case domains([DomainReport])
    case aggregateReports(AggregateReportsReport)
    case tlsReports(TLSReportsReport)
    case reportAddition(ReportAddition)
    case domainRecords(DomainRecords)
    case dkimKeys([DKIMKeyReport])
    case aliases([AliasReport])
    case messages([MessageReport])
    case changed(recipients: Int)
    case statistics(QueueReport)
    case inbox([InboxReport])
    /// In force, or just lifted.
    case locks([LockReport])
    case inboxMessage(InboxReport, ContentReport)
    case audit([AuditReport])
    /// Those that the filter lets pass; reading goes on behind `next`.
    case auditPage([AuditReport], next: Int64)
    case explanation(Explanation)
    case verification(AuditVerificationReport)
    case simulation(SimulationReport)
    /// The time of a wait is up.
    case nothing
}

/// Why a request was not carried out.
package struct AdministrationFailure: Codable, Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Codable, Sendable, Hashable {
        case notFound
        case exists
        /// The request makes no sense: a bad address, a bad identifier.
        case invalid
        case noSpace
        /// The store is locked or damaged.
        case unavailable
        case failed
    }

    package var kind: Kind
    package var message: String
    package var hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var description: String {
        self.hint.map { "\(self.message)\n  \($0)" } ?? self.message
    }
}
