internal import GatepostModel
internal import MailSyntax
internal import NIOCore
internal import SASL

/// One function for each section of the file: what a key may be, and what it is when it is absent.
extension ConfigurationReader {
    /// Reads everything; meaningful only when there are no faults afterwards.
    mutating func configuration() -> Configuration {
        let tls = self.tls()
        let hostname = self.hostname()
        let data = LocalFile.absolute(self.text("data") ?? "gatepost-data", relativeTo: self.directory)
        self.show("hostname", hostname)
        self.show("data", data)
        self.show("tls.certificate", tls.certificate)
        self.show("tls.key", tls.key)
        self.show("tls.clientAuthorities", tls.clientAuthorities ?? "no client certificates are asked for")
        var configuration = Configuration(hostname: hostname, data: data, tls: tls)
        if let listeners = self.listeners() {
            configuration.listeners = listeners
            configuration.hasDefaultListeners = false
        }
        for (index, listener) in configuration.listeners.enumerated() {
            let text = "\(listener.service.rawValue) \(listener.address) \(listener.tls.rawValue)"
            self.show("listeners[\(index)]", listener.device.map { "\(text) \($0)" } ?? text)
        }
        self.storage()
        configuration.dns = self.dns()
        configuration.authentication = self.authentication()
        configuration.submission = self.submission()
        configuration.reception = self.reception()
        configuration.popBeforeSMTP = self.popBeforeSMTP(configuration.listeners)
        configuration.networks = self.networks()
        configuration.delivery = self.delivery()
        configuration.limits = self.limits()
        configuration.log = self.log()
        configuration.audit = self.audit()
        configuration.postmaster = self.postmaster()
        configuration.milters = self.milters()
        configuration.reports = self.reports(hostname: hostname)
        return configuration
    }

    private mutating func hostname() -> String {
        guard self.node("hostname") != nil else {
            self.fault("hostname", "is required: the name that this server is known by, such as mail.example.org")
            return ""
        }
        guard let text = self.text("hostname") else { return "" }
        return self.domainName("hostname", text) ?? ""
    }

    private mutating func tls() -> Configuration.TLS {
        guard self.node("tls") != nil else {
            self.fault("tls", "is required: tls: { certificate: fullchain.pem, key: privkey.pem }")
            return Configuration.TLS(certificate: "", key: "")
        }
        var tls = Configuration.TLS(certificate: self.tlsFile("tls.certificate"), key: self.tlsFile("tls.key"))
        if self.node("tls.clientAuthorities") != nil { tls.clientAuthorities = self.tlsFile("tls.clientAuthorities") }
        return tls
    }

    private mutating func tlsFile(_ path: String) -> String {
        guard let node = self.node(path) else {
            self.fault(path, "is required: a PEM file")
            return ""
        }
        // Here the file itself is meant, so `file:` adds nothing.
        guard case .text(let text) = node.content else {
            self.fault(path, "must be the path of a PEM file, not \(node.kind)")
            return ""
        }
        if text.hasPrefix("file:") { return LocalFile.absolute(String(text.dropFirst(5)), relativeTo: self.directory) }
        guard let named = self.text(path) else { return "" }
        return LocalFile.absolute(named, relativeTo: self.directory)
    }

    private mutating func listeners() -> [Configuration.Listener]? {
        guard let records = self.records("listeners") else { return nil }
        if records.isEmpty { self.fault("listeners", "must name at least one address") }
        var listeners: [Configuration.Listener] = []
        var seen: Set<IPEndpoint> = []
        for record in records {
            var service = Configuration.Listener.Service.submission
            if self.node("\(record).service") != nil, let text = self.text("\(record).service") {
                if text == "admin" {
                    self.fault("\(record).service", "'\(text)' is not in this version yet: remove this listener")
                    continue
                }
                service = self.choice("\(record).service", text, Configuration.Listener.Service.self) ?? .submission
            }
            guard self.node("\(record).address") != nil else {
                self.fault("\(record).address", "is required: an IP address and port such as 0.0.0.0:587")
                continue
            }
            guard let text = self.text("\(record).address") else { continue }
            guard let address = IPEndpoint(text) else {
                self.fault(
                    "\(record).address",
                    "must be an IP address and port such as 0.0.0.0:587 or [::]:587, not '\(text)'"
                )
                continue
            }
            if address.port != 0, !seen.insert(address).inserted {
                self.fault("\(record).address", "\(address) is there twice")
            }
            let usual: Configuration.Listener.Security =
                service == .device ? .none : address.port == 465 || address.port == 995 ? .implicit : .starttls
            let security = self.choice("\(record).tls", Configuration.Listener.Security.self) ?? usual
            var listener = Configuration.Listener(service: service, address: address, tls: security)
            listener.proxies = self.trustedNetworks("\(record).proxyProtocol")
            listener.xclient = self.trustedNetworks("\(record).xclient")
            if service == .device { listener.device = self.device(record, address) }
            if service == .reception, security == .implicit {
                self.fault("\(record).tls", "must be starttls or none: other servers do not begin with TLS")
            }
            self.checkService(of: listener, record)
            listeners.append(listener)
        }
        return listeners
    }

    private mutating func popBeforeSMTP(_ listeners: [Configuration.Listener]) -> Configuration.POPBeforeSMTP? {
        guard self.node("popBeforeSMTP") != nil else {
            self.show("popBeforeSMTP", "off")
            return nil
        }
        var settings = Configuration.POPBeforeSMTP()
        settings.duration =
            self.duration("popBeforeSMTP.duration", in: .seconds(60)...(.seconds(86_400))) ?? settings.duration
        settings.endsOnLogout = self.boolean("popBeforeSMTP.endsOnLogout") ?? settings.endsOnLogout
        if !listeners.contains(where: { $0.service == .pop3 }) {
            self.fault(
                "popBeforeSMTP",
                "needs a POP3 listener: add { service: pop3, address: \"0.0.0.0:995\", tls: implicit } to listeners"
            )
        }
        self.show("popBeforeSMTP.duration", DurationText.format(settings.duration))
        self.show("popBeforeSMTP.endsOnLogout", "\(settings.endsOnLogout)")
        return settings
    }

    private mutating func storage() {
        if let text = self.text("storage"), text != "sqlite" {
            if text.hasPrefix("postgres") {
                self.fault("storage", "PostgreSQL is not in this version yet: use sqlite")
            } else {
                let suggestion = NearestWord.to(text, among: ["sqlite"])
                self.fault("storage", "must be sqlite, not '\(text)'", suggestion: suggestion)
            }
        }
        self.show("storage", "sqlite")
    }

    private mutating func dns() -> Configuration.DNS {
        var dns = Configuration.DNS()
        if let words = self.words("dns.servers") {
            var servers: [IPEndpoint] = []
            for (path, text) in words {
                if let address = IPEndpoint(text, defaultPort: 53), address.port != 0 {
                    servers.append(address)
                } else {
                    self.fault(path, "must be an IP address, with a port where it is not 53, not '\(text)'")
                }
            }
            if words.isEmpty {
                self.fault("dns.servers", "must name at least one server; leave it out for the system's")
            }
            dns.servers = servers
        }
        dns.dnssec = self.boolean("dns.dnssec") ?? dns.dnssec
        self.show("dns.servers", dns.servers.map { $0.map(\.description).joined(separator: ", ") } ?? "the system's")
        self.show("dns.dnssec", "\(dns.dnssec)")
        return dns
    }

    private mutating func authentication() -> Configuration.Authentication {
        var authentication = Configuration.Authentication()
        if let words = self.words("authentication.mechanisms") {
            var mechanisms: [MechanismName] = []
            for (path, text) in words {
                if let mechanism = self.mechanism(path, text) {
                    if mechanisms.contains(mechanism) {
                        self.fault(path, "\(mechanism) is there twice")
                    } else {
                        mechanisms.append(mechanism)
                    }
                }
            }
            if words.isEmpty { self.fault("authentication.mechanisms", "must name at least one mechanism") }
            authentication.mechanisms = mechanisms
        }
        authentication.cleartextWithoutTLS =
            self.boolean("authentication.cleartextWithoutTLS") ?? authentication.cleartextWithoutTLS
        if let text = self.text("authentication.defaultDomain") {
            authentication.defaultDomain = self.domainName("authentication.defaultDomain", text)
        }
        let cache = self.duration("authentication.cache", in: .zero ... .seconds(86400))
        authentication.cache = cache ?? authentication.cache
        authentication.ntlmV1 = self.boolean("authentication.ntlmV1") ?? authentication.ntlmV1
        if let text = self.text("authentication.external.accountFrom"), text != "email" {
            self.fault(
                "authentication.external.accountFrom",
                "must be email, the certificate's rfc822Name, not '\(text)'"
            )
        }
        if authentication.mechanisms.contains(.external), self.node("tls.clientAuthorities") == nil {
            self.fault("authentication.mechanisms", "EXTERNAL needs tls.clientAuthorities")
        }
        authentication.kerberos = self.kerberos()
        self.fit(&authentication)
        authentication.sockets = self.authenticationSockets(mechanisms: authentication.mechanisms)
        authentication.lockout = self.lockout()
        authentication.passwordPolicy = self.passwordPolicy()
        authentication.oauth = self.issuers()
        if authentication.oauth.isEmpty,
            authentication.mechanisms.contains(where: { $0 == .oauthBearer || $0 == .xoauth2 })
        {
            self.fault("authentication.mechanisms", "OAUTHBEARER and XOAUTH2 need authentication.oauth")
        }
        authentication.passwordCheckers = self.passwordCheckers()
        self.checkPasswordCheckers(of: authentication)
        self.show("authentication.mechanisms", authentication.mechanisms.map(\.description).joined(separator: ", "))
        self.show("authentication.cleartextWithoutTLS", "\(authentication.cleartextWithoutTLS)")
        self.show("authentication.defaultDomain", authentication.defaultDomain ?? "the only local domain")
        self.show("authentication.cache", DurationText.format(authentication.cache))
        self.show("authentication.ntlmV1", "\(authentication.ntlmV1)")
        return authentication
    }

    /// A mechanism that this version has.
    private mutating func mechanism(_ path: String, _ text: String) -> MechanismName? {
        let known = ServerMechanisms.available
        let later = ["GS2-KRB5"]
        if let name = MechanismName(text), known.contains(name) { return name }
        if later.contains(text.uppercased()) {
            self.fault(path, "\(text.uppercased()) is not in this version yet: remove it")
        } else {
            let names = known.map(\.description)
            self.fault(
                path,
                "must be \(ConfigurationReader.alternatives(names)), not '\(text)'",
                suggestion: NearestWord.to(text, among: names)
            )
        }
        return nil
    }

    private mutating func submission() -> Configuration.Submission {
        var submission = Configuration.Submission()
        let sizes = ByteCount(octets: 1024)...ByteCount(octets: 4 << 30)
        submission.maximumMessageSize =
            self.bytes("submission.maximumMessageSize", in: sizes) ?? submission.maximumMessageSize
        submission.maximumRecipients =
            self.integer("submission.maximumRecipients", in: 1...50_000) ?? submission.maximumRecipients
        if submission.maximumRecipients < 100 {
            self.warn("submission.maximumRecipients", "is less than the 100 that RFC 5321 section 4.5.3.1.8 asks for")
        }
        self.show("submission.maximumMessageSize", "\(submission.maximumMessageSize)")
        self.show("submission.maximumRecipients", "\(submission.maximumRecipients)")
        self.sendingLimits(&submission)
        return submission
    }

    private mutating func networks() -> Configuration.Networks {
        let networks = Configuration.Networks(
            allow: self.networkList("networks.allow"),
            deny: self.networkList("networks.deny")
        )
        self.show("networks.allow", networks.allow.map(\.description).joined(separator: ", "))
        self.show("networks.deny", networks.deny.map(\.description).joined(separator: ", "))
        return networks
    }

    mutating func networkList(_ path: String) -> [IPNetwork] {
        var networks: [IPNetwork] = []
        for (path, text) in self.words(path) ?? [] {
            if let network = IPNetwork(text) {
                networks.append(network)
            } else {
                self.fault(path, "must be an address or network such as 192.0.2.0/24 or 2001:db8::/32, not '\(text)'")
            }
        }
        return networks
    }

    private mutating func limits() -> Configuration.Limits {
        var limits = Configuration.Limits(hashingThreads: System.coreCount)
        limits.connections = self.integer("limits.connections", in: 1...1_000_000) ?? limits.connections
        limits.connectionsPerAddress =
            self.integer("limits.connectionsPerAddress", in: 1...1_000_000) ?? limits.connectionsPerAddress
        limits.connectionsPerMinute =
            self.integer("limits.connectionsPerMinute", in: 1...1_000_000) ?? limits.connectionsPerMinute
        limits.failuresPerMinute =
            self.integer("limits.failuresPerMinute", in: 1...100_000) ?? limits.failuresPerMinute
        limits.badCommands = self.integer("limits.badCommands", in: 1...10_000) ?? limits.badCommands
        limits.authenticationAttempts =
            self.integer("limits.authenticationAttempts", in: 1...1000) ?? limits.authenticationAttempts
        limits.hashingThreads = self.integer("limits.hashingThreads", in: 1...256) ?? limits.hashingThreads
        limits.hashingQueue = self.integer("limits.hashingQueue", in: 0...100_000) ?? limits.hashingQueue
        let phase = Duration.seconds(1) ... .seconds(3600)
        var timeouts = limits.timeouts
        timeouts.command = self.duration("limits.timeouts.command", in: phase) ?? timeouts.command
        timeouts.data = self.duration("limits.timeouts.data", in: phase) ?? timeouts.data
        timeouts.tlsHandshake = self.duration("limits.timeouts.tlsHandshake", in: phase) ?? timeouts.tlsHandshake
        timeouts.shutdown =
            self.duration("limits.timeouts.shutdown", in: .zero ... .seconds(3600)) ?? timeouts.shutdown
        limits.timeouts = timeouts
        self.show("limits.connections", "\(limits.connections)")
        self.show("limits.connectionsPerAddress", "\(limits.connectionsPerAddress)")
        self.show("limits.connectionsPerMinute", "\(limits.connectionsPerMinute)")
        self.show("limits.failuresPerMinute", "\(limits.failuresPerMinute)")
        self.show("limits.badCommands", "\(limits.badCommands)")
        self.show("limits.authenticationAttempts", "\(limits.authenticationAttempts)")
        self.show("limits.hashingThreads", "\(limits.hashingThreads)")
        self.show("limits.hashingQueue", "\(limits.hashingQueue)")
        self.show("limits.timeouts.command", DurationText.format(timeouts.command))
        self.show("limits.timeouts.data", DurationText.format(timeouts.data))
        self.show("limits.timeouts.tlsHandshake", DurationText.format(timeouts.tlsHandshake))
        self.show("limits.timeouts.shutdown", DurationText.format(timeouts.shutdown))
        return limits
    }

    private mutating func audit() -> Configuration.Audit {
        var retention = AuditRetention()
        let range = Duration.seconds(86_400) ... .seconds(100 * 365 * 86_400)
        retention.authentication =
            self.duration("audit.retention.authentication", in: range) ?? retention.authentication
        retention.administration =
            self.duration("audit.retention.administration", in: range) ?? retention.administration
        retention.sending = self.duration("audit.retention.sending", in: range) ?? retention.sending
        self.show("audit.retention.authentication", DurationText.format(retention.authentication))
        self.show("audit.retention.administration", DurationText.format(retention.administration))
        self.show("audit.retention.sending", DurationText.format(retention.sending))
        return Configuration.Audit(retention: retention)
    }

    private mutating func log() -> Configuration.Log {
        var log = Configuration.Log()
        log.level = self.choice("log.level", Configuration.Log.Level.self) ?? log.level
        log.format = self.choice("log.format", Configuration.Log.Format.self) ?? log.format
        self.show("log.level", log.level.rawValue)
        self.show("log.format", log.format.rawValue)
        return log
    }

    /// A domain name in ASCII, lower case.
    mutating func domainName(_ path: String, _ text: String) -> String? {
        if IPAddress(text) != nil {
            self.fault(path, "must be a name, not the address \(text)")
            return nil
        }
        do {
            guard case .name(let name) = try Domain(parsing: Array(text.utf8), allowUTF8: false).lowercased else {
                self.fault(path, "must be a name, not the address literal \(text)")
                return nil
            }
            return name
        } catch {
            self.fault(path, "must be a domain name such as mail.example.org, not '\(text)'")
            return nil
        }
    }
}
