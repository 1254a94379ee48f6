internal import Crypto
internal import CryptoExtras

/// A key that signatures are verified with.
enum PublicKey: Sendable {
    case rsa(_RSA.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)

    /// Reads the key of a record that is not revoked.
    init(_ record: DKIM.KeyRecord) throws(DKIM.Reason) {
        switch record.keyType {
        case .rsa:
            let key: _RSA.Signing.PublicKey
            do {
                key = try _RSA.Signing.PublicKey(unsafeDERRepresentation: record.publicKey)
            } catch CryptoKitError.incorrectParameterSize {
                throw .keyTooShort
            } catch {
                throw .invalidKey
            }
            guard key.keySizeInBits >= DKIM.minimumKeyBits else { throw .keyTooShort }
            guard key.keySizeInBits <= DKIM.maximumKeyBits else { throw .keyTooLong }
            self = .rsa(key)
        case .ed25519:
            do {
                self = .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: record.publicKey))
            } catch {
                throw .invalidKey
            }
        default: throw .keyTypeDiffers
        }
    }

    /// The size in bits.
    var bits: Int {
        switch self {
        case .rsa(let key): key.keySizeInBits
        case .ed25519: 256
        }
    }

    func verifies(_ signature: [UInt8], of digest: SHA256.Digest) -> Bool {
        switch self {
        case .rsa(let key):
            key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature),
                for: digest,
                padding: .insecurePKCS1v1_5
            )
        // The octets that Ed25519 signs are the hash itself (RFC 8463 §3).
        case .ed25519(let key): key.isValidSignature(signature, for: Array(digest))
        }
    }
}
