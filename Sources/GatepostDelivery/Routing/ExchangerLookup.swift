package import DNS
package import MailSyntax

/// Asks DNS who takes the mail for a domain.
package struct ExchangerLookup: Sendable {
    package enum Result: Sendable {
        /// In the order to try, at least one; they may be kept for so long.
        case targets([ExchangerTarget], keepFor: Duration)
        case refuse(Verdict)
    }

    /// No more addresses than these are tried for one domain, however many it has.
    package static let maximumTargets = 12
    /// Of so many hosts the addresses are asked for.
    package static let maximumHosts = 8

    private let resolver: any Resolver
    private let own: OwnAddresses
    private let port: Int

    package init(resolver: any Resolver, own: OwnAddresses, port: Int) {
        self.resolver = resolver
        self.own = own
        self.port = port
    }

    /// The hosts for a domain in A-labels and lower case.
    package func targets(
        for domain: String,
        using generator: inout some RandomNumberGenerator
    ) async -> Result {
        let answer: Answer<MXRecord>
        do throws(DNSError) {
            answer = try await self.resolver.mx(domain)
        } catch {
            return .refuse(Self.verdict(of: error, asking: "MX", at: domain))
        }
        let hosts: [String]
        switch MailExchangers(records: answer.records, isSelf: self.own.isOwn(name:), using: &generator) {
        case .null: return .refuse(.permanent(.nullMX))
        case .loop: return .refuse(.permanent(.mailLoopsToUs, note: "this server is the best exchanger of \(domain)"))
        case .implicit: hosts = [domain]
        case .hosts(let names): hosts = Array(names.prefix(Self.maximumHosts))
        }
        return self.targets(
            of: await self.addresses(of: hosts),
            preferences: answer.records,
            domain: domain,
            keepFor: answer.ttl
        )
    }

    /// The one host of an address literal.
    package func targets(for address: IPAddress) -> Result {
        guard !self.own.isOwn(address, port: self.port) else { return .refuse(.permanent(.mailLoopsToUs)) }
        let target = ExchangerTarget(
            name: Domain.address(address).description,
            address: address,
            port: self.port
        )
        return .targets([target], keepFor: .seconds(3600))
    }

    private typealias HostAnswer = Swift.Result<Answer<DNSAddress>, DNSError>

    private func addresses(of hosts: [String]) async -> [(host: String, answer: HostAnswer)] {
        await withTaskGroup(of: (Int, HostAnswer).self) { group in
            for (index, host) in hosts.enumerated() {
                group.addTask { (index, await self.addresses(of: host)) }
            }
            var answers: [Int: HostAnswer] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return hosts.enumerated().compactMap { index, host in answers[index].map { (host, $0) } }
        }
    }

    // A function of its own, not a `do throws` inside the child task: there, optimised code of Swift 6.3 loses the index
    // that the closure captured, and with it the answer.
    private func addresses(of host: String) async -> HostAnswer {
        do throws(DNSError) {
            return .success(try await self.resolver.addresses(host))
        } catch {
            return .failure(error)
        }
    }

    private func targets(
        of hosts: [(host: String, answer: HostAnswer)],
        preferences: [MXRecord],
        domain: String,
        keepFor: Duration
    ) -> Result {
        var targets: [ExchangerTarget] = []
        var trouble: Verdict?
        var keepFor = keepFor
        var cut: UInt16?
        for (host, answer) in hosts {
            let preference = preferences.first { $0.exchange.lowercased() == host }?.preference
            if let cut, let preference, preference >= cut { break }
            switch answer {
            case .failure(let error):
                let verdict = Self.verdict(ofHost: error, host: host)
                // Trouble that may pass counts for more: the mail is kept.
                if trouble?.isTransient != true { trouble = verdict }
            case .success(let answer):
                let addresses = answer.records.compactMap { IPAddress(octets: $0.octets) }
                if addresses.isEmpty, trouble == nil {
                    trouble = .permanent(.hostHasNoAddress, note: "\(host) has no address")
                }
                // A host that turns out to be us by its address ends the list at its preference, as one does by its name.
                guard !addresses.contains(where: { self.own.isOwn($0, port: self.port) }) else {
                    cut = preference ?? 0
                    targets.removeAll { target in
                        preferences.contains { $0.exchange.lowercased() == target.name && $0.preference >= cut ?? 0 }
                    }
                    if targets.isEmpty { trouble = .permanent(.mailLoopsToUs, note: "\(host) is this server") }
                    continue
                }
                keepFor = min(keepFor, answer.ttl)
                targets += addresses.map { ExchangerTarget(name: host, address: $0, port: self.port) }
            }
        }
        guard !targets.isEmpty else {
            return .refuse(trouble ?? .permanent(.hostHasNoAddress, note: "\(domain) has no address"))
        }
        return .targets(Array(targets.prefix(Self.maximumTargets)), keepFor: keepFor)
    }

    private static func verdict(of error: DNSError, asking type: String, at name: String) -> Verdict {
        switch error {
        case .nameDoesNotExist: .permanent(.domainDoesNotExist, note: "\(name) does not exist")
        case .malformedName: .permanent(.domainNameInvalid, note: "\(name) is no domain name")
        case .temporary, .bogus: .transient(.nameServerTrouble, note: "\(type) of \(name): \(error)")
        }
    }

    /// An exchanger whose name does not exist leaves no way to the domain, which does exist.
    private static func verdict(ofHost error: DNSError, host: String) -> Verdict {
        switch error {
        case .nameDoesNotExist, .malformedName: .permanent(.hostHasNoAddress, note: "\(host): \(error)")
        case .temporary, .bogus: .transient(.nameServerTrouble, note: "addresses of \(host): \(error)")
        }
    }
}
