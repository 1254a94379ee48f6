package import MailSyntax

extension Configuration {
    /// Reports about mail: those that come, and those that are sent.
    package struct Reports: Sendable, Hashable {
        /// Where reports come to; `nil`: `dmarc-reports` and `tls-reports` at any local domain.
        package var address: Mailbox?
        /// How long they are kept.
        package var retention = Duration.seconds(400 * 86_400)
        /// Whether the domains that received mail claims to be from are told of it once a day.
        package var sendAggregate = false
        /// Who sends those reports; `nil`: `dmarc-reports` at the host's name.
        package var from: Mailbox?
        /// The name of who reports; `nil`: the host's.
        package var organization: String?

        package init() {}

        /// The local parts that `domain records` has reports sent to.
        package static let aggregateLocalPart = "dmarc-reports"
        package static let tlsLocalPart = "tls-reports"
        package static var localParts: [String] { [self.aggregateLocalPart, self.tlsLocalPart] }

        /// Whether mail to this address, which is a local one, holds reports.
        package func isReportAddress(_ mailbox: Mailbox) -> Bool {
            if let address { return address.canonical == mailbox.canonical }
            return Self.localParts.contains(ASCII.lowercased(mailbox.localPart))
        }

        /// Who sends reports from a host.
        package func sender(hostname: String) -> Mailbox {
            self.from ?? Mailbox(localPart: Self.aggregateLocalPart, domain: .name(hostname))
        }
    }
}
