package import DNS

/// What a domain's MX records mean for a sender (RFC 5321 §5.1, RFC 7505).
package enum MailExchangers: Hashable, Sendable {
    /// These hosts in this order, names in lower case.
    case hosts([String])
    /// No MX record: the domain's own addresses are its exchanger ("implicit MX").
    case implicit
    /// The domain says that it takes no mail (RFC 7505 §3).
    case null
    /// We are the best exchanger of the domain, and it is not local: whoever it was sent to would send it back.
    case loop

    /// - Parameters:
    ///   - records: As they came from DNS.
    ///   - isSelf: Whether a host name in lower case means this server.
    ///   - generator: Shuffles hosts of equal preference, which spreads the load (RFC 5321 §5.1).
    package init(
        records: [MXRecord],
        isSelf: (String) -> Bool,
        using generator: inout some RandomNumberGenerator
    ) {
        guard !records.isEmpty else {
            self = .implicit
            return
        }
        // A null MX stands alone; beside other records it names no host (RFC 7505 §3).
        let hosts = records.filter { !$0.isNull }
        guard !hosts.isEmpty else {
            self = .null
            return
        }
        // Hosts as far from the final destination as we are, or farther, may only send the mail back to us.
        let own = hosts.filter { isSelf($0.exchange.lowercased()) }.map(\.preference).min()
        let nearer = hosts.filter { record in own.map { record.preference < $0 } ?? true }
        guard !nearer.isEmpty else {
            self = .loop
            return
        }
        var names: [String] = []
        var seen: Set<String> = []
        // Shuffled first, then sorted by a sort that keeps the order of equals.
        for record in nearer.shuffled(using: &generator).sorted(by: { $0.preference < $1.preference }) {
            let name = record.exchange.lowercased()
            if seen.insert(name).inserted { names.append(name) }
        }
        self = .hosts(names)
    }
}
