internal import Crypto

/// What both sides of CRAM-MD5 compute (RFC 2195 §2).
enum CRAMMD5 {
    /// The keyed digest of the challenge, 16 octets.
    static func digest(challenge: [UInt8], secret: Secret) -> [UInt8] {
        secret.withUnsafeBytes { secret in
            Array(HMAC<Insecure.MD5>.authenticationCode(for: challenge, using: SymmetricKey(data: secret)))
        }
    }
}
