internal import MailSyntax
internal import NIOSSL
internal import SASL
internal import SMTP
internal import Synchronization
internal import TLSChannelBinding

/// TLS contexts by what they are made of. Making one reads the trust roots, which costs milliseconds; each serves any number of connections.
enum ClientTLS {
    private struct Key: Hashable {
        var verification: CertificateVerification
        var trustRoots: TrustRoots
        var identity: TLSIdentity?
        /// Whether there is a login that could be bound to the connection: without, no secret is looked at.
        var isBinding: Bool
    }

    /// A context, and where its key log goes, for `tls-exporter` (RFC 9266).
    struct Context: Sendable {
        var context: NIOSSLContext
        var exporterSecrets: ExporterSecrets?
    }

    /// More configurations than a process has; a full table is emptied.
    private static let maximumContexts = 32
    private static let contexts = Mutex<[Key: Context]>([:])

    /// The context for these options, made once. Trust roots are read when it is made.
    static func context(for options: ConnectionOptions) throws -> Context {
        let key = Key(
            verification: options.effectiveVerification,
            trustRoots: options.trustRoots,
            identity: options.identity,
            isBinding: options.credentials?.kind == .password
        )
        return try self.contexts.withLock { contexts in
            if let context = contexts[key] { return context }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            switch key.verification {
            case .full:
                configuration.certificateVerification = .fullVerification
                switch key.trustRoots {
                case .system: configuration.trustRoots = .default
                case .file(let path): configuration.trustRoots = .file(path)
                case .certificates(let certificates): configuration.trustRoots = .certificates(certificates)
                }
            case .none:
                configuration.certificateVerification = .none
                configuration.trustRoots = .certificates([])
            }
            if let identity = key.identity {
                configuration.certificateChain = identity.chain.map { .certificate($0) }
                configuration.privateKey = .privateKey(identity.key)
            }
            var exporterSecrets: ExporterSecrets?
            if key.isBinding {
                let secrets = ExporterSecrets()
                configuration.keyLogCallback = { secrets.record($0) }
                exporterSecrets = secrets
            }
            let context = Context(
                context: try NIOSSLContext(configuration: configuration),
                exporterSecrets: exporterSecrets
            )
            if contexts.count >= self.maximumContexts { contexts.removeAll() }
            contexts[key] = context
            return context
        }
    }

    /// The name for SNI and for the certificate check; nil when the server is known by its address only (RFC 6066 §3), and the
    /// certificate is then checked for the address.
    static func serverName(for endpoint: Endpoint, _ options: ConnectionOptions) -> String? {
        var name = options.tlsServerName
        if name == nil, case .tcp(let host, _) = endpoint { name = host }
        guard let name, IPAddress(name) == nil else { return nil }
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

extension ConnectionOptions {
    /// How the certificate is checked, with the default resolved.
    var effectiveVerification: CertificateVerification {
        self.verification ?? (self.tls == .opportunistic ? .none : .full)
    }
}
