/// The mechanisms of this library, server side.
public enum ServerMechanisms {
    /// What ``make(_:nonce:hostname:secondsSince1970:)`` can make, strongest first.
    public static let available: [MechanismName] = [
        .scramSHA512, .scramSHA256, .scramSHA1, .plain, .login, .cramMD5,
    ]

    /// A fresh exchange.
    ///
    /// - Parameters:
    ///   - nonce: At least 18 octets from a cryptographic random source, used for this exchange only.
    ///   - hostname: This server's name; part of the CRAM-MD5 challenge.
    ///   - secondsSince1970: Now; part of the CRAM-MD5 challenge.
    /// - Returns: `nil` where the library has no such mechanism.
    public static func make(
        _ name: MechanismName,
        nonce: [UInt8],
        hostname: String,
        secondsSince1970: Int64
    ) -> (any ServerMechanism)? {
        precondition(nonce.count >= 18, "A nonce of fewer than 18 octets can be guessed or repeats")
        switch name {
        case .plain:
            return PlainServer()
        case .login:
            return LoginServer()
        case .cramMD5:
            return CRAMMD5Server(nonce: nonce, hostname: hostname, secondsSince1970: secondsSince1970)
        default:
            guard let hash = SCRAMHash(mechanism: name) else { return nil }
            return SCRAMServer(hash: hash, nonce: nonce)
        }
    }
}
