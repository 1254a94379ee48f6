internal import Crypto
internal import CryptoExtras

extension SCRAMHash {
    /// `H(str)` (RFC 5802 §2.2).
    func digest(_ octets: [UInt8]) -> [UInt8] {
        switch self {
        case .sha1: Array(Insecure.SHA1.hash(data: octets))
        case .sha256: Array(SHA256.hash(data: octets))
        case .sha512: Array(SHA512.hash(data: octets))
        }
    }

    /// `HMAC(key, str)` (RFC 5802 §2.2).
    func authenticationCode(of octets: some Sequence<UInt8>, key: SymmetricKey) -> [UInt8] {
        let octets = Array(octets)
        return switch self {
        case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: octets, using: key))
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: octets, using: key))
        case .sha512: Array(HMAC<SHA512>.authenticationCode(for: octets, using: key))
        }
    }

    /// The same with a key in octets.
    func authenticationCode(of octets: some Sequence<UInt8>, key: [UInt8]) -> [UInt8] {
        self.authenticationCode(of: octets, key: SymmetricKey(data: key))
    }

    var derivationHash: KDF.Insecure.PBKDF2.HashFunction {
        switch self {
        case .sha1: .insecureSHA1
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }
}
