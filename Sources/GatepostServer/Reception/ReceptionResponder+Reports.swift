package import GatepostDelivery
package import GatepostModel
internal import Logging
internal import MailSyntax
internal import MessageAuthentication
internal import MessageReports
internal import NIOCore
internal import SMTP

/// What reception has to do with reports: those that come are read, and what was seen is noted for those that are sent.
package struct ReceptionReports: Sendable {
    let settings: Configuration.Reports
    let intake: ReportIntake
    let contents: ContentReader
    /// All local domains.
    let domains: @Sendable () async throws -> [String]
    /// Where others' domains are noted; nil: no reports are sent.
    let observations: (any ReportStore)?

    package init(
        settings: Configuration.Reports,
        store: any ReportStore,
        contents: ContentReader,
        clock: any WallClock,
        domains: @escaping @Sendable () async throws -> [String]
    ) {
        self.settings = settings
        self.intake = ReportIntake(store: store, clock: clock)
        self.contents = contents
        self.domains = domains
        self.observations = settings.sendAggregate ? store : nil
    }
}

extension ReceptionReports {
    /// A whole message, whose size was looked at.
    fileprivate func octets(of content: MessageContent) async throws -> [UInt8] {
        var octets: [UInt8] = []
        try await self.contents.forEachChunk(of: content) { chunk in
            octets += chunk.readableBytesView
            return true
        }
        return octets
    }
}

extension ReceptionResponder {
    /// Keeps the report in a message to an address for reports.
    ///
    /// Mail that was not simply accepted holds none: reports must pass DMARC themselves (RFC 9990), or anybody could make them up.
    ///
    /// - Returns: A reply for a message that nobody else is to get and that has no report; nil otherwise.
    /// - Throws: `StoreError`: then the message may not be answered `250`.
    func takeReport(
        _ message: ReceivedMessage,
        _ content: MessageContent,
        _ disposition: Disposition
    ) async throws -> Reply? {
        guard let reports = self.service.reports else { return nil }
        let addressed = message.recipients.filter { recipient in
            recipient.parameters.forwardPath.mailbox.map(reports.settings.isReportAddress) ?? false
        }
        guard !addressed.isEmpty else { return nil }
        let isForReportsOnly = message.recipients.allSatisfy { recipient in
            recipient.places.allSatisfy { if case .reports = $0 { true } else { false } }
        }
        guard disposition == .accept else { return isForReportsOnly ? .noReport : nil }
        let domains = Set(
            addressed.compactMap { recipient -> String? in
                guard case .name(let name)? = recipient.parameters.forwardPath.mailbox?.domain.lowercased else {
                    return nil
                }
                return name
            }
        )
        guard content.octets <= ReportLimits().maximumMessageOctets else { return isForReportsOnly ? .noReport : nil }
        // An address that the operator chose takes reports about all domains of ours.
        let about = reports.settings.address == nil ? domains : Set(try await reports.domains())
        let outcome = try await reports.intake.take(try await reports.octets(of: content), about: about)
        self.service.logger.info(
            "report received",
            metadata: ["message": "\(message.identifier)", "outcome": "\(outcome)"]
        )
        if case .kept = outcome { return nil }
        return isForReportsOnly ? .noReport : nil
    }

    /// Notes a judged message for the report to the domain that it claims to be from. What cannot be noted is only logged: the message
    /// matters more.
    func observe(_ message: ReceivedMessage, _ findings: MessageFindings, _ disposition: Disposition) async {
        guard let store = self.service.reports?.observations, let address = self.peer.address else { return }
        let done: AggregateReport.Disposition =
            switch disposition {
            case .refuse(_, let rule) where rule.hasPrefix("dmarc-"): .reject
            case .mark(let rule) where rule.hasPrefix("dmarc-"), .hold(let rule) where rule.hasPrefix("dmarc-"):
                .quarantine
            case .accept, .mark, .hold, .refuse: findings.dmarc.result == .pass ? .pass : .none
            }
        var reason: AggregateReport.Reason?
        if findings.dmarc.result == .fail, let policy = findings.dmarc.policy, done.rawValue != policy.rawValue {
            let isTest = findings.dmarc.record?.isTesting == true
            reason = .init(type: isTest ? "policy_test_mode" : "local_policy")
        }
        let observation = DMARCObservation(
            findings.dmarc,
            dkim: findings.dkim,
            spf: findings.spf ?? findings.client?.heloSPF,
            source: address,
            disposition: done,
            reason: reason,
            now: message.context.now
        )
        guard let observation else { return }
        do {
            try await store.observe([observation])
        } catch {
            self.service.logger.warning(
                "a message is missing in the report to its domain",
                metadata: ["message": "\(message.identifier)", "error": "\(error)"]
            )
        }
    }
}

extension Reply {
    /// The address takes reports and nothing else.
    static let noReport = Reply(554, .init(5, 6, 0), "This address takes DMARC and TLS reports only, and this is none")
}
