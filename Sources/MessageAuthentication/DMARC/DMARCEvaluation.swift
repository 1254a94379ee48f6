internal import DNS
internal import MailSyntax

extension DMARC {
    /// One check with what it has learnt so far.
    struct Evaluation {
        /// What stands at `_dmarc` below a name.
        enum Found {
            case nothing
            case one(Record)
            case several
        }

        /// DNS did not answer, which ends the check.
        struct Failure: Error {
            var name: String
            var error: DNSError
        }

        /// The record that applies to an author domain.
        struct Policies {
            var record: Record
            var domain: DNSName
        }

        let resolver: any Resolver
        let limits: Limits
        private var found: [DNSName: Found] = [:]
        private var queries = 0

        init(resolver: any Resolver, limits: Limits) {
            self.resolver = resolver
            self.limits = limits
        }

        mutating func verdict(_ author: Author, _ identifiers: [Identifier]) async -> Verdict {
            var verdict = Verdict(author: author, result: .none)
            switch author {
            case .fault(let fault):
                verdict.result = .permerror
                verdict.problem = fault.description
            case .domain(let domain):
                if let name = Self.name(domain) {
                    do throws(Failure) {
                        try await self.judge(name, identifiers, &verdict)
                    } catch {
                        verdict.result = .temperror
                        verdict.problem = "\(error.name): \(error.error)"
                    }
                } else {
                    verdict.result = .permerror
                    verdict.problem = "the author domain is no domain name"
                }
            }
            verdict.queries = self.queries
            return verdict
        }

        static func name(_ domain: String) -> DNSName? {
            guard domain.utf8.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.backslash }) else { return nil }
            guard let name = DNSName(domain), !name.isRoot else { return nil }
            return name.lowercased
        }

        private mutating func judge(
            _ author: DNSName,
            _ identifiers: [Identifier],
            _ verdict: inout Verdict
        ) async throws(Failure) {
            guard let policies = try await self.policies(for: author, &verdict) else { return }
            let record = policies.record
            verdict.record = record
            verdict.policyDomain = policies.domain.description
            guard try await self.choosePolicy(policies, for: author, &verdict) else { return }

            var isUncertain = false
            var hasPassed = false
            let first = identifiers.filter { Self.name($0.domain) == author }
            let rest = identifiers.filter { Self.name($0.domain) != author }
            for identifier in (first + rest).prefix(self.limits.maximumIdentifiers) {
                let mode = identifier.method == .dkim ? record.dkimAlignment : record.spfAlignment
                var isAligned = false
                do throws(Failure) {
                    isAligned = try await self.isAligned(identifier, mode, to: author, &verdict)
                } catch {
                    // Certain enough only if another identifier passes.
                    if identifier.outcome != .fail {
                        isUncertain = true
                        verdict.problem = "\(error.name): \(error.error)"
                    }
                }
                verdict.alignments.append(.init(identifier: identifier, mode: mode, isAligned: isAligned))
                guard isAligned else { continue }
                switch identifier.outcome {
                case .pass: hasPassed = true
                case .temporaryError:
                    isUncertain = true
                    verdict.problem = "\(identifier.method.rawValue) of \(identifier.domain) could not be checked now"
                case .fail: continue
                }
            }
            verdict.result = hasPassed ? .pass : isUncertain ? .temperror : .fail
            if verdict.result != .temperror { verdict.problem = nil }
        }

        /// Finds the record that applies: the author domain's, its organization's or its public suffix's
        /// (RFC 9989 §4.10.1). Without one the verdict says why.
        private mutating func policies(
            for author: DNSName,
            _ verdict: inout Verdict
        ) async throws(Failure) -> Policies? {
            switch try await self.look(at: author) {
            case .one(let record): return Policies(record: record, domain: author)
            case .several:
                // RFC 7489 §6.6.3 ends here, and an owner who sees no effect mends it; the parent's policy would hide it.
                verdict.problem = "\(author) has several DMARC records"
                return nil
            case .nothing: break
            }
            let walk = try await self.walk(from: author)
            let organization = Self.organization(of: author, walk)
            verdict.organizationalDomain = organization.description
            let suffix = organization.parent
            for (name, record) in walk where name == organization || (name == suffix && record.publicSuffix == .yes) {
                return Policies(record: record, domain: name)
            }
            verdict.problem = "\(author) has no DMARC record"
            return nil
        }

        /// Sets which policy of a record applies (RFC 9989 §4.7, §4.10.1).
        ///
        /// - Returns: false when the record asks for nothing at all.
        private mutating func choosePolicy(
            _ policies: Policies,
            for author: DNSName,
            _ verdict: inout Verdict
        ) async throws(Failure) -> Bool {
            let record = policies.record
            guard let policy = record.policy, !record.hasInvalidSubdomainPolicy else {
                guard record.hasUsableReports else {
                    verdict.problem = "the DMARC record of \(policies.domain) has no valid policy"
                    return false
                }
                (verdict.policy, verdict.policyTag) = (Policy.none, "p")
                return true
            }
            (verdict.policy, verdict.policyTag) = (policy, "p")
            guard policies.domain != author else { return true }
            if let subdomainPolicy = record.subdomainPolicy {
                (verdict.policy, verdict.policyTag) = (subdomainPolicy, "sp")
            }
            // Asked only where the answer would change something.
            if let nonexistent = record.nonexistentPolicy, nonexistent != verdict.policy,
                try await !self.exists(author)
            {
                (verdict.policy, verdict.policyTag) = (nonexistent, "np")
            }
            return true
        }

        private mutating func isAligned(
            _ identifier: Identifier,
            _ mode: AlignmentMode,
            to author: DNSName,
            _ verdict: inout Verdict
        ) async throws(Failure) -> Bool {
            guard let name = Self.name(identifier.domain) else { return false }
            if name == author { return true }
            guard mode == .relaxed else { return false }
            // A domain's organization lies at or above it, so without a common ancestor there is no need to ask.
            guard let top = author.labels.last, name.labels.last?.elementsEqual(top) == true else { return false }
            let organization = Self.organization(of: author, try await self.walk(from: author))
            verdict.organizationalDomain = organization.description
            guard name.isInside(organization) else { return false }
            return Self.organization(of: name, try await self.walk(from: name)) == organization
        }

        /// The organizational domain that the records of a walk make out (RFC 9989 §4.10.2).
        private static func organization(of start: DNSName, _ walk: [(name: DNSName, record: Record)]) -> DNSName {
            for (name, record) in walk {
                switch record.publicSuffix {
                case .no: return name
                case .yes where name != start:
                    return sequence(first: start) { $0.parent }.first { $0.parent == name } ?? start
                case .yes, .unknown: continue
                }
            }
            return walk.last?.name ?? start
        }

        /// The organizational domain of a name, asked for.
        mutating func organizationalDomain(of name: DNSName) async throws(Failure) -> DNSName {
            Self.organization(of: name, try await self.walk(from: name))
        }

        /// The names with one record each, from `start` up to the first that says whether it is a public suffix
        /// (RFC 9989 §4.10): all names of up to eight labels; of a longer one the name itself and its last seven labels up.
        private mutating func walk(from start: DNSName) async throws(Failure) -> [(name: DNSName, record: Record)] {
            var records: [(name: DNSName, record: Record)] = []
            var next: DNSName? = start
            for _ in 0..<self.limits.maximumWalk {
                guard let name = next, !name.isRoot else { break }
                if case .one(let record) = try await self.look(at: name) {
                    records.append((name, record))
                    if record.publicSuffix != .unknown { break }
                }
                next = name.labels.count > 8 ? DNSName(labels: name.labels.suffix(7).map { Array($0) }) : name.parent
            }
            return records
        }

        /// What stands at `_dmarc` below a name; asked for once.
        private mutating func look(at name: DNSName) async throws(Failure) -> Found {
            if let known = self.found[name] { return known }
            // A name so long that nothing fits before it has no record.
            guard let place = DNSName(labels: [Array("_dmarc".utf8)])?.appending(name) else { return .nothing }
            var texts: [TXTRecord] = []
            do throws(DNSError) {
                self.queries += 1
                texts = try await self.resolver.records(.txt, at: place).records.compactMap { record in
                    if case .txt(let text) = record { text } else { nil }
                }
            } catch {
                guard !error.isTemporary else { throw Failure(name: place.description, error: error) }
            }
            let limit = self.limits.maximumRecordOctets
            let records = texts.map(\.octets).filter { $0.count <= limit }.compactMap { Record(parsing: $0) }
            let found: Found = records.first.map { records.count == 1 ? .one($0) : .several } ?? .nothing
            self.found[name] = found
            return found
        }

        /// Whether a name exists, with records of whatever type or names below it (RFC 8020).
        private mutating func exists(_ name: DNSName) async throws(Failure) -> Bool {
            do throws(DNSError) {
                self.queries += 1
                _ = try await self.resolver.records(.a, at: name)
                return true
            } catch {
                guard !error.isTemporary else { throw Failure(name: name.description, error: error) }
                return false
            }
        }
    }
}
