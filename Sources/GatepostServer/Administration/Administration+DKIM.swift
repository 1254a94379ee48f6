internal import DNSClient
internal import GatepostModel

extension Administration {
    func answer(_ request: DKIMRequest) async throws -> AdministrationResponse {
        switch request {
        case .add(let text, let selector, let algorithm, let isActive):
            let domain = try await self.localDomain(text)
            let algorithms = algorithm.map { [$0] } ?? DKIMKey.Algorithm.allCases
            return try await self.addKeys(domain, algorithms, selector: selector, isActive: isActive)
        case .list(let text):
            let domain = try text.map { try self.canonicalDomain($0) }
            return .dkimKeys(try await self.reports(of: domain))
        case .rotate(let text, let isActive):
            let domain = try await self.localDomain(text)
            let set = DKIMKeySet(domain: domain, keys: try await self.accounts.dkimKeys(of: domain))
            if let waiting = set.pending.first, !set.signing.isEmpty {
                throw AdministrationFailure(
                    .exists,
                    "\(domain) has a key that waits for DNS already: \(waiting.selector)",
                    hint: "gatepost dkim list \(domain) shows its record."
                )
            }
            guard !set.algorithms.isEmpty else {
                throw AdministrationFailure(
                    .notFound,
                    "\(domain) has no key to be followed by another",
                    hint: "gatepost dkim add \(domain) makes the first."
                )
            }
            return try await self.addKeys(domain, set.algorithms, selector: nil, isActive: isActive)
        case .activate(let text, let selector):
            let domain = try await self.localDomain(text)
            let now = self.clock.now()
            try await self.change(domain) { try $0.activate(selector, at: now) }
            return .dkimKeys(try await self.reports(of: domain).filter { $0.selector == selector })
        case .retire(let text, let selector, let force):
            let domain = try self.canonicalDomain(text)
            let (now, oldest) = (self.clock.now(), try await self.queue.statistics().oldest)
            try await self.change(domain) { try $0.retire(selector, oldestQueued: oldest, force: force, at: now) }
            return .dkimKeys(try await self.reports(of: domain).filter { $0.selector == selector })
        }
    }

    /// The domain in canonical form, which must be local.
    func localDomain(_ text: String) async throws -> String {
        let domain = try self.canonicalDomain(text)
        guard try await self.accounts.domains().contains(domain) else { throw self.unknown(domain) }
        return domain
    }

    private func addKeys(
        _ domain: String,
        _ algorithms: [DKIMKey.Algorithm],
        selector: String?,
        isActive: Bool
    ) async throws -> AdministrationResponse {
        if let selector {
            guard DKIMKey.isSelector(selector) else {
                throw AdministrationFailure(
                    .invalid,
                    "'\(selector)' cannot be a selector",
                    hint: "Letters, digits, hyphens and underscores, in labels with dots between."
                )
            }
            guard algorithms.count == 1 else {
                throw AdministrationFailure(
                    .invalid,
                    "a selector names one key, and without --algorithm two are made",
                    hint: "Add --algorithm rsa2048 or --algorithm ed25519."
                )
            }
        }
        let now = self.clock.now()
        // Selectors are free until the keys are stored: whoever comes second makes new ones, or hears of it.
        var planned = DKIMKeySet(domain: domain, keys: try await self.accounts.dkimKeys(of: domain))
        var made: [DKIMKey] = []
        for algorithm in algorithms {
            let key = try await DKIMKeyMaker.make(
                domain: domain,
                selector: selector?.lowercased() ?? planned.freeSelector(now: now),
                algorithm: algorithm,
                masterKey: self.masterKeys.keyring.current,
                now: now
            )
            try self.refusing(domain) { try planned.add(key) }
            made.append(key)
        }
        let keys = made
        try await self.change(domain) { set in
            for key in keys {
                try set.add(key)
                if isActive { try set.activate(key.selector, at: now) }
            }
        }
        let selectors = Set(keys.map(\.selector))
        return .dkimKeys(try await self.reports(of: domain).filter { selectors.contains($0.selector) })
    }

    private func change(_ domain: String, _ body: @escaping @Sendable (inout DKIMKeySet) throws -> Void) async throws {
        do {
            try await self.accounts.changeDKIMKeys(of: domain, body)
        } catch let refusal as DKIMKeySet.Refusal {
            throw AdministrationFailure(refusal, domain: domain)
        }
        await self.hooks.keysChanged()
    }

    private func refusing(_ domain: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let refusal as DKIMKeySet.Refusal {
            throw AdministrationFailure(refusal, domain: domain)
        }
    }

    /// The keys of a domain, or of all, as reports show them.
    func reports(of domain: String?) async throws -> [DKIMKeyReport] {
        let oldest = try await self.queue.statistics().oldest
        let now = self.clock.now()
        return try await self.accounts.dkimKeys(of: domain).map { key in
            let ascii = try? IDNA.toASCII(key.domain)
            return DKIMKeyReport(
                key,
                name: DKIMKey.recordName(selector: key.selector, domain: ascii ?? key.domain),
                sighting: self.hooks.sighting(key),
                oldestQueued: oldest,
                now: now
            )
        }
    }
}

extension AdministrationFailure {
    init(_ refusal: DKIMKeySet.Refusal, domain: String) {
        switch refusal {
        case .selectorTaken(let selector):
            self.init(
                .exists,
                "\(domain) has, or had, a key of the selector \(selector)",
                hint: "Choose another one, or leave --selector out."
            )
        case .unknownSelector(let selector):
            self.init(
                .notFound,
                "\(domain) has no key of the selector \(selector)",
                hint: "gatepost dkim list \(domain) shows its keys."
            )
        case .retired(let selector):
            self.init(.invalid, "\(selector) of \(domain) is retired: its private half is gone")
        case .onlyOne(let selector):
            self.init(
                .exists,
                "\(selector) is the only key that signs for \(domain)",
                hint: "gatepost dkim rotate \(domain) makes a successor; --force lets the domain go unsigned."
            )
        case .signs(let selector):
            self.init(
                .exists,
                "\(selector) signs for \(domain)",
                hint: "gatepost dkim rotate \(domain) makes a successor; --force stops it at once."
            )
        case .mailUnderWay(let selector, let until):
            self.init(
                .exists,
                "mail that \(selector) of \(domain) signed may still be under way",
                hint: "Its record is needed until \(until), and until the queue holds nothing from its time; "
                    + "--force ends it all the same."
            )
        }
    }
}
