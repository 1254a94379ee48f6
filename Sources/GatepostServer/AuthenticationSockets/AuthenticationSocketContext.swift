package import GatepostModel
package import Logging
internal import MailSyntax
package import SASL

/// What the connections of both authentication sockets share: whom they ask, and what they allow.
package struct AuthenticationSocketContext: Sendable {
    let authenticator: Authenticator
    let counters: SubmissionCounters
    let clock: any WallClock
    let hostname: String
    /// Those of the configuration that need nothing of the client's connection but that it is encrypted.
    let mechanisms: [MechanismName]
    let allowsClearTextWithoutTLS: Bool
    let allowsNTLMv1: Bool
    let networks: Configuration.Networks
    /// How long a client may take over a response.
    let responseTime: Duration
    let logger: Logger

    package init(
        _ configuration: Configuration,
        authenticator: Authenticator,
        counters: SubmissionCounters,
        clock: any WallClock,
        logger: Logger
    ) {
        self.authenticator = authenticator
        self.counters = counters
        self.clock = clock
        self.hostname = configuration.hostname
        self.mechanisms = Self.offered(configuration.authentication.mechanisms)
        self.allowsClearTextWithoutTLS = configuration.authentication.cleartextWithoutTLS
        self.allowsNTLMv1 = configuration.authentication.ntlmV1
        self.networks = configuration.networks
        self.responseTime = configuration.limits.timeouts.command
        self.logger = logger
    }

    /// Of the configured mechanisms those that work across another server: none that binds to a TLS connection, which nobody here sees, and
    /// not EXTERNAL, for neither Postfix nor Exim passes on whose certificate it verified.
    package static func offered(_ configured: [MechanismName]) -> [MechanismName] {
        configured.filter {
            !$0.bindsToChannel && $0 != .external && ServerMechanisms.available.contains($0)
        }
    }

    func makeLogin() -> LoginExchange {
        LoginExchange(authenticator: self.authenticator, counters: self.counters, logger: self.logger)
    }

    /// Whether clients with this address are turned away, as they are at our own listeners.
    func isDenied(_ address: IPAddress) -> Bool {
        self.networks.deny.contains { $0.contains(address) } && !self.networks.allow.contains { $0.contains(address) }
    }

    /// Mail of a sandbox account never leaves Gatepost, which cannot be promised for mail that another server takes.
    static func objection(to account: Account) -> Authenticator.Refusal? {
        account.isSandbox ? .sandbox : nil
    }
}
