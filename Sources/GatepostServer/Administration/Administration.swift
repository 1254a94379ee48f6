package import GatepostModel
internal import Glibc
package import MailSyntax
internal import SASL

/// Carries out what an operator asks, the same way inside a server and in a command that found none running.
package struct Administration: Sendable {
    /// What the rest of a running server has to hear about.
    package struct Hooks: Sendable {
        /// Keys, state or identities of an account changed, or it is gone: forget what is remembered of it.
        package var accountChanged: @Sendable (Account) async -> Void
        /// Local domains changed.
        package var domainsChanged: @Sendable () async -> Void
        /// Keys that domains sign with changed.
        package var keysChanged: @Sendable () async -> Void
        /// What DNS said last about a key that waits for it.
        package var sighting: @Sendable (DKIMKey) -> DKIMKeyWatch.Sighting?
        /// Recipients fell due: look at the queue now.
        package var queueChanged: @Sendable () async -> Void
        package var status: @Sendable () async -> ServerStatus
        /// Write down what is still noted in memory only: a report is about to read.
        package var beforeReport: @Sendable () async -> Void

        package init(
            accountChanged: @escaping @Sendable (Account) async -> Void,
            domainsChanged: @escaping @Sendable () async -> Void,
            queueChanged: @escaping @Sendable () async -> Void,
            status: @escaping @Sendable () async -> ServerStatus,
            beforeReport: @escaping @Sendable () async -> Void = {},
            keysChanged: @escaping @Sendable () async -> Void = {},
            sighting: @escaping @Sendable (DKIMKey) -> DKIMKeyWatch.Sighting? = { _ in nil }
        ) {
            self.accountChanged = accountChanged
            self.domainsChanged = domainsChanged
            self.queueChanged = queueChanged
            self.status = status
            self.beforeReport = beforeReport
            self.keysChanged = keysChanged
            self.sighting = sighting
        }

        /// For a command that works on the stores itself: nobody listens.
        package static func offline(version: String, hostname: String) -> Hooks {
            Hooks(
                accountChanged: { _ in },
                domainsChanged: {},
                queueChanged: {},
                status: {
                    ServerStatus(
                        version: version,
                        hostname: hostname,
                        processIdentifier: 0,
                        started: nil,
                        listeners: [],
                        counters: [:]
                    )
                }
            )
        }
    }

    /// The key that seals stored secrets, and where its file is.
    package struct MasterKeys: Sendable {
        let directory: String
        let keyring: MasterKeyring

        package init(directory: String, keyring: MasterKeyring) {
            self.directory = directory
            self.keyring = keyring
        }
    }

    let accounts: any AccountStore
    let queue: any QueueStore
    let inboxes: any SandboxStore
    let clock: any WallClock
    /// The directory of ``MessageContent/file(name:octets:)``.
    let spool: String
    let masterKeys: MasterKeys
    let defaultDomain: String?
    /// What is known of this host that domains publish; nil where nothing is.
    let host: DomainRecords.Host?
    let policy: PasswordPolicy
    let hooks: Hooks
    /// What aliases are checked by.
    let recipients: RecipientRules
    /// nil where no server runs.
    let loginGuard: LoginGuard?
    /// Of accounts about which nothing else is said.
    let sendingRules: SendingLedger.Rules
    let trail: any AuditTrail
    /// nil where none are kept.
    var reports: (any ReportStore)?
    /// Where our own mail comes from, as reports see it.
    var ownAddresses: Set<IPAddress> = []
    /// nil where there is nothing to simulate with.
    let simulate: (@Sendable (SimulationRequest) async throws -> SimulationReport)?
    /// Who asks.
    private(set) var actor = AuditActor.server

    package init(
        accounts: any AccountStore,
        queue: any QueueStore,
        inboxes: any SandboxStore,
        clock: any WallClock,
        spool: String,
        masterKeys: MasterKeys,
        defaultDomain: String?,
        host: DomainRecords.Host? = nil,
        policy: PasswordPolicy = PasswordPolicy(),
        hooks: Hooks,
        recipients: RecipientRules = RecipientRules(hostname: ""),
        loginGuard: LoginGuard? = nil,
        sendingRules: SendingLedger.Rules = SendingLedger.Rules(),
        trail: any AuditTrail,
        simulate: (@Sendable (SimulationRequest) async throws -> SimulationReport)? = nil
    ) {
        self.accounts = accounts
        self.queue = queue
        self.inboxes = inboxes
        self.clock = clock
        self.spool = spool
        self.masterKeys = masterKeys
        self.defaultDomain = defaultDomain
        self.host = host
        self.policy = policy
        self.hooks = hooks
        self.recipients = recipients
        self.loginGuard = loginGuard
        self.sendingRules = sendingRules
        self.trail = trail
        self.simulate = simulate
    }

    /// The same, with the reports of a store.
    package func with(_ reports: any ReportStore, ownAddresses: Set<IPAddress>) -> Administration {
        var copy = self
        copy.reports = reports
        copy.ownAddresses = ownAddresses
        return copy
    }

    /// The same for somebody, whom the audit trail then names.
    package func acting(as actor: AuditActor) -> Administration {
        var copy = self
        copy.actor = actor
        return copy
    }

    /// Carries out one request, once the audit trail has it on disk. Trouble of any kind is a ``AdministrationResponse/failure(_:)``.
    package func perform(_ request: AdministrationRequest) async -> AdministrationResponse {
        let events = await self.events(of: request)
        let response = await self.response(to: request, events)
        self.recordFailures(of: events, response)
        return response
    }

    private func response(
        to request: AdministrationRequest,
        _ events: [AdministrationEvent]
    ) async -> AdministrationResponse {
        do {
            try await self.record(events)
            return try await self.answer(request)
        } catch let failure as AdministrationFailure {
            return .failure(failure)
        } catch let error as StoreError {
            let kind: AdministrationFailure.Kind =
                switch error.code {
                case .noSpace: .noSpace
                case .unavailable, .inUse: .unavailable
                case .damaged: .failed
                }
            return .failure(AdministrationFailure(kind, "\(error)"))
        } catch {
            return .failure(AdministrationFailure(.failed, "\(error)"))
        }
    }

    private func answer(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .status: return try await self.status()
        case .resolve, .addAccounts, .listAccounts, .showAccount, .setPassword, .setEnabled, .setSandbox,
            .removeAccount,
            .grant, .revoke, .exportAccounts:
            return try await self.answerAboutAccounts(request)
        case .setMustChange, .scramParameters, .addCredential, .revokeCredential:
            return try await self.answerAboutCredentials(request)
        case .setSecondFactor, .confirmSecondFactor, .removeSecondFactor, .showSecondFactor:
            return try await self.answerAboutSecondFactors(request)
        case .addCertificate, .removeCertificate: return try await self.answerAboutCertificates(request)
        case .rotateKey: return try await self.rotateKey()
        case .setLimits, .showLimits: return try await self.answerAboutLimits(request)
        case .addDomain, .listDomains, .showDomain, .removeDomain, .domainRecords:
            return try await self.answerAboutDomains(request)
        case .dkim(let request): return try await self.answer(request)
        case .aggregateReports, .tlsReports, .importReport: return try await self.answerAboutReports(request)
        case .setAlias, .listAliases, .showAlias, .removeAlias: return try await self.answerAboutAliases(request)
        case .listQueue, .showMessage, .changeQueue, .queueStatistics: return try await self.answerAboutQueue(request)
        case .listLocks, .liftLocks, .unlockAccount: return try await self.answerAboutLocks(request)
        case .listInbox, .showInbox, .waitForInbox, .clearInbox: return try await self.answerAboutInboxes(request)
        case .listAudit, .readAudit, .explainLogin, .verifyAudit, .eraseAccount:
            return try await self.answerAboutAudit(request)
        case .simulate(let request):
            guard let simulate else {
                throw AdministrationFailure(.unavailable, "nothing can be simulated here")
            }
            return .simulation(try await simulate(request))
        }
    }

    private func status() async throws -> AdministrationResponse {
        var status = await self.hooks.status()
        status.accounts = try await self.accounts.accountCount()
        status.queue = QueueReport(try await self.queue.statistics())
        return .status(status)
    }

    // MARK: What requests name

    /// A login name as accounts are kept: with a domain, in lower case.
    func canonicalAddress(_ name: String) async throws -> String {
        var text = name
        if !name.utf8.contains(UInt8(ascii: "@")) {
            var domain = self.defaultDomain
            if domain == nil {
                let domains = try await self.accounts.domains()
                if domains.count == 1 { domain = domains.first }
            }
            guard let domain else {
                throw AdministrationFailure(
                    .invalid,
                    "'\(name)' has no domain",
                    hint: "Write \(name)@example.org, or set authentication.defaultDomain."
                )
            }
            text += "@\(domain)"
        }
        do {
            let mailbox = try Mailbox(parsing: text)
            guard case .name = mailbox.domain else {
                throw AdministrationFailure(.invalid, "'\(name)' has an address literal in place of a domain")
            }
            return mailbox.canonical
        } catch let error as MailSyntaxError {
            throw AdministrationFailure(.invalid, "'\(name)' is not a mail address: \(error)")
        }
    }

    func canonicalDomain(_ text: String) throws -> String {
        do {
            guard case .name(let name) = try Domain(parsing: text).lowercased else {
                throw AdministrationFailure(.invalid, "'\(text)' is an address, not a domain")
            }
            return name
        } catch let error as MailSyntaxError {
            throw AdministrationFailure(.invalid, "'\(text)' is not a domain name: \(error)")
        }
    }

    func identifier(_ text: String) throws -> MessageIdentifier {
        guard let identifier = MessageIdentifier(text) else {
            throw AdministrationFailure(
                .invalid,
                "'\(text)' is not a message identifier",
                hint: "gatepost queue list and gatepost inbox list show them."
            )
        }
        return identifier
    }

    static func page(_ limit: Int) -> Int {
        min(max(limit, 1), AdministrationRequest.maximumPage)
    }
}
