import GatepostModel
import GatepostServer
import MailSyntax
import SASL
import Testing

@Suite("Configuration")
struct ConfigurationLoaderTests {
    @Test("only hostname and tls are required")
    func defaults() throws {
        let loaded = try self.load("hostname: Mail.Example.ORG\ntls: { certificate: c.pem, key: k.pem }\n")
        let configuration = loaded.configuration
        #expect(configuration.hostname == "mail.example.org")
        #expect(configuration.data == "/etc/gatepost/gatepost-data")
        #expect(configuration.tls.certificate == "/etc/gatepost/c.pem")
        #expect(configuration.listeners.map(\.address.description) == ["0.0.0.0:587", "0.0.0.0:465"])
        #expect(configuration.listeners.map(\.tls) == [.starttls, .implicit])
        #expect(
            configuration.authentication.mechanisms
                == [.scramSHA256Plus, .scramSHA256, .scramSHA1Plus, .scramSHA1, .plain, .login]
        )
        #expect(!configuration.authentication.cleartextWithoutTLS)
        #expect(configuration.authentication.cache == .seconds(300))
        #expect(configuration.submission.maximumMessageSize.octets == 50 * 1_048_576)
        #expect(configuration.submission.maximumRecipients == 100)
        #expect(configuration.delivery.port == 25)
        #expect(configuration.delivery.retry == RetrySchedule())
        #expect(configuration.dns.servers == nil)
        #expect(configuration.dns.dnssec)
        #expect(loaded.warnings.isEmpty)
    }

    @Test("sockets for other servers are relative to the file")
    func sockets() throws {
        let loaded = try self.load(
            """
            hostname: a.example
            tls: { certificate: c.pem, key: k.pem }
            authentication: { dovecotSocket: run/dovecot-auth, saslauthdSocket: /run/saslauthd/mux, socketMode: 0666 }
            """
        )
        let sockets = loaded.configuration.authentication.sockets
        #expect(sockets.dovecot == "/etc/gatepost/run/dovecot-auth")
        #expect(sockets.saslauthd == "/run/saslauthd/mux")
        #expect(sockets.mode == 0o666)
        #expect(loaded.warnings.map(\.key) == ["authentication.socketMode"])
        let none = try self.load("hostname: a.example\ntls: { certificate: c.pem, key: k.pem }\n")
        #expect(none.configuration.authentication.sockets == Configuration.AuthenticationSockets())
    }

    @Test("reads what the file says")
    func everything() throws {
        let loaded = try self.load(
            """
            hostname: mail.example.org
            data: /var/lib/gatepost
            tls: { certificate: /c.pem, key: k.pem }
            listeners:
              - { service: submission, address: "[::1]:1587", tls: none }
              - { address: "127.0.0.1:465" }
            storage: sqlite
            dns: { servers: [127.0.0.1:5353, "::1"], dnssec: false }
            authentication:
              mechanisms: [plain, CRAM-MD5]
              cleartextWithoutTLS: true
              defaultDomain: Example.ORG
              cache: 1h30m
            submission:
              maximumMessageSize: 10MB
              maximumRecipients: 0200
              limits: { messagesPerDay: 1000, newRecipientsPerDay: 0, sessions: none, action: refuse, newNetworkRecipients: 5, newNetworkAge: 2d }
            postmaster: Admin@example.org
            networks: { allow: [127.0.0.0/8], deny: [192.0.2.1, "2001:db8::/32"] }
            delivery:
              route: relay
              relay: { host: smtp.example.net, port: 465, user: u, password: "p:w", mechanism: plain }
              local: lmtp:/run/lmtp
              retry: { first: 1m, maximum: 1h, expire: 2d }
              port: 2525
            limits: { connections: 7, timeouts: { command: 10s } }
            log: { level: debug, format: json }
            """
        )
        let configuration = loaded.configuration
        #expect(configuration.data == "/var/lib/gatepost")
        #expect(configuration.tls.certificate == "/c.pem")
        #expect(configuration.listeners.map(\.address.description) == ["[::1]:1587", "127.0.0.1:465"])
        #expect(configuration.listeners.map(\.tls) == [.none, .implicit])
        #expect(configuration.dns.servers?.map(\.description) == ["127.0.0.1:5353", "[::1]:53"])
        #expect(configuration.authentication.mechanisms == [.plain, .cramMD5])
        #expect(configuration.authentication.defaultDomain == "example.org")
        #expect(configuration.authentication.cache == .seconds(5400))
        #expect(configuration.submission.maximumMessageSize.octets == 10_000_000)
        #expect(configuration.submission.maximumRecipients == 200)
        #expect(configuration.submission.limits.text == "messagesPerDay=1000 newRecipientsPerDay=0")
        #expect(configuration.submission.limitAction == .refuse)
        #expect(configuration.submission.newNetworkBurst == .init(recipients: 5, age: .seconds(2 * 86_400)))
        #expect(configuration.postmaster?.description == "Admin@example.org")
        #expect(configuration.networks.deny.map(\.description) == ["192.0.2.1/32", "2001:db8::/32"])
        guard case .relay(let relay) = configuration.delivery.route else {
            Issue.record("not a relay")
            return
        }
        #expect(relay.tls == .implicit)
        #expect(relay.password == Secret("p:w"))
        #expect(relay.mechanism == .plain)
        #expect(configuration.delivery.local == .unix(path: "/run/lmtp"))
        #expect(configuration.limits.connections == 7)
        #expect(configuration.limits.timeouts.command == .seconds(10))
        #expect(configuration.log == Configuration.Log(level: .debug, format: .json))
    }

    @Test("listeners for devices, and POP-before-SMTP")
    func devices() throws {
        let configuration = try self.load(
            """
            hostname: a.example
            tls: { certificate: c.pem, key: k.pem }
            listeners:
              - service: device
                address: "10.0.0.5:25"
                clients: [10.0.0.20, 10.0.1.0/28]
                account: Scanner@example.org
                recipients: [example.org, "*@example.net", boss@example.com]
              - { service: device, address: "10.0.0.5:26", tls: starttls, clients: [10.0.0.21], from: fax@example.org, otherFrom: rewrite, recipients: ["*"], messagesPerHour: 5 }
              - { service: pop3, address: "10.0.0.5:995" }
            popBeforeSMTP: { endsOnLogout: true }
            """
        ).configuration
        let fixed = try #require(configuration.listeners[0].device)
        #expect(configuration.listeners.map(\.tls) == [.none, .starttls, .implicit])
        #expect(fixed.clients.map(\.description) == ["10.0.0.20/32", "10.0.1.0/28"])
        #expect(fixed.account == "Scanner@example.org")
        #expect(fixed.from?.description.lowercased() == "scanner@example.org")
        #expect(fixed.otherFrom == .refuse)
        #expect(fixed.recipients?.map(\.description) == ["*@example.org", "*@example.net", "boss@example.com"])
        #expect(fixed.messagesPerHour == 30)
        let other = try #require(configuration.listeners[1].device)
        #expect(other.account == nil)
        #expect(
            other.fixedAuthor == FixedAuthor(mailbox: try Mailbox(parsing: "fax@example.org"), replacesOthers: true)
        )
        #expect(other.recipients == nil)
        #expect(other.messagesPerHour == 5)
        #expect(configuration.listeners[2].device == nil)
        #expect(configuration.popBeforeSMTP == Configuration.POPBeforeSMTP(duration: .seconds(900), endsOnLogout: true))
    }

    @Test("the environment overrides the file, and config show says so")
    func overrides() throws {
        let loaded = try self.load(
            "hostname: a.example\ntls: { certificate: c.pem, key: k.pem }\ndns: { servers: [192.0.2.1] }\n",
            environment: [
                "GATEPOST_HOSTNAME": "b.example", "GATEPOST_SUBMISSION_MAXIMUM_RECIPIENTS": "150",
                "GATEPOST_DNS_SERVERS": "127.0.0.1, ::1", "GATEPOST_AUTHENTICATION_MECHANISMS": "[PLAIN, LOGIN]",
                "GATEPOST_PASSWORD": "not an override", "GATEPOST_PORT_587_TCP": "somebody else's",
            ]
        )
        #expect(loaded.configuration.hostname == "b.example")
        #expect(loaded.configuration.submission.maximumRecipients == 150)
        #expect(loaded.configuration.dns.servers?.map(\.description) == ["127.0.0.1:53", "[::1]:53"])
        #expect(loaded.configuration.authentication.mechanisms == [.plain, .login])
        #expect(loaded.settings.first?.origin.description == "GATEPOST_HOSTNAME")
        #expect(loaded.warnings.map(\.description) == ["GATEPOST_PORT_587_TCP: error: names no key; ignored"])
    }

    @Test("values may be in a file or the environment, and secrets are masked")
    func indirections() throws {
        let directory = try TemporaryDirectory()
        try directory.write("relay.secret", "s3cret\n")
        let loaded = try ConfigurationLoader.load(
            text: """
                hostname: env:NAME
                tls: { certificate: c.pem, key: k.pem }
                delivery: { route: relay, relay: { host: r.example, user: u, password: file:relay.secret } }
                """,
            name: "c.yaml",
            file: "\(directory.path)/c.yaml",
            environment: ["NAME": "a.example"],
            checkingCertificate: false
        )
        #expect(loaded.configuration.hostname == "a.example")
        guard case .relay(let relay) = loaded.configuration.delivery.route else {
            Issue.record("not a relay")
            return
        }
        #expect(relay.password == Secret("s3cret"))
        #expect(!loaded.settings.contains { $0.value.contains("s3cret") })
        #expect(!"\(loaded)".contains("s3cret"))
    }

    @Test("every key's variable is its own")
    func variables() {
        let variables = ConfigurationKey.all.map(\.variable)
        #expect(Set(variables).count == variables.count)
        #expect(
            ConfigurationKey.at("submission.maximumMessageSize")?.variable
                == "GATEPOST_SUBMISSION_MAXIMUM_MESSAGE_SIZE"
        )
    }

    private func load(_ text: String, environment: [String: String] = [:]) throws -> LoadedConfiguration {
        try ConfigurationLoader.load(
            text: text,
            name: "c.yaml",
            file: "/etc/gatepost/c.yaml",
            environment: environment,
            checkingCertificate: false
        )
    }
}

@Suite("Quantities in the configuration")
struct QuantityTests {
    @Test(
        "durations",
        arguments: [
            ("5m", 300_000), ("4h", 14_400_000), ("5d", 432_000_000), ("1h30m", 5_400_000), ("250ms", 250), ("0", 0),
            ("", nil), ("5", nil), ("m", nil), ("-5m", nil), ("5 m", nil), ("5y", 157_680_000_000),
            ("99999999999999999999s", nil), ("9223372036854775807d", nil), ("1d1d1", nil),
        ] as [(String, Int?)]
    )
    func durations(text: String, milliseconds: Int?) {
        #expect(DurationText.parse(text) == milliseconds.map { .milliseconds($0) })
    }

    @Test("a formatted duration reads back", arguments: [0, 1, 999, 1000, 61_000, 3_600_000, 86_400_000, 90_000_000])
    func format(milliseconds: Int) {
        let duration = Duration.milliseconds(milliseconds)
        #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }

    @Test(
        "octets",
        arguments: [
            ("1024", 1024), ("50MiB", 52_428_800), ("50 MiB", 52_428_800), ("1kB", 1000), ("2g", 2_147_483_648),
            ("", nil), ("MiB", nil), ("-1", nil), ("1TB", nil), ("9223372036854775807k", nil),
        ] as [(String, Int?)]
    )
    func octets(text: String, octets: Int?) {
        #expect(ByteCount(text)?.octets == octets)
    }

    @Test(
        "addresses with ports",
        arguments: [
            ("192.0.2.1:25", "192.0.2.1:25"), ("[2001:db8::1]:587", "[2001:db8::1]:587"), ("0.0.0.0:0", "0.0.0.0:0"),
            ("192.0.2.1", nil), ("2001:db8::1:25", nil), ("[192.0.2.1]:25", nil), ("localhost:25", nil), (":25", nil),
            ("192.0.2.1:", nil), ("192.0.2.1:65536", nil), ("192.0.2.1:25x", nil), ("[::1", nil), ("", nil),
        ] as [(String, String?)]
    )
    func endpoints(text: String, read: String?) {
        #expect(IPEndpoint(text)?.description == read)
    }
}

@Suite("Nearest word")
struct NearestWordTests {
    @Test(
        "finds what was meant",
        arguments: [
            ("acount", "account"), ("stauts", "status"), ("sevre", "serve"), ("quue", "queue"), ("xyz", nil),
            ("inot", "init"), ("", nil),
        ] as [(String, String?)]
    )
    func nearest(word: String, meant: String?) {
        #expect(NearestWord.to(word, among: ["account", "status", "serve", "queue", "init"]) == meant)
    }
}
