internal import GatepostModel
internal import GatepostServer

/// Prints the credentials of one kind, of one account or all.
struct CredentialList {
    var kind: CredentialKind
    var address: String?
    var store: StoreOptions

    private struct Item: Encodable {
        var account: String
        var credential: CredentialReport

        private enum Key: String, CodingKey { case account }

        func encode(to encoder: any Encoder) throws {
            try self.credential.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(self.account, forKey: .account)
        }
    }

    func run() async throws {
        try await self.store.withSession { session, _ in
            let accounts = try await self.accounts(session)
            let items = accounts.flatMap { account in
                account.credentials.filter { $0.kind == self.kind }.map {
                    Item(account: account.address, credential: $0)
                }
            }
            if self.store.json { return try Terminal.json(items) }
            Terminal.table(
                ["ACCOUNT", "NAME", "STATE", "EXPIRES", "LIMITS", "LAST USE"],
                items.map { item in
                    [
                        item.account, item.credential.name, item.credential.state, item.credential.expires ?? "never",
                        item.credential.limitWords.isEmpty
                            ? "none" : item.credential.limitWords.joined(separator: "; "),
                        item.credential.lastUseText,
                    ]
                }
            )
            if items.isEmpty {
                Terminal.message(
                    "no \(self.kind.noun)s; 'gatepost \(self.kind.rawValue) add ADDRESS --name N' makes one"
                )
            }
        }
    }

    private func accounts(_ session: AdministrationSession) async throws -> [AccountReport] {
        if let address = self.address {
            guard case .accounts(let accounts) = try await session.perform(.showAccount(address: address)) else {
                throw StoreOptions.misunderstood
            }
            return accounts
        }
        return try await session.pages(
            { .listAccounts(after: $0, limit: AdministrationRequest.maximumPage) },
            { if case .accounts(let page) = $0 { page } else { nil } },
            key: { $0.address }
        )
    }
}

extension CredentialReport {
    /// What it is limited to, in words.
    var limitWords: [String] {
        var limits: [String] = []
        if !self.networks.isEmpty { limits.append("from \(self.networks.joined(separator: " "))") }
        if !self.identities.isEmpty { limits.append("as \(self.identities.joined(separator: " "))") }
        if !self.recipientDomains.isEmpty { limits.append("to \(self.recipientDomains.joined(separator: " "))") }
        for limit in SendingLimit.allCases {
            if let count = self.limits[limit.rawValue] ?? nil { limits.append("\(count) \(limit.phrase)") }
        }
        return limits
    }

    var lastUseText: String {
        guard let use = self.lastUse else { return "never seen" }
        return use.time + (use.address.map { " from \($0)" } ?? " on this host")
    }

    /// One line for `account show`.
    var line: String {
        var parts = [self.kind.noun + (self.name.isEmpty ? "" : " '\(Terminal.visible(self.name))'"), self.state]
        if let expires = self.expires { parts.append("expires \(expires)") }
        parts += self.limitWords
        parts.append("last use: \(self.lastUseText)")
        if self.kind != .apiToken {
            parts.append(self.mechanisms.isEmpty ? "no keys" : self.mechanisms.joined(separator: " "))
        }
        return parts.joined(separator: ", ")
    }
}
