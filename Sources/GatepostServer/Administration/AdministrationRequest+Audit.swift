internal import GatepostModel

extension AdministrationRequest {
    /// What the audit trail says about the request before it is carried out; empty for those that only look.
    ///
    /// Without `default`: a new request has to say here what becomes of it.
    func events(actor: AuditActor, now: Timestamp) -> [AdministrationEvent] {
        func event(_ action: String, _ account: String? = nil, _ subject: String? = nil) -> [AdministrationEvent] {
            [AdministrationEvent(time: now, actor: actor, action: action, account: account, subject: subject)]
        }
        switch self {
        case .status, .resolve, .listAccounts, .showAccount, .listDomains, .showDomain, .listQueue, .showMessage,
            .queueStatistics, .listInbox, .waitForInbox, .listAudit, .readAudit, .explainLogin, .verifyAudit,
            .scramParameters, .showSecondFactor, .showLimits, .listLocks, .simulate, .listAliases, .showAlias,
            .aggregateReports, .tlsReports, .domainRecords:
            return []
        // The login guard says what it lifts.
        case .liftLocks, .unlockAccount:
            return []
        case .eraseAccount:
            // Says so itself, afterwards and without the address.
            return []
        case .addAccounts(let additions):
            return additions.flatMap { event("account add", $0.address) }
        case .setPassword(let address, _, let mustChange):
            return event("account password", address, mustChange ? "to be changed" : nil)
        case .setMustChange(let address, let mustChange):
            return event("account must-change", address, mustChange ? "on" : "off")
        case .addCredential(let addition):
            return event("\(addition.kind.rawValue) add", addition.address, addition.name)
        case .revokeCredential(let address, let kind, let name): return event("\(kind.rawValue) revoke", address, name)
        case .setSecondFactor(let address, _): return event("account mfa enable", address)
        case .confirmSecondFactor(let address, _, _): return event("account mfa confirm", address)
        case .removeSecondFactor(let address): return event("account mfa disable", address)
        case .addCertificate(let address, let record): return event("account certificate add", address, record.name)
        case .removeCertificate(let address, let certificate):
            return event("account certificate remove", address, certificate)
        case .setEnabled(let address, let isEnabled):
            return event(isEnabled ? "account enable" : "account disable", address)
        case .setSandbox(let address, let isSandbox):
            return event("account sandbox", address, isSandbox ? "on" : "off")
        case .removeAccount(let address): return event("account remove", address)
        case .grant(let address, let identity): return event("account grant", address, identity)
        case .revoke(let address, let identity): return event("account revoke", address, identity)
        case .setLimits(let address, let limits):
            let text = limits.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            return event("account limits", address, text)
        // Hashes leave the server.
        case .exportAccounts(nil, _): return event("account export")
        case .exportAccounts: return []
        case .rotateKey: return event("rotate-key")
        case .dkim(let request):
            guard let action = request.action else { return [] }
            return event(action.name, nil, action.subject)
        case .addDomain(let domain): return event("domain add", nil, domain)
        case .removeDomain(let domain): return event("domain remove", nil, domain)
        case .importReport(let report): return event("domain reports import", nil, report.domain)
        case .setAlias(let address, let targets):
            return event("alias add", nil, "\(address) → \(targets.joined(separator: ", "))")
        case .removeAlias(let address): return event("alias remove", nil, address)
        case .changeQueue(let change, let filter):
            let subject = filter.identifier ?? filter.domain.map { "domain \($0)" }
            return event("queue \(change.rawValue)", filter.account, subject ?? (filter.account == nil ? "all" : nil))
        case .showInbox(let identifier): return event("inbox show", nil, identifier)
        case .clearInbox(let account): return event("inbox clear", account)
        }
    }
}
