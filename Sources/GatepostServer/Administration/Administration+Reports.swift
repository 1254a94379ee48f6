internal import GatepostModel
internal import MailSyntax
internal import MessageAuthentication
internal import MessageReports

extension Administration {
    /// So many reports are read for one answer: years of a domain that most of the world writes to.
    private static let maximumReports = 5_000
    private static let maximumListedSources = 500

    func answerAboutReports(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        guard let store = self.reports else {
            throw AdministrationFailure(.unavailable, "no reports are kept here")
        }
        switch request {
        case .importReport(let record):
            // What a command says is checked as what comes by mail is.
            guard let report = record.report,
                let checked = try? ReportIntake.read(report.content, received: report.received),
                let known = checked.first(where: { $0.domain == report.domain })
            else { throw AdministrationFailure(.invalid, "it is no report") }
            return .reportAddition(try await store.add(known))
        case .aggregateReports(let text, let since):
            return .aggregateReports(try await self.aggregate(try self.canonicalDomain(text), since, store))
        case .tlsReports(let text, let since):
            return .tlsReports(try await self.tls(try self.canonicalDomain(text), since, store))
        default:
            throw AdministrationFailure(.invalid, "not a request about reports")
        }
    }

    /// Hands each kept report to `body`, which says whether it could read it.
    ///
    /// - Returns: How many it could not, or were not read.
    private func read(
        _ kind: ReportKind,
        _ domain: String,
        _ since: Timestamp,
        _ store: any ReportStore,
        _ body: (ReceivedReport) -> Void
    ) async throws -> Int {
        var unread = 0
        var count = 0
        while true {
            let page = try await store.reports(kind, of: domain, since: since, skip: count, limit: 100)
            for stored in page {
                do throws(ReportError) {
                    body(try ReceivedReport.find(in: stored.content).report)
                } catch {
                    unread += 1
                }
            }
            count += page.count
            guard page.count == 100 else { return unread }
            guard count < Self.maximumReports else {
                let more = try await store.reports(kind, of: domain, since: since, skip: count, limit: 1)
                return unread + more.count
            }
        }
    }

    private func aggregate(
        _ domain: String,
        _ since: Timestamp,
        _ store: any ReportStore
    ) async throws -> AggregateReportsReport {
        var summary = AggregateSummary(domain: domain, ownAddresses: self.ownAddresses)
        let unread = try await self.read(.aggregate, domain, since, store) { report in
            if case .aggregate(let report) = report { summary.add(report) }
        }
        let sources = summary.orderedSources
        let listed = sources.prefix(Self.maximumListedSources)
        let others = sources.dropFirst(listed.count).reduce(0) { $0 + $1.messages }
        return AggregateReportsReport(
            domain: domain,
            since: since.description,
            reports: summary.reports,
            reporters: summary.reporters.sorted(),
            messages: summary.messages,
            passing: summary.passing,
            failing: summary.failing,
            policy: summary.policy?.policy?.rawValue,
            advice: summary.policyAdvice,
            days: summary.series.map { .init(day: $0.day, passing: $0.1.passing, failing: $0.1.failing) },
            sources: listed.map { .init($0, domain: domain) },
            otherMessages: summary.otherMessages + others,
            unread: unread
        )
    }

    private func tls(_ domain: String, _ since: Timestamp, _ store: any ReportStore) async throws -> TLSReportsReport {
        var summary = TLSSummary(domain: domain)
        let unread = try await self.read(.tls, domain, since, store) { report in
            if case .tls(let report) = report { summary.add(report) }
        }
        return TLSReportsReport(
            domain: domain,
            since: since.description,
            reports: summary.reports,
            successes: summary.successes,
            failures: summary.failures,
            causes: summary.orderedCauses.prefix(Self.maximumListedSources).map { key, failure in
                .init(
                    type: key.type,
                    mailExchanger: key.mailExchanger,
                    policy: key.policy,
                    sessions: failure.count,
                    reporters: failure.reporters.sorted(),
                    reason: failure.reason,
                    advice: key.advice
                )
            },
            otherFailures: summary.otherFailures,
            unread: unread
        )
    }
}

extension AggregateReportsReport.Source {
    fileprivate init(_ source: AggregateSummary.Source, domain: String) {
        self.init(
            address: source.address.description,
            messages: source.messages,
            passing: source.passing,
            failing: source.failing,
            dkimAligned: source.dkimAligned,
            spfAligned: source.spfAligned,
            quarantined: source.quarantined,
            rejected: source.rejected,
            reporters: source.reporters.sorted(),
            authors: source.authors.sorted(),
            cause: source.mainCause?.description,
            advice: source.mainCause?.advice(domain: domain)
        )
    }
}
