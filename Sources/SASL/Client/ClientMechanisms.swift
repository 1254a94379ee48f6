/// The mechanisms of this library, client side.
public enum ClientMechanisms {
    /// Every mechanism that ``make(_:credentials:nonce:iterations:channelBindings:offered:hostname:)`` knows.
    public static let all: [MechanismName] = [
        .scramSHA512Plus, .scramSHA256Plus, .scramSHA1Plus, .scramSHA512, .scramSHA256, .scramSHA1, .plain, .login,
        .digestMD5, .cramMD5, .ntlm, .external, .oauthBearer, .xoauth2,
        .gssapi,
    ]

    /// A fresh exchange.
    ///
    /// Credentials that the mechanism cannot use (empty, too long, forbidden characters, an authorization identity where it
    /// has no place) show at the first challenge, as ``ClientFailure/Reason/unusableCredentials``; nothing of them is sent.
    ///
    /// - Parameters:
    ///   - nonce: At least 18 octets from a cryptographic random source, used for this exchange only.
    ///   - iterations: What SCRAM iteration counts the client goes along with.
    ///   - channelBindings: What the TLS connection can be bound to; the -PLUS mechanisms need one.
    ///   - offered: What the server offers, so that a plain SCRAM can say that no -PLUS was among it.
    ///   - hostname: The server's name as the user gave it, for DIGEST-MD5; `nil` to take the realm for it.
    /// - Returns: `nil` where the library has no such mechanism, or the credentials nothing for it (GSSAPI).
    public static func make(
        _ name: MechanismName,
        credentials: ClientCredentials,
        nonce: [UInt8],
        iterations: SCRAMIterationLimits = .standard,
        channelBindings: ChannelBindings = .none,
        offered: [MechanismName] = [],
        hostname: String? = nil
    ) -> (any ClientMechanism)? {
        precondition(nonce.count >= 18, "A nonce of fewer than 18 octets can be guessed or repeats")
        switch name {
        case .plain:
            return PlainClient(credentials: credentials)
        case .login:
            return LoginClient(credentials: credentials)
        case .cramMD5:
            return CRAMMD5Client(credentials: credentials)
        case .digestMD5:
            return DigestMD5Client(credentials: credentials, nonce: nonce, hostname: hostname)
        case .ntlm:
            return NTLMClient(credentials: credentials, nonce: nonce)
        case .gssapi:
            return credentials.securityContexts.map {
                GSSAPIClient(credentials: credentials, context: $0.makeContext())
            }
        case .external:
            return ExternalClient(credentials: credentials)
        case .oauthBearer, .xoauth2:
            return BearerTokenClient(name, credentials: credentials)
        default:
            guard let hash = SCRAMHash(mechanism: name) else { return nil }
            let binding: SCRAMClientBinding
            if name.bindsToChannel {
                guard let (type, data) = channelBindings.preferred else { return nil }
                binding = .bound(type, data)
            } else {
                let isOffered = offered.contains { $0.bindsToChannel }
                // `y` only when no -PLUS was offered; with one offered and not used it would be refused.
                binding = channelBindings.isEmpty || isOffered ? .unsupported : .notOffered
            }
            return SCRAMClient(
                hash: hash,
                credentials: credentials,
                nonce: nonce,
                iterations: iterations,
                binding: binding
            )
        }
    }

    /// Which of the offered mechanisms to try, strongest first.
    ///
    /// SCRAM comes first always: it proves the server too. DIGEST-MD5, CRAM-MD5 and NTLM come before the password in the clear
    /// without TLS, and after it under TLS, where they protect nothing more and need the server to keep the password readable
    /// (RFC 6331, draft-ietf-sasl-crammd5-to-historic). A token goes to OAUTHBEARER and XOAUTH2 only, and a password never there.
    ///
    /// - Parameters:
    ///   - overTLS: Whether the connection is encrypted.
    ///   - canBind: Whether there is something to bind to, so that -PLUS forms can be used.
    ///   - allowClearTextWithoutTLS: Whether mechanisms that hand over the password or token itself may be used on a connection
    ///     that is not. Anyone on the way can read it then.
    ///   - kind: What the client has to prove itself with. A certificate needs TLS.
    public static func ranked(
        offered: [MechanismName],
        overTLS: Bool,
        allowClearTextWithoutTLS: Bool,
        canBind: Bool = false,
        kind: ClientCredentials.Kind = .password
    ) -> [MechanismName] {
        let preference: [MechanismName]
        switch kind {
        case .bearerToken:
            preference = overTLS || allowClearTextWithoutTLS ? [.oauthBearer, .xoauth2] : []
        case .ticket:
            preference = [.gssapi]
        case .certificate:
            preference = overTLS ? [.external] : []
        case .password:
            let plus: [MechanismName] = canBind ? [.scramSHA512Plus, .scramSHA256Plus, .scramSHA1Plus] : []
            let scram: [MechanismName] = plus + [.scramSHA512, .scramSHA256, .scramSHA1]
            let clearText: [MechanismName] = [.plain, .login]
            let digests: [MechanismName] = [.digestMD5, .cramMD5, .ntlm]
            preference =
                if overTLS {
                    scram + clearText + digests
                } else {
                    scram + digests + (allowClearTextWithoutTLS ? clearText : [])
                }
        }
        return preference.filter(offered.contains)
    }
}

extension MechanismName {
    /// What kind of credentials a client needs for this mechanism.
    public var credentialKind: ClientCredentials.Kind {
        switch self {
        case .oauthBearer, .xoauth2: .bearerToken
        case .external: .certificate
        case .gssapi: .ticket
        default: .password
        }
    }
}
