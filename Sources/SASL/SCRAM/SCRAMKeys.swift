internal import Crypto
internal import CryptoExtras

/// The keys that come from a password (RFC 5802 §3).
struct SCRAMKeys: Sendable {
    var clientKey: [UInt8]
    var serverKey: [UInt8]

    /// `SaltedPassword := Hi(Normalize(password), salt, i)`, and the two keys under it.
    init(
        preparedPassword: Secret,
        salt: [UInt8],
        iterations: Int,
        hash: SCRAMHash
    ) throws(SCRAMCredentialError) {
        guard !salt.isEmpty, iterations >= 1, iterations <= Int(Int32.max) else { throw .unusableParameters }
        let salted: SymmetricKey
        do {
            salted = try preparedPassword.withUnsafeBytes { password in
                try KDF.Insecure.PBKDF2.deriveKey(
                    from: password,
                    salt: salt,
                    using: hash.derivationHash,
                    outputByteCount: hash.outputOctets,
                    unsafeUncheckedRounds: iterations
                )
            }
        } catch {
            throw .unusableParameters
        }
        self.clientKey = hash.authenticationCode(of: "Client Key".utf8, key: salted)
        self.serverKey = hash.authenticationCode(of: "Server Key".utf8, key: salted)
    }
}
