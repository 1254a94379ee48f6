package import GatepostModel
internal import Logging
internal import MailSyntax
package import MessageReports

/// Takes reports in, whether they came by mail or in a file.
package struct ReportIntake: Sendable {
    /// What became of a message or file.
    package enum Outcome: Sendable, Hashable {
        /// A report about these domains; each with what became of it.
        case kept([String: ReportAddition])
        /// A report about domains that are none of ours.
        case foreign([String])
        /// No report, with the reason.
        case refused(ReportError)
    }

    private let store: any ReportStore
    private let clock: any WallClock

    package init(store: any ReportStore, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// Reads a mail message, archive or document, and keeps the report in it.
    ///
    /// - Parameters:
    ///   - octets: As it came.
    ///   - domains: Those that reports are kept of, with all names below them; nil: any. A stranger who knows the address cannot fill the
    ///     store with reports about the whole world.
    /// - Throws: `StoreError`.
    package func take(_ octets: [UInt8], about domains: Set<String>?) async throws -> Outcome {
        let reports: [StoredReport]
        do throws(ReportError) {
            reports = try Self.read(octets, received: self.clock.now())
        } catch {
            return .refused(error)
        }
        let ours = reports.filter { report in domains.map { Self.belongs(report.domain, to: $0) } ?? true }
        guard !ours.isEmpty else { return .foreign(reports.map(\.domain)) }
        var kept: [String: ReportAddition] = [:]
        for report in ours { kept[report.domain] = try await self.store.add(report) }
        return .kept(kept)
    }

    /// Whether it is one of the domains, below or above one: the record that a policy comes from may stand above.
    private static func belongs(_ domain: String, to domains: Set<String>) -> Bool {
        domains.contains { $0 == domain || domain.hasSuffix("." + $0) || $0.hasSuffix("." + domain) }
    }

    /// The reports of a message, archive or document, ready to be kept: one for each domain.
    package static func read(_ octets: [UInt8], received: Timestamp) throws(ReportError) -> [StoredReport] {
        let (report, document) = try ReceivedReport.find(in: octets)
        let content = ReceivedReport.compressed(document)
        func stored(
            _ kind: ReportKind,
            _ domain: String,
            _ organization: String,
            _ identifier: String,
            _ begin: Int64,
            _ end: Int64
        ) -> StoredReport {
            StoredReport(
                kind: kind,
                domain: domain,
                organization: organization,
                identifier: identifier,
                begin: Timestamp(secondsSince1970: begin),
                end: Timestamp(secondsSince1970: end),
                received: received,
                content: content
            )
        }
        switch report {
        case .aggregate(let report):
            let metadata = report.metadata
            return [
                stored(
                    .aggregate,
                    report.policy.domain,
                    metadata.organization,
                    metadata.identifier,
                    metadata.begin,
                    metadata.end
                )
            ]
        case .tls(let report):
            let domains = Set(report.policies.map(\.domain)).sorted()
            return domains.prefix(Self.maximumDomains).map {
                stored(.tls, $0, report.organization, report.identifier, report.begin, report.end)
            }
        }
    }

    /// The most domains of one TLS report: each gets a copy of it.
    private static let maximumDomains = 20
}

extension ReportIntake.Outcome: CustomStringConvertible {
    /// One line for people and the log.
    package var description: String {
        switch self {
        case .kept(let domains):
            domains.sorted { $0.key < $1.key }.map { domain, addition in
                switch addition {
                case .added: "\(domain): kept"
                case .duplicate: "\(domain): was there already"
                case .full: "\(domain): not kept, as there are too many"
                }
            }.joined(separator: ", ")
        case .foreign(let domains): "about \(domains.prefix(3).joined(separator: ", ")), which is not local"
        case .refused(let error): "no report: \(error)"
        }
    }
}

extension ReportIntake {
    /// Why a file has no report.
    package struct Problem: Error, Sendable {
        package var reason: String
    }

    /// The reports in a file, for the control socket.
    package static func found(_ octets: [UInt8], received: Timestamp) -> Result<[ReportRecord], Problem> {
        do throws(ReportError) {
            return .success(try self.read(octets, received: received).map { ReportRecord($0) })
        } catch {
            return .failure(Problem(reason: error.reason))
        }
    }
}
