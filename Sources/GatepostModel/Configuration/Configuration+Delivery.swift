package import SASL

extension Configuration {
    /// What happens to a message after it was accepted.
    package struct Delivery: Sendable {
        package enum Route: Sendable {
            /// To the recipients' mail exchangers (RFC 5321 §5).
            case mx
            /// Everything that is not local to one smarthost.
            case relay(Relay)
            /// Accept, keep, deliver nothing.
            case hold
        }

        package var route: Route
        /// Where mail for local domains goes; `nil`: like any other domain.
        package var local: LocalStore?
        package var retry: RetrySchedule
        /// The port of mail exchangers; other values than 25 are for tests.
        package var port: Int
        /// Outgoing connections in all.
        package var connections: Int
        /// Outgoing connections to one destination.
        package var connectionsPerDestination: Int

        package init(
            route: Route = .mx,
            local: LocalStore? = nil,
            retry: RetrySchedule = RetrySchedule(),
            port: Int = 25,
            connections: Int = 50,
            connectionsPerDestination: Int = 5
        ) {
            self.route = route
            self.local = local
            self.retry = retry
            self.port = port
            self.connections = connections
            self.connectionsPerDestination = connectionsPerDestination
        }
    }

    /// A smarthost.
    package struct Relay: Sendable {
        package enum Security: String, Sendable, Hashable, CaseIterable {
            /// STARTTLS with a verified certificate, or no delivery.
            case required
            /// TLS from the first octet, certificate verified.
            case implicit
            /// STARTTLS where it is offered; not with a password.
            case opportunistic
            case none
        }

        /// A host name or an IP address.
        package var host: String
        package var port: Int
        package var tls: Security
        package var user: String?
        package var password: Secret?
        /// The file that the password came from, to be looked at again before a login that was refused is tried once more.
        package var passwordFile: String?
        /// `nil`: the strongest that is offered.
        package var mechanism: MechanismName?
        /// With GSSAPI: what makes its contexts.
        package var securityContexts: (any SecurityContextSource)?
        /// The key table that those are made with; nil: the tickets of the server's user.
        package var keytab: String?
        /// PEM files of the certificate to show, and of its key.
        package var certificate: String?
        package var key: String?
        /// Where access tokens come from, in place of a password.
        package var oauth: RelayOAuth?

        package init(
            host: String,
            port: Int = 587,
            tls: Security = .required,
            user: String? = nil,
            password: Secret? = nil,
            mechanism: MechanismName? = nil,
            securityContexts: (any SecurityContextSource)? = nil
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.user = user
            self.password = password
            self.mechanism = mechanism
            self.securityContexts = securityContexts
        }
    }

    /// How the relay's access tokens are had (RFC 6749).
    package struct RelayOAuth: Sendable {
        package enum Provider: String, Sendable, Hashable, CaseIterable {
            case gmail
            case microsoft365
            /// The endpoints are given.
            case other
        }

        package enum Flow: String, Sendable, Hashable, CaseIterable {
            /// A person has authorized once: §6.
            case refreshToken
            /// This server on its own account: §4.4.
            case clientCredentials
        }

        package var provider: Provider
        package var flow: Flow
        package var clientID: String
        package var clientSecret: Secret?
        /// The absolute path of the file that holds the refresh token; written when the provider gives a new one.
        package var refreshTokenFile: String
        /// Microsoft's directory.
        package var tenant: String
        /// URLs that replace the provider's.
        package var tokenEndpoint: String?
        package var deviceEndpoint: String?
        package var authorizationEndpoint: String?
        package var scope: String?

        package init(
            provider: Provider,
            flow: Flow = .refreshToken,
            clientID: String,
            clientSecret: Secret? = nil,
            refreshTokenFile: String,
            tenant: String = "common"
        ) {
            self.provider = provider
            self.flow = flow
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.refreshTokenFile = refreshTokenFile
            self.tenant = tenant
        }
    }

    /// The store of local mailboxes, reached by LMTP (RFC 2033).
    package enum LocalStore: Sendable, Hashable, CustomStringConvertible {
        /// The absolute path of a Unix socket.
        case unix(path: String)
        /// A host name or an IP address.
        case tcp(host: String, port: Int)

        package var description: String {
            switch self {
            case .unix(let path): "lmtp:\(path)"
            case .tcp(let host, let port):
                host.utf8.contains(UInt8(ascii: ":")) ? "lmtp:[\(host)]:\(port)" : "lmtp:\(host):\(port)"
            }
        }
    }
}
