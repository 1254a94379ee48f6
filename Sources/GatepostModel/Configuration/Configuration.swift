package import MailSyntax
package import SASL

/// How this host runs: the whole of the configuration file, checked and with every default filled in.
///
/// Accounts, domains and keys are not here; they live in the store. Paths are absolute.
package struct Configuration: Sendable {
    /// The name that the server gives in its greeting, in EHLO and in `Received`; ASCII, lower case.
    package var hostname: String
    /// The directory that holds the database, the spool, `master.key` and `control.sock`.
    package var data: String
    package var tls: TLS
    package var listeners: [Listener]
    /// The file names none: reception is added at the start where a domain is local.
    package var hasDefaultListeners = true
    package var reception = Reception()
    package var storage: Storage
    package var dns: DNS
    package var authentication: Authentication
    package var submission: Submission
    package var popBeforeSMTP: POPBeforeSMTP?
    package var networks: Networks
    package var delivery: Delivery
    package var limits: Limits
    package var log: Log
    package var audit: Audit
    /// Asked in this order about each message.
    package var milters: [Milter] = []
    /// Who answers for this host; is told when mail is held. nil: nobody by mail.
    package var postmaster: Mailbox?
    package var reports = Reports()

    package init(
        hostname: String,
        data: String,
        tls: TLS,
        listeners: [Listener] = Listener.defaults,
        storage: Storage = .sqlite,
        dns: DNS = DNS(),
        authentication: Authentication = Authentication(),
        submission: Submission = Submission(),
        popBeforeSMTP: POPBeforeSMTP? = nil,
        networks: Networks = Networks(),
        delivery: Delivery = Delivery(),
        limits: Limits = Limits(),
        log: Log = Log(),
        audit: Audit = Audit()
    ) {
        self.hostname = hostname
        self.data = data
        self.tls = tls
        self.listeners = listeners
        self.storage = storage
        self.dns = dns
        self.authentication = authentication
        self.submission = submission
        self.popBeforeSMTP = popBeforeSMTP
        self.networks = networks
        self.delivery = delivery
        self.limits = limits
        self.log = log
        self.audit = audit
    }
}

extension Configuration {
    /// Where the server's certificate chain and private key lie (PEM); read again when the files change.
    package struct TLS: Sendable, Hashable {
        package var certificate: String
        package var key: String
        /// Authorities whose client certificates count for EXTERNAL; `nil`: none are asked for.
        package var clientAuthorities: String?

        package init(certificate: String, key: String, clientAuthorities: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthorities = clientAuthorities
        }
    }

    /// Where accounts, domains and the queue are kept.
    package enum Storage: Sendable, Hashable {
        /// One database file in the data directory.
        case sqlite
    }

    /// Which name servers are asked.
    package struct DNS: Sendable, Hashable {
        /// `nil`: the system's.
        package var servers: [IPEndpoint]?
        /// Whether answers are validated (RFC 4035).
        package var dnssec: Bool

        package init(servers: [IPEndpoint]? = nil, dnssec: Bool = true) {
            self.servers = servers
            self.dnssec = dnssec
        }
    }

    /// How people and programs log in.
    package struct Authentication: Sendable, Hashable {
        /// Offered in this order.
        package var mechanisms: [MechanismName]
        /// Whether PLAIN and LOGIN are offered without TLS; only where every listener without TLS is on loopback.
        package var cleartextWithoutTLS: Bool
        /// For login names without a domain; `nil`: the only local domain, where there is exactly one.
        package var defaultDomain: String?
        /// How long a verified password is remembered in memory; zero: not at all.
        package var cache: Duration
        /// Whose bearer tokens count for OAUTHBEARER and XOAUTH2.
        package var oauth: [OAuthIssuer]
        /// Where the keys for GSSAPI are; `nil`: no Kerberos.
        package var kerberos: Kerberos?
        /// Whether NTLMv1 and NTLM2 session responses are accepted, which are weak.
        package var ntlmV1: Bool
        /// What new main passwords must be like.
        package var passwordPolicy: PasswordPolicy = PasswordPolicy()
        package var sockets = AuthenticationSockets()
        package var lockout = Lockout()
        /// Asked in this order about the passwords of accounts that have none of their own.
        package var passwordCheckers: [PasswordChecker]

        package init(
            mechanisms: [MechanismName] = [
                .scramSHA256Plus, .scramSHA256, .scramSHA1Plus, .scramSHA1, .plain, .login,
            ],
            cleartextWithoutTLS: Bool = false,
            defaultDomain: String? = nil,
            cache: Duration = .seconds(300),
            oauth: [OAuthIssuer] = [],
            kerberos: Kerberos? = nil,
            ntlmV1: Bool = false,
            passwordCheckers: [PasswordChecker] = []
        ) {
            self.mechanisms = mechanisms
            self.cleartextWithoutTLS = cleartextWithoutTLS
            self.defaultDomain = defaultDomain
            self.cache = cache
            self.oauth = oauth
            self.kerberos = kerberos
            self.ntlmV1 = ntlmV1
            self.passwordCheckers = passwordCheckers
        }
    }

    /// What an authenticated client may submit.
    package struct Submission: Sendable, Hashable {
        /// Announced with SIZE (RFC 1870).
        package var maximumMessageSize: ByteCount
        /// Recipients of one transaction; announced with LIMITS RCPTMAX (RFC 9422).
        package var maximumRecipients: Int
        /// Of accounts about which nothing else is said.
        package var limits = SendingLimits()
        /// What becomes of mail that is over one.
        package var limitAction = SendingPolicy.Action.hold
        /// nil: mail from new networks is treated like other mail.
        package var newNetworkBurst: SendingPolicy.Burst? = SendingPolicy.Burst()

        package init(maximumMessageSize: ByteCount = .mebibytes(50), maximumRecipients: Int = 100) {
            self.maximumMessageSize = maximumMessageSize
            self.maximumRecipients = maximumRecipients
        }
    }

    /// A login at a `pop3` listener lets the account send from the same address without AUTH for a while; `nil`: it does not.
    package struct POPBeforeSMTP: Sendable, Hashable {
        package var duration: Duration
        /// QUIT ends it early.
        package var endsOnLogout: Bool

        package init(duration: Duration = .seconds(900), endsOnLogout: Bool = false) {
            self.duration = duration
            self.endsOnLogout = endsOnLogout
        }
    }

    /// Networks that are treated differently from the rest.
    package struct Networks: Sendable, Hashable {
        /// Free of connection, rate and failure limits.
        package var allow: [IPNetwork]
        /// Refused at connect; `allow` wins.
        package var deny: [IPNetwork]

        package init(allow: [IPNetwork] = [], deny: [IPNetwork] = []) {
            self.allow = allow
            self.deny = deny
        }
    }

    /// The audit trail.
    package struct Audit: Sendable, Hashable {
        package var retention: AuditRetention

        package init(retention: AuditRetention = AuditRetention()) {
            self.retention = retention
        }
    }

    /// The log on standard error.
    package struct Log: Sendable, Hashable {
        package enum Level: String, Sendable, Hashable, CaseIterable {
            case trace
            case debug
            case info
            case notice
            case warning
            case error
            case critical
        }

        package enum Format: String, Sendable, Hashable, CaseIterable {
            case text
            case json
        }

        package var level: Level
        package var format: Format

        package init(level: Level = .info, format: Format = .text) {
            self.level = level
            self.format = format
        }
    }
}
