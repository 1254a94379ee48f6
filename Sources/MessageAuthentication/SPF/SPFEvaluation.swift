internal import DNS
internal import MailSyntax

extension SPF {
    /// One run of `check_host()` with what it has cost so far.
    struct Evaluation {
        /// A domain whose record is evaluated, or that a term asks about.
        struct Target {
            var name: DNSName
            /// The name as text, for the `d` macro and for people.
            var text: String
        }

        /// Ends the whole run, in whatever depth.
        struct Failure: Error {
            var result: Result
            var problem: Problem
            var path: [Verdict.Step] = []

            static func permanent(_ problem: Problem) -> Failure { Failure(result: .permerror, problem: problem) }
        }

        /// What one record came to.
        struct Outcome {
            var result: Result
            var problem: Problem?
            var path: [Verdict.Step] = []
            /// Where the explanation stands, and the domain whose record says so.
            var explanation: (specification: DomainSpecification, of: Target)?
        }

        let request: Request
        let resolver: any Resolver
        let limits: Limits
        private var lookups = 0
        private var voidLookups = 0
        private var queries = 0
        /// The client's names that point back to it, once they were looked for, and whether it has any at all.
        private var clientNames: (validated: [DNSName], isVoid: Bool)?

        init(request: Request, resolver: any Resolver, limits: Limits) {
            self.request = request
            self.resolver = resolver
            self.limits = limits
        }

        mutating func verdict() async -> Verdict {
            var verdict = Verdict(request: self.request, result: .none)
            if let target = Self.start(self.request.domain) {
                do throws(Failure) {
                    let outcome = try await self.check(target)
                    verdict.result = outcome.result
                    verdict.problem = outcome.problem
                    verdict.path = outcome.path
                    if outcome.result == .fail, let explanation = outcome.explanation {
                        verdict.explanation = await self.explanation(explanation.specification, of: explanation.of)
                    }
                } catch {
                    verdict.result = error.result
                    verdict.problem = error.problem
                    verdict.path = error.path
                }
            } else {
                verdict.problem = .malformedDomain
            }
            verdict.lookups = self.lookups
            verdict.voidLookups = self.voidLookups
            verdict.queries = self.queries
            return verdict
        }

        /// The domain to begin with: two labels or more, no address literal (RFC 7208 §4.3).
        private static func start(_ domain: String) -> Target? {
            let octets = Array(domain.utf8.prefix(256))
            guard octets.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.leftBracket && $0 != ASCII.backslash }) else {
                return nil
            }
            guard let name = DNSName(domain), name.labels.count > 1 else { return nil }
            return Target(name: name, text: domain)
        }

        private mutating func check(_ target: Target) async throws(Failure) -> Outcome {
            let texts: [TXTRecord]
            do throws(DNSError) {
                self.queries += 1
                texts = try await self.resolver.records(.txt, at: target.name).records.compactMap {
                    if case .txt(let text) = $0 { text } else { nil }
                }
            } catch {
                guard error.isTemporary else {
                    return Outcome(result: .none, problem: .noSuchDomain(target.text))
                }
                throw Failure(
                    result: .temperror,
                    problem: .dns(name: target.text, type: .txt, error: error)
                )
            }
            let records = texts.map(\.octets).filter(Record.isRecord)
            guard let octets = records.first else {
                return Outcome(result: .none, problem: .noRecord(target.text))
            }
            guard records.count == 1 else { throw .permanent(.severalRecords(target.text)) }
            guard octets.count <= self.limits.maximumRecordOctets else {
                throw .permanent(.recordTooLong(target.text))
            }
            let record: Record
            do throws(SyntaxError) {
                record = try Record(parsing: octets)
            } catch {
                throw Failure(
                    result: .permerror,
                    problem: .syntax(error),
                    path: [Verdict.Step(domain: target.text, term: error.term)]
                )
            }
            return try await self.evaluate(record, of: target)
        }

        private mutating func evaluate(_ record: Record, of target: Target) async throws(Failure) -> Outcome {
            for directive in record.directives {
                let step = Verdict.Step(domain: target.text, term: directive.text)
                do throws(Failure) {
                    guard let path = try await self.match(directive.mechanism, of: target) else { continue }
                    return Outcome(
                        result: directive.qualifier.result,
                        path: [step] + path,
                        explanation: record.explanation.map { ($0, target) }
                    )
                } catch {
                    throw Failure(result: error.result, problem: error.problem, path: [step] + error.path)
                }
            }
            guard let redirect = record.redirect else { return Outcome(result: .neutral) }
            let step = Verdict.Step(domain: target.text, term: "redirect=\(redirect)")
            do throws(Failure) {
                try self.countLookup()
                guard let next = await self.expand(redirect, of: target) else {
                    throw .permanent(.noPolicy(redirect.description))
                }
                var outcome = try await self.check(next)
                guard outcome.result != .none else { throw .permanent(.noPolicy(next.text)) }
                outcome.path.insert(step, at: 0)
                return outcome
            } catch {
                throw Failure(result: error.result, problem: error.problem, path: [step] + error.path)
            }
        }

        /// Whether a mechanism matches.
        ///
        /// - Returns: nil when it does not; else the terms inside an `include` that matched, none for any other.
        private mutating func match(
            _ mechanism: Mechanism,
            of target: Target
        ) async throws(Failure) -> [Verdict.Step]? {
            if mechanism.asksDNS { try self.countLookup() }
            switch mechanism {
            case .all:
                return []
            case .ip4(let network), .ip6(let network):
                return network.contains(self.request.clientAddress) ? [] : nil
            case .include(let specification):
                return try await self.matchInclude(specification, of: target)
            case .a(let specification, let lengths):
                guard let name = await self.expand(specification, of: target) else { return nil }
                let addresses = try await self.addresses(at: name.name)
                if addresses.isEmpty { try self.countVoid() }
                return self.isClient(in: addresses, lengths) ? [] : nil
            case .mx(let specification, let lengths):
                return try await self.matchMailExchange(specification, lengths, of: target) ? [] : nil
            case .ptr(let specification):
                guard let name = await self.expand(specification, of: target) else { return nil }
                let names = await self.findClientNames()
                if names.isVoid { try self.countVoid() }
                return names.validated.contains { $0.isInside(name.name) } ? [] : nil
            case .exists(let specification):
                guard let name = await self.expand(specification, of: target) else { return nil }
                // Always A, also for a client with IPv6 (RFC 7208 §5.7).
                let isEmpty = try await self.ask(.a, at: name.name).isEmpty
                if isEmpty { try self.countVoid() }
                return isEmpty ? nil : []
            }
        }

        private mutating func matchInclude(
            _ specification: DomainSpecification,
            of target: Target
        ) async throws(Failure) -> [Verdict.Step]? {
            // A local part beyond ASCII makes no match, not an error (RFC 8616 §4).
            guard let octets = await self.expand(specification.macros, of: target) else { return nil }
            guard let name = MacroValues.name(octets) else {
                throw .permanent(.noPolicy(specification.description))
            }
            let included = Self.target(name)
            let outcome = try await self.check(included)
            switch outcome.result {
            case .pass: return outcome.path
            case .fail, .softfail, .neutral: return nil
            case .none, .temperror, .permerror: throw .permanent(.noPolicy(included.text))
            }
        }

        private mutating func matchMailExchange(
            _ specification: DomainSpecification?,
            _ lengths: PrefixLengths,
            of target: Target
        ) async throws(Failure) -> Bool {
            guard let domain = await self.expand(specification, of: target) else { return false }
            let exchanges = try await self.ask(.mx, at: domain.name).compactMap { record in
                if case .mx(let exchange) = record { exchange } else { nil }
            }
            if exchanges.isEmpty { try self.countVoid() }
            // In an order of their own, so that the verdict does not depend on how the answer was shuffled.
            let sorted = exchanges.sorted { ($0.preference, $0.exchange) < ($1.preference, $1.exchange) }
            for (number, exchange) in sorted.enumerated() where !exchange.isNull {
                guard number < self.limits.maximumNames else { throw .permanent(.tooManyMailExchanges(domain.text)) }
                guard let name = DNSName(exchange.exchange) else { continue }
                if self.isClient(in: try await self.addresses(at: name), lengths) { return true }
            }
            return false
        }

        /// Looks for the client's names whose addresses lead back to it (RFC 7208 §5.5); once.
        private mutating func findClientNames() async -> (validated: [DNSName], isVoid: Bool) {
            if let clientNames { return clientNames }
            var found: (validated: [DNSName], isVoid: Bool) = ([], false)
            let names: [DNSName]
            do throws(Failure) {
                guard let address = DNSAddress(octets: self.request.clientAddress.octets) else { return found }
                names = try await self.ask(.ptr, at: address.reverseName).compactMap { record in
                    if case .ptr(let name) = record { name } else { nil }
                }
                found.isVoid = names.isEmpty
            } catch {
                // Failures here are no match, not temperror (RFC 7208 §5.5).
                names = []
            }
            for name in names.prefix(self.limits.maximumNames) {
                do throws(Failure) {
                    if self.isClient(in: try await self.addresses(at: name), PrefixLengths()) {
                        found.validated.append(name)
                    }
                } catch {
                    continue
                }
            }
            self.clientNames = found
            return found
        }

        /// What the `p` macro stands for: the domain itself, else a name below it, else any (RFC 7208 §7.3).
        private mutating func clientName(for target: Target) async -> String {
            let names = await self.findClientNames().validated
            let name = names.first { $0 == target.name } ?? names.first { $0.isInside(target.name) } ?? names.first
            return name?.lowercased.description ?? "unknown"
        }

        private func isClient(in addresses: [IPAddress], _ lengths: PrefixLengths) -> Bool {
            let client = self.request.clientAddress
            let length = client.family == .v4 ? lengths.v4 : lengths.v6
            return addresses.contains { IPNetwork(address: $0, prefixLength: length)?.contains(client) == true }
        }

        /// The addresses of a name, of the client's family.
        private mutating func addresses(at name: DNSName) async throws(Failure) -> [IPAddress] {
            let type: RecordType = self.request.clientAddress.family == .v4 ? .a : .aaaa
            return try await self.ask(type, at: name).compactMap { record in
                switch record {
                case .a(let address), .aaaa(let address): IPAddress(octets: address.octets)
                default: nil
                }
            }
        }

        /// The records at a name; none when it does not exist.
        private mutating func ask(_ type: RecordType, at name: DNSName) async throws(Failure) -> [DNS.Record] {
            self.queries += 1
            do throws(DNSError) {
                return try await self.resolver.records(type, at: name).records
            } catch {
                guard error.isTemporary else { return [] }
                throw Failure(
                    result: .temperror,
                    problem: .dns(name: name.description, type: type, error: error)
                )
            }
        }

        private mutating func countLookup() throws(Failure) {
            guard self.lookups < self.limits.maximumLookups else { throw .permanent(.tooManyLookups) }
            self.lookups += 1
        }

        private mutating func countVoid() throws(Failure) {
            self.voidLookups += 1
            guard self.voidLookups <= self.limits.maximumVoidLookups else { throw .permanent(.tooManyVoidLookups) }
        }

        /// The domain a term names, the record's own when it names none; nil when the expansion is no domain name.
        private mutating func expand(_ specification: DomainSpecification?, of target: Target) async -> Target? {
            guard let specification else { return target }
            let octets = await self.expand(specification.macros, of: target)
            guard let octets, let name = MacroValues.name(octets) else { return nil }
            return Self.target(name)
        }

        private static func target(_ name: DNSName) -> Target {
            let labels = name.labels.map { String(decoding: $0, as: UTF8.self) }
            return Target(name: name, text: labels.joined(separator: "."))
        }

        private mutating func expand(_ text: MacroString, of target: Target) async -> [UInt8]? {
            var values = MacroValues(request: self.request, domain: target.text)
            if text.usesClientName { values.clientName = await self.clientName(for: target) }
            return values.expand(text)
        }

        /// The explanation, or nil when anything is wrong with it (RFC 7208 §6.2).
        private mutating func explanation(_ specification: DomainSpecification, of target: Target) async -> String? {
            guard let place = await self.expand(specification, of: target) else { return nil }
            let texts: [TXTRecord]
            do throws(Failure) {
                texts = try await self.ask(.txt, at: place.name).compactMap { record in
                    if case .txt(let text) = record { text } else { nil }
                }
            } catch {
                return nil
            }
            guard texts.count == 1, let octets = texts.first?.octets,
                octets.count <= self.limits.maximumExplanationOctets,
                let macros = MacroString(parsing: octets, allowsSpace: true),
                let expansion = await self.expand(macros, of: target),
                expansion.count <= self.limits.maximumExplanationOctets,
                // It goes into a reply: what a macro brought in must not break out of the line.
                expansion.allSatisfy({ ASCII.isVisible($0) || $0 == ASCII.space })
            else { return nil }
            return String(decoding: expansion, as: UTF8.self)
        }
    }
}
