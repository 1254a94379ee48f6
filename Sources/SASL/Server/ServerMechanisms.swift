/// The mechanisms of this library, server side.
public enum ServerMechanisms {
    /// What ``make(_:context:)`` can make, strongest first.
    public static let available: [MechanismName] = [
        .gssapi, .scramSHA512Plus, .scramSHA256Plus, .scramSHA1Plus, .scramSHA512, .scramSHA256, .scramSHA1, .external,
        .plain, .login, .oauthBearer, .xoauth2, .digestMD5, .cramMD5, .ntlm,
    ]

    /// A fresh exchange without channel binding.
    ///
    /// - Returns: `nil` where the library has no such mechanism.
    public static func make(
        _ name: MechanismName,
        nonce: [UInt8],
        hostname: String,
        secondsSince1970: Int64
    ) -> (any ServerMechanism)? {
        self.make(
            name,
            context: ServerMechanismContext(nonce: nonce, hostname: hostname, secondsSince1970: secondsSince1970)
        )
    }

    /// A fresh exchange.
    ///
    /// - Returns: `nil` where the library has no such mechanism, and for GSSAPI without a security context.
    public static func make(_ name: MechanismName, context: ServerMechanismContext) -> (any ServerMechanism)? {
        precondition(context.nonce.count >= 18, "A nonce of fewer than 18 octets can be guessed or repeats")
        switch name {
        case .plain:
            return PlainServer()
        case .login:
            return LoginServer()
        case .cramMD5:
            return CRAMMD5Server(
                nonce: context.nonce,
                hostname: context.hostname,
                secondsSince1970: context.secondsSince1970
            )
        case .digestMD5:
            return DigestMD5Server(nonce: context.nonce, realm: context.hostname)
        case .ntlm:
            return NTLMServer(
                nonce: context.nonce,
                hostname: context.hostname,
                secondsSince1970: context.secondsSince1970,
                allowsNTLMv1: context.allowsNTLMv1
            )
        case .gssapi:
            return context.securityContext.map { GSSAPIServer(context: $0) }
        case .external:
            return ExternalServer()
        case .oauthBearer, .xoauth2:
            return BearerTokenServer(name)
        default:
            guard let hash = SCRAMHash(mechanism: name) else { return nil }
            return SCRAMServer(
                hash: hash,
                nonce: context.nonce,
                binding: name.bindsToChannel
                    ? .required(context.channelBindings) : .absent(isOffered: context.offersChannelBinding)
            )
        }
    }
}
