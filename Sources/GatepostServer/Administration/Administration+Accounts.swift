internal import GatepostModel
internal import MailSyntax

extension Administration {
    func answerAboutAccounts(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .resolve(let name):
            return .address(try await self.canonicalAddress(name))
        case .addAccounts(let additions):
            return try await self.add(additions)
        case .listAccounts(let after, let limit):
            await self.hooks.beforeReport()
            let accounts = try await self.accounts.list(after: after, limit: Administration.page(limit))
            var reports: [AccountReport] = []
            for account in accounts { reports.append(try await self.report(account)) }
            return .accounts(reports)
        case .showAccount(let name):
            let address = try await self.canonicalAddress(name)
            await self.hooks.beforeReport()
            return .accounts([try await self.report(try await self.existing(address))])
        case .setPassword(let name, let record, let mustChange):
            let address = try await self.canonicalAddress(name)
            guard let credential = record.credential else {
                throw AdministrationFailure(.invalid, "the keys cannot be read")
            }
            let before = try await self.existing(address)
            if self.policy.refusesReuse, before.had(credential) {
                throw AdministrationFailure(
                    .invalid,
                    "\(address): the account had this password before",
                    hint: "authentication.passwordPolicy.refuseReuse forbids it."
                )
            }
            let change = PasswordChange(
                time: self.clock.now(),
                mustChange: mustChange,
                remembering: self.policy.remember
            )
            guard try await self.accounts.setPassword(credential, of: address, change) != nil else {
                throw self.unknownAccount(address)
            }
            await self.hooks.accountChanged(before)
            self.loginGuard?.secretChanged(account: address)
            try await self.checkSeal(credential, of: address)
            return .done(
                "\(address): new password"
                    + (mustChange ? ", to be changed before the mail protocols take it" : "")
            )
        case .setEnabled(let name, let isEnabled):
            let address = try await self.canonicalAddress(name)
            return try await self.change(address, isEnabled ? "enabled" : "disabled") {
                try await self.accounts.setEnabled(isEnabled, of: address)
            }
        case .setSandbox(let name, let isSandbox):
            let address = try await self.canonicalAddress(name)
            return try await self.change(address, isSandbox ? "is a sandbox now" : "is no sandbox any more") {
                try await self.accounts.setSandbox(isSandbox, of: address)
            }
        case .removeAccount(let name):
            let address = try await self.canonicalAddress(name)
            guard let removed = try await self.accounts.remove(address: address) else {
                throw self.unknownAccount(address)
            }
            await self.hooks.accountChanged(removed)
            self.loginGuard?.removed(account: address)
            return .done("\(address): removed")
        case .grant(let name, let pattern):
            let address = try await self.canonicalAddress(name)
            let identity = try self.identity(pattern)
            return try await self.change(address, "may send as \(identity)") {
                try await self.accounts.grant(identity, to: address)
            }
        case .revoke(let name, let pattern):
            let address = try await self.canonicalAddress(name)
            let identity = try self.identity(pattern)
            let account = try await self.existing(address)
            guard try await self.accounts.revoke(identity, from: address) else {
                throw AdministrationFailure(.notFound, "\(address) was not granted \(identity)")
            }
            await self.hooks.accountChanged(account)
            return .done("\(address): may no longer send as \(identity)")
        case .exportAccounts(let after, let limit):
            let accounts = try await self.accounts.list(after: after, limit: Administration.page(limit))
            return .credentials(accounts.map { CredentialExport($0) })
        default:
            throw AdministrationFailure(.invalid, "not a request about accounts")
        }
    }

    private func report(_ account: Account) async throws -> AccountReport {
        AccountReport(
            account,
            uses: try await self.accounts.uses(of: account.address),
            certificates: try await self.accounts.certificates(of: account.address),
            now: self.clock.now()
        )
    }

    private func add(_ additions: [AccountAddition]) async throws -> AdministrationResponse {
        let domains = Set(try await self.accounts.domains())
        var reports: [AdditionReport] = []
        for addition in additions {
            let address = try await self.canonicalAddress(addition.address)
            guard let credential = addition.credential.credential else {
                throw AdministrationFailure(.invalid, "\(address): the keys cannot be read")
            }
            let account = NewAccount(
                address: address,
                credential: credential,
                isSandbox: addition.isSandbox,
                created: self.clock.now()
            )
            if let added = try await self.accounts.add(account) {
                await self.hooks.accountChanged(added)
                try await self.checkSeal(credential, of: address)
                let domain = address.split(separator: "@").last.map(String.init) ?? ""
                let note =
                    domains.contains(domain) ? nil : "\(domain) is not a local domain: mail to it leaves this host"
                reports.append(AdditionReport(address: address, added: true, note: note))
            } else {
                reports.append(AdditionReport(address: address, added: false, note: "exists already"))
            }
        }
        return .additions(reports)
    }

    func change(
        _ address: String,
        _ what: String,
        _ body: () async throws -> Bool
    ) async throws -> AdministrationResponse {
        let before = try await self.existing(address)
        guard try await body() else { throw self.unknownAccount(address) }
        await self.hooks.accountChanged(before)
        return .done("\(address): \(what)")
    }

    func existing(_ address: String) async throws -> Account {
        guard let account = try await self.accounts.account(address: address) else {
            throw self.unknownAccount(address)
        }
        return account
    }

    func unknownAccount(_ address: String) -> AdministrationFailure {
        AdministrationFailure(
            .notFound,
            "there is no account \(address)",
            hint: "gatepost account list shows them all; gatepost account add \(address) makes it."
        )
    }

    func identity(_ text: String) throws -> IdentityPattern {
        guard let identity = IdentityPattern(text) else {
            throw AdministrationFailure(
                .invalid,
                "'\(text)' is not an identity",
                hint: "Write an address, or *@example.org for every address of a domain."
            )
        }
        return identity
    }
}
