internal import DNSClient
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
            return .domains([
                DomainReport(
                    domain: domain,
                    accounts: try await self.countAccounts(of: domain),
                    keys: try await self.reports(of: domain)
                )
            ])
        case .removeDomain(let text):
            let domain = try self.canonicalDomain(text)
            guard try await self.accounts.removeDomain(domain) else { throw self.unknown(domain) }
            await self.hooks.domainsChanged()
            let accounts = try await self.countAccounts(of: domain)
            return .done("\(domain): no longer local" + (accounts > 0 ? " (its \(accounts) accounts stay)" : ""))
        case .domainRecords(let text):
            let domain = try await self.localDomain(text)
            guard let host = self.host else {
                throw AdministrationFailure(.unavailable, "nothing is known of this host here")
            }
            return .domainRecords(
                DomainRecords(
                    domain: try self.asciiDomain(domain),
                    keys: DKIMKeySet(domain: domain, keys: try await self.accounts.dkimKeys(of: domain)).published,
                    host: host
                )
            )
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

    private func asciiDomain(_ domain: String) throws -> String {
        do {
            return try IDNA.toASCII(domain)
        } catch {
            throw AdministrationFailure(.invalid, "\(domain) cannot be written in DNS: \(error)")
        }
    }

    func unknown(_ domain: String) -> AdministrationFailure {
        AdministrationFailure(.notFound, "\(domain) is not a local domain", hint: "gatepost domain list shows them.")
    }
}
