internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct AccountCertificate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "TLS client certificates that log an account in (EXTERNAL).",
        subcommands: [AccountCertificateAdd.self, AccountCertificateList.self, AccountCertificateRemove.self]
    )
}

struct AccountCertificateAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a certificate's public key.",
        discussion: "A certificate that is renewed with the same key needs no new registration."
    )

    @Argument(help: "The account.")
    var address: String

    @Argument(help: "The certificate (PEM).", completion: .file())
    var file: String

    @Option(name: .long, help: "What it is for. [its subject]")
    var name: String?

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let text = String(decoding: try LocalFile.read(self.file), as: UTF8.self)
        let certificate: ClientCertificate
        do {
            certificate = try ClientCertificate(pem: text)
        } catch {
            throw Failure(.badInput, "\(self.file) holds no certificate that can be read (PEM): \(error)")
        }
        guard certificate.expires > SystemClock().now() else {
            throw Failure(.badInput, "\(self.file) expired on \(certificate.expires)")
        }
        try await self.store.change(
            .addCertificate(
                address: self.address,
                CertificateRecord(
                    name: self.name ?? String(certificate.subject.prefix(60)),
                    subject: certificate.subject,
                    fingerprint: certificate.fingerprint,
                    expires: certificate.expires
                )
            )
        )
    }
}

struct AccountCertificateList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List an account's registered certificates."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .accounts(let accounts) = try await session.perform(.showAccount(address: self.address)),
                let account = accounts.first
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(account.certificates) }
            Terminal.table(
                ["NAME", "SUBJECT", "EXPIRES", "SHA-256 OF THE KEY"],
                account.certificates.map {
                    [$0.name, $0.subject, $0.expires + ($0.isExpired ? " (expired)" : ""), $0.fingerprint]
                }
            )
            if account.certificates.isEmpty { Terminal.message("\(account.address) has no registered certificate") }
        }
    }
}

struct AccountCertificateRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Take a registration back.")

    @Argument(help: "The account.")
    var address: String

    @Argument(help: "The certificate's name or the SHA-256 of its key.")
    var certificate: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.removeCertificate(address: self.address, certificate: self.certificate))
    }
}
