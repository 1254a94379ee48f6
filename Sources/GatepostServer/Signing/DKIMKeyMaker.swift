internal import Crypto
internal import CryptoExtras
package import GatepostModel
internal import MessageAuthentication
internal import NIOPosix
internal import SASL

/// Makes keys for domains to sign with.
package enum DKIMKeyMaker {
    /// Makes a key that waits for DNS. Off the caller's thread: RSA takes a good part of a second.
    package static func make(
        domain: String,
        selector: String,
        algorithm: DKIMKey.Algorithm,
        masterKey: MasterKey,
        now: Timestamp
    ) async throws -> DKIMKey {
        try await NIOThreadPool.singleton.runIfActive {
            let pem: String =
                switch algorithm {
                case .rsa2048: try _RSA.Signing.PrivateKey(keySize: .bits2048).pkcs8PEMRepresentation
                case .ed25519: Curve25519.Signing.PrivateKey().pemRepresentation
                }
            let key = try DKIM.SigningKey(pem: pem)
            return DKIMKey(
                domain: domain,
                selector: selector,
                algorithm: algorithm,
                publicKey: key.keyRecord.publicKey,
                sealedKey: try masterKey.seal(
                    Secret(pem),
                    owner: DKIMKey.recordName(selector: selector, domain: domain)
                ),
                created: now
            )
        }
    }
}
