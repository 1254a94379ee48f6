internal import GatepostModel
internal import MailSyntax

extension Administration {
    /// The longest name of an app password, a token or a certificate, in octets.
    static let maximumNameOctets = 64

    func answerAboutCredentials(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .setMustChange(let name, let mustChange):
            let address = try await self.canonicalAddress(name)
            return try await self.change(
                address,
                mustChange ? "must change the password" : "need not change the password any more"
            ) {
                try await self.accounts.setMustChange(mustChange, of: address)
            }
        case .scramParameters(let name):
            let account = try await self.existing(try await self.canonicalAddress(name))
            let parameters = PasswordDerivation.scramHashes.compactMap { account.scramParameters($0) }
            return .scramParameters(parameters.map { SCRAMParametersRecord($0) })
        case .addCredential(let addition):
            return try await self.add(addition)
        case .revokeCredential(let name, let kind, let credential):
            return try await self.revoke(credential, kind, of: try await self.canonicalAddress(name))
        default:
            throw AdministrationFailure(.invalid, "not a request about credentials")
        }
    }

    private func add(_ addition: CredentialAddition) async throws -> AdministrationResponse {
        let address = try await self.canonicalAddress(addition.address)
        guard addition.kind != .password, let keys = addition.credential.credential, keys.digest != nil else {
            throw AdministrationFailure(.invalid, "the keys cannot be read")
        }
        try self.checkName(addition.name)
        let before = try await self.existing(address)
        let outcome = try await self.accounts.addCredential(
            AddedCredential(
                kind: addition.kind,
                name: addition.name,
                created: self.clock.now(),
                rules: try self.rules(addition.rules),
                keys: keys
            ),
            to: address
        )
        switch outcome {
        case .added:
            await self.hooks.accountChanged(before)
            return .done("\(address): \(addition.kind.noun) '\(addition.name)' added")
        case .noAccount:
            throw self.unknownAccount(address)
        case .exists:
            throw AdministrationFailure(
                .exists,
                "\(address) has an \(addition.kind.noun) '\(addition.name)' already",
                hint: "Choose another name, or end it: gatepost \(addition.kind.rawValue) revoke \(address) --name …"
            )
        }
    }

    private func revoke(
        _ name: String,
        _ kind: CredentialKind,
        of address: String
    ) async throws -> AdministrationResponse {
        let before = try await self.existing(address)
        guard kind != .password,
            let credential = before.credentials.first(where: { $0.kind == kind && $0.name == name })
        else {
            let names = before.credentials.filter { $0.kind == kind }.map { "'\($0.name)'" }
            throw AdministrationFailure(
                .notFound,
                "\(address) has no \(kind.noun) '\(name)'",
                hint: names.isEmpty ? nil : "It has \(names.joined(separator: ", "))."
            )
        }
        guard try await self.accounts.revokeCredential(credential.id, of: address, at: self.clock.now()) != nil else {
            throw AdministrationFailure(.notFound, "\(address) has no \(kind.noun) '\(name)' any more")
        }
        await self.hooks.accountChanged(before)
        return .done("\(address): \(kind.noun) '\(name)' revoked; sessions that it opened send nothing more")
    }

    func checkName(_ name: String) throws {
        guard !name.isEmpty, name.utf8.count <= Administration.maximumNameOctets,
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        else {
            throw AdministrationFailure(
                .invalid,
                "a name must have 1 to \(Administration.maximumNameOctets) octets, none of them a control character"
            )
        }
    }

    private func rules(_ record: CredentialRulesRecord) throws -> CredentialRules {
        CredentialRules(
            expires: record.expires,
            networks: try record.networks.map { text in
                guard let network = IPNetwork(text) else {
                    throw AdministrationFailure(
                        .invalid,
                        "'\(text)' is not a network",
                        hint: "Write an address with its prefix: 192.0.2.0/24 or 2001:db8::/32."
                    )
                }
                return network
            },
            identities: try record.identities.map { try self.identity($0) },
            recipientDomains: try record.recipientDomains.map { text in
                try Domain(parsing: try self.canonicalDomain(text))
            },
            limits: try Administration.limits(record.limits, changing: SendingLimits())
        )
    }
}

extension CredentialKind {
    /// What people call it.
    package var noun: String {
        switch self {
        case .password: "main password"
        case .appPassword: "app password"
        case .apiToken: "API token"
        }
    }
}
