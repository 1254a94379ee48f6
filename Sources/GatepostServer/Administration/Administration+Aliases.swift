package import GatepostModel
internal import MailSyntax

/// An alias as reports show it.
package struct AliasReport: Codable, Sendable, Hashable {
    /// `@example.org` stands for all that the domain does not have otherwise.
    package var address: String
    package var targets: [String]

    package init(_ alias: Alias) {
        self.address = alias.address
        self.targets = alias.targets.map(\.description)
    }
}

extension Administration {
    func answerAboutAliases(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .setAlias(let address, let targets):
            var alias = Alias(address: try await self.aliasAddress(address), targets: [])
            for target in targets {
                let mailbox = try await self.mailbox(target)
                if !alias.targets.contains(mailbox) { alias.targets.append(mailbox) }
            }
            if let fault = try await self.recipients.fault(of: alias, in: self.accounts) {
                throw self.failure(fault, of: alias)
            }
            let isNew = try await self.accounts.setAlias(alias)
            let targets = alias.targets.map(\.description).joined(separator: ", ")
            return .done("\(alias.address): \(isNew ? "" : "now ")goes to \(targets)")
        case .listAliases(let after, let limit):
            let page = try await self.accounts.aliases(after: after, limit: Administration.page(limit))
            return .aliases(page.map { AliasReport($0) })
        case .showAlias(let text):
            let address = try await self.aliasAddress(text)
            guard let alias = try await self.accounts.alias(address) else { throw self.noAlias(address) }
            return .aliases([AliasReport(alias)])
        case .removeAlias(let text):
            let address = try await self.aliasAddress(text)
            guard try await self.accounts.removeAlias(address) else { throw self.noAlias(address) }
            return .done("\(address): no alias any more")
        default:
            throw AdministrationFailure(.invalid, "not a request about aliases")
        }
    }

    /// With the default domain where there is none.
    private func aliasAddress(_ text: String) async throws -> String {
        if let address = Alias.canonical(text) { return address }
        return try await self.canonicalAddress(text)
    }

    /// The letters of a target elsewhere are its own host's affair.
    private func mailbox(_ text: String) async throws -> Mailbox {
        do {
            return try Mailbox(parsing: text.utf8.contains(ASCII.at) ? text : try await self.canonicalAddress(text))
        } catch let error as MailSyntaxError {
            throw AdministrationFailure(.invalid, "'\(text)' is not a mail address: \(error)")
        }
    }

    private func failure(_ fault: AliasFault, of alias: Alias) -> AdministrationFailure {
        let hint: String? =
            switch fault {
            case .domainNotLocal(let domain): "gatepost domain add \(domain) makes it local."
            case .unknownTarget(let address): "gatepost account add \(address) makes it an account."
            case .loop, .tooDeep: "gatepost alias list shows what is there."
            case .noTargets, .tooManyTargets: nil
            }
        return AdministrationFailure(.invalid, "\(alias.address): \(fault)", hint: hint)
    }

    private func noAlias(_ address: String) -> AdministrationFailure {
        AdministrationFailure(.notFound, "\(address) is no alias", hint: "gatepost alias list shows them.")
    }
}
