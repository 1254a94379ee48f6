internal import DNSClient
package import GatepostModel

extension RecipientRules {
    package init(_ configuration: Configuration) {
        self.init(
            separator: configuration.reception.subaddressing,
            hostname: configuration.hostname,
            postmaster: configuration.postmaster,
            alabels: { IDNA.alabels(of: $0) }
        )
        self.reports = configuration.reports
    }
}

extension IDNA {
    /// nil for what has none.
    static func alabels(of name: String) -> String? {
        do {
            return try self.toASCII(name)
        } catch {
            return nil
        }
    }
}
