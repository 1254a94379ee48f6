internal import GatepostModel

extension Administration {
    func answerAboutDomains(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .addDomain(let text):
            let domain = try self.canonicalDomain(text)
            guard try await self.accounts.addDomain(domain) else {
                throw AdministrationFailure(.exists, "\(domain) is a local domain already")
            }
            await self.hooks.domainsChanged()
            return .done("\(domain): local")
        case .listDomains:
            return .domains(try await self.accounts.domains().map { DomainReport(domain: $0) })
        case .showDomain(let text):
            let domain = try self.canonicalDomain(text)
            guard try await self.accounts.domains().contains(domain) else { throw self.unknown(domain) }
            return .domains([DomainReport(domain: domain, accounts: try await self.countAccounts(of: domain))])
        case .removeDomain(let text):
            let domain = try self.canonicalDomain(text)
            guard try await self.accounts.removeDomain(domain) else { throw self.unknown(domain) }
            await self.hooks.domainsChanged()
            let accounts = try await self.countAccounts(of: domain)
            return .done("\(domain): no longer local" + (accounts > 0 ? " (its \(accounts) accounts stay)" : ""))
        default:
            throw AdministrationFailure(.invalid, "not a request about domains")
        }
    }

    private func countAccounts(of domain: String) async throws -> Int {
        var count = 0
        var last: String?
        while true {
            let page = try await self.accounts.list(after: last, limit: AdministrationRequest.maximumPage)
            guard let end = page.last else { return count }
            count += page.count { $0.address.hasSuffix("@\(domain)") }
            last = end.address
        }
    }

    private func unknown(_ domain: String) -> AdministrationFailure {
        AdministrationFailure(.notFound, "\(domain) is not a local domain", hint: "gatepost domain list shows them.")
    }
}
