internal import MailSyntax
internal import NIOSSL
internal import SMTP
internal import Synchronization

/// TLS contexts by what they are made of. Making one reads the trust roots, which costs milliseconds; each serves any number of connections.
enum ClientTLS {
    private struct Key: Hashable {
        var verification: CertificateVerification
        var trustRoots: TrustRoots
    }

    /// More configurations than a process has; a full table is emptied.
    private static let maximumContexts = 32
    private static let contexts = Mutex<[Key: NIOSSLContext]>([:])

    /// The context for these options, made once. Trust roots are read when it is made.
    static func context(for options: ConnectionOptions) throws -> NIOSSLContext {
        let key = Key(verification: options.effectiveVerification, trustRoots: options.trustRoots)
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
            let context = try NIOSSLContext(configuration: configuration)
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
