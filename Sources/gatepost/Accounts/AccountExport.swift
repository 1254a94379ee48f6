internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct AccountExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print all accounts with their hashes, or everything that is kept about one.",
        discussion: """
            Without an address: name:hash lines, with the Argon2id or foreign hash. The output is a password file: keep it where only \
            you can read it.

            With an address: one JSON document for the account's owner: the account and its credentials without secrets, its messages in \
            the queue and in its inbox, and its records in the audit trail.
            """
    )

    @Argument(help: "The account whose data to print. [all accounts' hashes]")
    var address: String?

    @OptionGroup var store: StoreOptions

    /// Everything that is kept about one account.
    private struct Report: Encodable {
        var account: AccountReport?
        var queue: [MessageReport]
        var inbox: [InboxReport]
        var audit: [AuditReport]
    }

    func run() async throws {
        try await self.store.withSession { session, _ in
            if let address = self.address {
                try await self.exportOne(try await session.canonicalAddress(address), session)
            } else {
                try await self.exportHashes(session)
            }
        }
    }

    private func exportHashes(_ session: AdministrationSession) async throws {
        let accounts = try await session.pages(
            { .exportAccounts(after: $0, limit: AdministrationRequest.maximumPage) },
            { if case .credentials(let page) = $0 { page } else { nil } },
            key: { $0.address }
        )
        if self.store.json { return try Terminal.json(accounts) }
        for account in accounts {
            guard let hash = account.argon2id ?? account.foreignHash else {
                Terminal.message("\(account.address): has no password")
                continue
            }
            Terminal.result("\(account.address):\(hash)")
        }
    }

    private func exportOne(_ address: String, _ session: AdministrationSession) async throws {
        var report = Report(account: nil, queue: [], inbox: [], audit: [])
        do {
            if case .accounts(let accounts) = try await session.perform(.showAccount(address: address)) {
                report.account = accounts.first
            }
        } catch let failure as AdministrationFailure where failure.kind == .notFound {
            // The account may be gone, and records of it are kept.
        }
        report.queue = try await session.pages(
            { .listQueue(QueueFilter(account: address), after: $0, limit: AdministrationRequest.maximumPage) },
            { if case .messages(let page) = $0 { page } else { nil } },
            key: { $0.identifier }
        )
        if case .inbox(let messages) = try await session.perform(
            .listInbox(account: address, limit: AdministrationRequest.maximumPage)
        ) {
            report.inbox = messages
        }
        var filter = AuditFilter()
        filter.account = address
        report.audit = try await session.auditRecords(filter, limit: .max)
        try Terminal.json(report)
    }
}

struct AccountErase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Remove an account and everything that is kept about it.",
        discussion: """
            The account with its credentials, the messages in its inbox, and the names, addresses and login names in its records of the \
            audit trail go; the records themselves stay, and 'gatepost audit verify' still holds. What it sent and is still queued is \
            delivered, or cancelled with 'gatepost queue cancel'. This cannot be undone.
            """
    )

    @Argument(help: "The account, or an address that had one.")
    var address: String

    @Flag(name: .long, help: "Do it without asking.")
    var yes = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        if !self.yes {
            guard try PasswordInput.confirm("Erase \(self.address) for good? Type the address again: ", self.address)
            else {
                throw Failure(.no, "nothing was erased\n  --yes does it without asking")
            }
        }
        try await self.store.change(.eraseAccount(address: self.address))
    }
}
