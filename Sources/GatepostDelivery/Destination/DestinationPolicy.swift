internal import GatepostModel
internal import MailSyntax
internal import SASL
internal import SMTP
internal import SMTPClient

/// How to talk to one destination, and how much at once.
struct DestinationPolicy: Sendable {
    /// Connections at most.
    var connections: Int
    var transactionsPerConnection: Int
    var options: ConnectionOptions
    /// How to log in; of the relay only.
    var login: RelayLogin?
    /// What acceptance means where DSN is not offered.
    var handoverWithoutDSN: OutcomeRule.Handover

    init(for hop: NextHop, _ configuration: DeliveryConfiguration) {
        let delivery = configuration.delivery
        self.connections = max(1, delivery.connectionsPerDestination)
        self.transactionsPerConnection = max(1, configuration.transactionsPerConnection)
        self.options = ConnectionOptions(
            heloName: configuration.hostname,
            trustRoots: configuration.trustRoots,
            timeouts: configuration.timeouts
        )
        self.handoverWithoutDSN = .withoutNotification
        switch hop {
        case .exchangers, .address:
            return
        case .local:
            self.options.protocol = .lmtp
            self.options.tls = .none
            self.handoverWithoutDSN = .final
        case .relay:
            guard case .relay(let relay) = delivery.route else { break }
            self.options.tls = TransportSecurity(relay.tls)
            self.options.tlsServerName = IPAddress(relay.host) == nil ? relay.host : nil
            self.options.mechanism = relay.mechanism
            self.login = configuration.relayLogin ?? RelayLogin(relay)
            self.options.accessTokens = self.login?.accessTokens
        }
        // The relay and the local store are ours, and meant to take everything.
        self.connections *= 3
        self.transactionsPerConnection *= 10
    }
}

extension RelayLogin {
    /// User and password as they stand in the configuration; nil without.
    fileprivate init?(_ relay: Configuration.Relay) {
        let credentials: ClientCredentials
        if let contexts = relay.securityContexts {
            credentials = ClientCredentials(tickets: contexts)
        } else if let user = relay.user, let password = relay.password {
            credentials = ClientCredentials(authenticationIdentity: user, password: password)
        } else {
            return nil
        }
        self.init(material: { Material(credentials: credentials) }, mark: { "configured" })
    }
}

extension TransportSecurity {
    init(_ security: Configuration.Relay.Security) {
        switch security {
        case .required: self = .required
        case .implicit: self = .implicit
        case .opportunistic: self = .opportunistic
        case .none: self = .none
        }
    }
}
