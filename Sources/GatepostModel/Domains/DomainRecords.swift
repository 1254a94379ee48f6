internal import Crypto
internal import MessageAuthentication

/// What a local domain publishes in DNS, so that its mail comes here and is believed elsewhere.
package struct DomainRecords: Codable, Hashable, Sendable {
    /// What is known of this host.
    package struct Host: Codable, Hashable, Sendable {
        /// Lower case, ASCII.
        package var hostname: String
        /// Ports of submission with STARTTLS that others than this host reach.
        package var startTLSPorts: [Int]
        /// Ports of submission with TLS from the first octet.
        package var implicitTLSPorts: [Int]
        /// The smarthost by which mail leaves; nil: by itself.
        package var relay: String?
        /// Where reports about all domains go; nil: to addresses of each (``Configuration/Reports/aggregateLocalPart``).
        package var reports: String?

        package init(
            hostname: String,
            startTLSPorts: [Int] = [587],
            implicitTLSPorts: [Int] = [465],
            relay: String? = nil,
            reports: String? = nil
        ) {
            self.hostname = hostname
            self.startTLSPorts = startTLSPorts
            self.implicitTLSPorts = implicitTLSPorts
            self.relay = relay
            self.reports = reports
        }
    }

    /// What a record is for.
    package enum Purpose: String, Codable, Hashable, Sendable, CaseIterable {
        /// Where mail for the domain goes.
        case mx
        /// The host that the others name.
        case host
        /// From where its mail comes (RFC 7208).
        case spf
        /// A key that it signs with.
        case dkim
        /// What others are to do with mail that proves nothing (RFC 9989).
        case dmarc
        /// That mail must come with TLS (RFC 8461).
        case mtaSTS = "mta-sts"
        /// Where reports about TLS go (RFC 8460).
        case tlsReports = "tls-rpt"
        /// Where mail programs send (RFC 6186, RFC 8314).
        case submission
        /// Where mail programs look for settings.
        case settings
    }

    /// How much depends on a record.
    package enum Need: String, Codable, Hashable, Sendable {
        /// Without it mail is lost or not believed.
        case required
        case recommended
        case optional
    }

    /// A record.
    package struct Entry: Codable, Hashable, Sendable {
        /// Absolute, in A-labels, without the last dot.
        package var name: String
        /// `MX`, `TXT`, `CNAME`, `SRV`.
        package var type: String
        /// As a zone file has it, names absolute; of TXT the text in one piece, without quotes.
        package var value: String
        package var purpose: Purpose
        package var need: Need
        /// In a few words, for people.
        package var comment: String
        /// Of a key: where in its life it is.
        package var keyState: DKIMKey.State?

        /// The pieces that a TXT record's text is put in: 255 octets at most each (RFC 1035 §3.3); nil for other types.
        package var strings: [String]? {
            guard self.type == "TXT" else { return nil }
            let octets = Array(self.value.utf8)
            return stride(from: 0, to: octets.count, by: 255).map {
                String(decoding: octets[$0..<min($0 + 255, octets.count)], as: UTF8.self)
            }
        }
    }

    /// In A-labels.
    package var domain: String
    package var host: Host
    /// In the order in which they are best published.
    package var entries: [Entry]
    /// The file at ``policyURL`` (RFC 8461 §3.2), lines with CRLF.
    package var policy: String

    package var policyURL: String { "https://mta-sts.\(self.domain)/.well-known/mta-sts.txt" }

    /// - Parameters:
    ///   - domain: In A-labels.
    ///   - keys: Those whose record must be in DNS.
    package init(domain: String, keys: [DKIMKey], host: Host) {
        self.domain = domain
        self.host = host
        self.policy = "version: STSv1\r\nmode: testing\r\nmx: \(host.hostname)\r\nmax_age: 604800\r\n"
        self.entries = []
        self.addMail(keys)
        self.addTransport()
        self.addClients()
    }

    private mutating func add(
        _ name: String,
        _ type: String,
        _ value: String,
        _ purpose: Purpose,
        _ need: Need,
        _ comment: String,
        key: DKIMKey.State? = nil
    ) {
        self.entries.append(
            Entry(
                name: name.isEmpty ? self.domain : "\(name).\(self.domain)",
                type: type,
                value: value,
                purpose: purpose,
                need: need,
                comment: comment,
                keyState: key
            )
        )
    }

    /// Where reports go that come to `localPart` when nobody says otherwise.
    private func reportAddress(_ localPart: String) -> String { self.host.reports ?? "\(localPart)@\(self.domain)" }

    private mutating func addMail(_ keys: [DKIMKey]) {
        self.add("", "MX", "10 \(self.host.hostname).", .mx, .required, "where mail for the domain goes")
        let relay = self.host.relay.map { "; mail leaves by \($0), whose operator says which include: to add" } ?? ""
        self.add("", "TXT", "v=spf1 mx ~all", .spf, .required, "from where its mail comes\(relay)")
        // Notifications have no other name to be judged by than that of HELO (RFC 7208 §2.3).
        if self.host.hostname.hasSuffix(".\(self.domain)") {
            let name = String(self.host.hostname.dropLast(self.domain.utf8.count + 1))
            self.add(name, "TXT", "v=spf1 a -all", .spf, .recommended, "from where mail of the host itself comes")
        }
        for key in keys {
            let words: String =
                switch key.state {
                case .pending: "key \(key.selector), which signs once it is seen here"
                case .active: "key \(key.selector), which signs"
                case .retiring, .retired: "key \(key.selector), which signed mail that may be under way"
                }
            self.add(
                "\(key.selector)._domainkey",
                "TXT",
                key.record.description,
                .dkim,
                .required,
                words,
                key: key.state
            )
        }
        self.add(
            "_dmarc",
            "TXT",
            "v=DMARC1; p=quarantine; rua=mailto:\(self.reportAddress(Configuration.Reports.aggregateLocalPart))",
            .dmarc,
            .required,
            "what others do with mail that proves nothing, and where they report"
        )
    }

    private mutating func addTransport() {
        // Another policy has another id, and the same one the same (RFC 8461 §3.1).
        let digest = SHA256.hash(data: Array(self.policy.utf8)).prefix(10)
        let id = digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        self.add(
            "_mta-sts",
            "TXT",
            "v=STSv1; id=\(id)",
            .mtaSTS,
            .optional,
            "that mail comes with TLS; needs the policy file at \(self.policyURL)"
        )
        self.add(
            "mta-sts",
            "CNAME",
            "\(self.host.hostname).",
            .mtaSTS,
            .optional,
            "the web server with the policy file"
        )
        self.add(
            "_smtp._tls",
            "TXT",
            "v=TLSRPTv1; rua=mailto:\(self.reportAddress(Configuration.Reports.tlsLocalPart))",
            .tlsReports,
            .recommended,
            "where others report trouble with TLS"
        )
    }

    private mutating func addClients() {
        for port in self.host.implicitTLSPorts {
            self.add(
                "_submissions._tcp",
                "SRV",
                "0 1 \(port) \(self.host.hostname).",
                .submission,
                .recommended,
                "where mail programs send, TLS from the first octet"
            )
        }
        for port in self.host.startTLSPorts {
            self.add(
                "_submission._tcp",
                "SRV",
                "10 1 \(port) \(self.host.hostname).",
                .submission,
                .recommended,
                "where mail programs send, with STARTTLS"
            )
        }
        for (name, program) in [("autoconfig", "Thunderbird and others"), ("autodiscover", "Outlook")] {
            self.add(
                name,
                "CNAME",
                "\(self.host.hostname).",
                .settings,
                .optional,
                "where \(program) look for settings; needs a web server there"
            )
        }
    }
}

extension DomainRecords.Host {
    /// What the configuration says of this host.
    package init(_ configuration: Configuration) {
        func ports(_ security: Configuration.Listener.Security) -> [Int] {
            configuration.listeners
                .filter { $0.service == .submission && $0.tls == security && !$0.address.isLoopback }
                .map(\.address.port)
                .reduce(into: []) { ports, port in if !ports.contains(port) { ports.append(port) } }
        }
        var relay: String?
        if case .relay(let configured) = configuration.delivery.route { relay = configured.host }
        self.init(
            hostname: configuration.hostname,
            startTLSPorts: ports(.starttls),
            implicitTLSPorts: ports(.implicit),
            relay: relay,
            reports: configuration.reports.address.map { "\($0)" }
        )
    }
}
