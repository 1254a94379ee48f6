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
            if let contexts = relay.securityContexts {
                self.options.credentials = ClientCredentials(
                    authenticationIdentity: relay.user ?? "",
                    password: Secret(""),
                    securityContexts: contexts
                )
            } else if let user = relay.user, let password = relay.password {
                self.options.credentials = ClientCredentials(authenticationIdentity: user, password: password)
            }
        }
        // The relay and the local store are ours, and meant to take everything.
        self.connections *= 3
        self.transactionsPerConnection *= 10
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
