package import DNS
internal import DNSClient
package import GatepostModel
package import MailSyntax
internal import MessageAuthentication

/// What receivers that check DMARC will make of a message: whether SPF or DKIM will be aligned with its author domain.
package struct AlignmentForecast: Codable, Hashable, Sendable {
    package enum Outcome: String, Codable, Hashable, Sendable {
        /// It will pass DMARC.
        case pass
        /// It will fail DMARC.
        case fail
        /// The domain has no policy.
        case none
        /// DNS did not answer.
        case unknown
        /// DNS was not asked.
        case notAsked
    }

    package struct SPFForecast: Codable, Hashable, Sendable {
        package var address: String
        package var domain: String
        /// As in Authentication-Results.
        package var result: String
        package var isAligned: Bool
    }

    package var author: String
    package var outcome: Outcome
    /// For each address that mail may leave from.
    package var spf: [SPFForecast] = []
    /// The domain that will sign; nil when nothing signs for the author.
    package var signer: String?
    package var isSignatureAligned = false
    /// What is asked to be done with mail that fails.
    package var policy: String?
    /// In a sentence.
    package var explanation: String
}

extension AlignmentForecast {
    /// What a forecast needs to know of the host.
    package struct Host: Sendable {
        /// Where mail leaves from, as receivers see it.
        package var addresses: [IPAddress]
        /// The name in EHLO.
        package var hostname: String
        /// The domain that signs mail of an author domain; nil when nothing does.
        package var signer: @Sendable (String) async throws -> String?

        package init(
            addresses: [IPAddress],
            hostname: String,
            signer: @escaping @Sendable (String) async throws -> String? = { _ in nil }
        ) {
            self.addresses = addresses
            self.hostname = hostname
            self.signer = signer
        }
    }

    private static let maximumAddresses = 4

    /// - Parameters:
    ///   - resolver: nil: DNS is not asked.
    ///   - clock: Measures the limits of the checks.
    package init?(
        of request: SimulationRequest,
        account: String,
        host: Host,
        resolver: (any Resolver)?,
        clock: some Clock<Duration>
    ) async throws {
        let from = request.from ?? account
        let fields: [HeaderField]
        do throws(HeaderSection.LimitExceeded) {
            fields = try request.header.map { try HeaderSection(parsing: $0.utf8).fields } ?? []
        } catch {
            return nil
        }
        var author = DMARC.Author(of: fields, alabels: { IDNA.alabels(of: $0) })
        if request.header == nil {
            author = HeaderField(name: "From", value: from).map { DMARC.Author(of: [$0]) } ?? author
        }
        guard let domain = author.domain else { return nil }
        let signer = try await host.signer(domain)
        self.init(author: domain, outcome: .notAsked, signer: signer, explanation: "")
        guard let resolver else {
            self.explanation = "DNS was not asked, so that SPF, DKIM and DMARC are not judged"
            return
        }
        var path = ReversePath.null
        if !from.isEmpty, let mailbox = try? Mailbox(parsing: from) { path = .mailbox(mailbox) }
        var worst: DMARC.Verdict?
        for address in host.addresses.prefix(Self.maximumAddresses) {
            let spf = await SPF.check(
                .mailFrom(path, helo: host.hostname, clientAddress: address, alabels: { IDNA.alabels(of: $0) }),
                resolver: resolver,
                clock: clock
            )
            var identifiers = [DMARC.Identifier(spf)].compactMap(\.self)
            if let signer { identifiers.append(DMARC.Identifier(.dkim, domain: signer)) }
            let verdict = await DMARC.check(author, identifiers: identifiers, resolver: resolver, clock: clock)
            func isAligned(_ method: DMARC.Identifier.Method) -> Bool {
                verdict.alignments.contains { $0.identifier.method == method && $0.isAligned }
            }
            self.spf.append(
                SPFForecast(
                    address: address.description,
                    domain: spf.request.domain,
                    result: spf.result.rawValue,
                    isAligned: isAligned(.spf)
                )
            )
            self.isSignatureAligned = isAligned(.dkim)
            // One address that fails is enough to lose mail.
            if worst == nil || worst?.result == .pass { worst = verdict }
        }
        guard let worst else {
            self.explanation = "no address is known that mail leaves from"
            return
        }
        self.policy = worst.policy?.rawValue
        switch worst.result {
        case .pass: self.outcome = .pass
        case .fail: self.outcome = .fail
        case .none: self.outcome = .none
        case .temperror, .permerror: self.outcome = .unknown
        }
        self.explanation = Self.explain(worst, spf: self.spf, signer: signer)
    }

    private static func explain(_ verdict: DMARC.Verdict, spf: [SPFForecast], signer: String?) -> String {
        switch verdict.result {
        case .pass:
            let isSPF = spf.allSatisfy { $0.isAligned && $0.result == "pass" }
            return isSPF && signer != nil
                ? "SPF and DKIM are aligned"
                : isSPF ? "SPF is aligned; no key signs" : "DKIM is aligned; SPF is not, or does not pass"
        case .fail:
            let wish =
                verdict.requestedDisposition == .none
                ? "asks for nothing" : "asks receivers to \(verdict.requestedDisposition.rawValue) it"
            let key = signer == nil ? "no key signs for the domain" : "the signing domain is not aligned"
            return
                "SPF does not pass for an aligned domain and \(key): the policy of \(verdict.policyDomain ?? "the domain") \(wish)"
        case .none, .temperror, .permerror:
            return verdict.problem ?? "no DMARC policy"
        }
    }
}

extension GatepostService {
    /// The addresses of this host that others can see, and what signs; without any public address the private ones stand in.
    func forecastHost(_ signer: MailSigner) throws -> AlignmentForecast.Host {
        let addresses = try GatepostService.interfaceAddresses().map(\.unmapped).filter {
            !$0.isLoopback && !$0.isUnspecified
        }
        return AlignmentForecast.Host(
            addresses: addresses.sorted(),
            hostname: self.configuration.hostname,
            signer: { signer.signers(for: $0).first?.domain }
        )
    }

    /// The report with a forecast, for a message that would leave.
    func forecasting(
        _ report: SimulationReport,
        of request: SimulationRequest,
        signer: MailSigner,
        resolver: (any Resolver)?
    ) async throws -> SimulationReport {
        guard report.verdict != .refused, report.route != "sandbox" else { return report }
        var report = report
        report.alignment = try await AlignmentForecast(
            of: request,
            account: report.account,
            host: try self.forecastHost(signer),
            resolver: request.asksDNS ? resolver : nil,
            clock: ContinuousClock()
        )
        return report
    }
}
