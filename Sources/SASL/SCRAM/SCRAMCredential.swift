internal import Crypto
internal import CryptoExtras

/// What a server keeps of a password for SCRAM (RFC 5802 §3): enough to check a client, not enough to log in as one.
///
/// Prints the hash and iteration count only.
public struct SCRAMCredential: Hashable, Sendable {
    public var hash: SCRAMHash
    /// Sent to the client; at least one octet.
    public var salt: [UInt8]
    /// Rounds of PBKDF2.
    public var iterations: Int
    /// `H(HMAC(SaltedPassword, "Client Key"))`, ``SCRAMHash/outputOctets`` long.
    public var storedKey: [UInt8]
    /// `HMAC(SaltedPassword, "Server Key")`, ``SCRAMHash/outputOctets`` long.
    public var serverKey: [UInt8]
    /// Further passwords of the identity; the first of them that fits counts where this one does not.
    public var alternatives: [SCRAMAlternative]

    /// Takes what was stored.
    public init(
        hash: SCRAMHash,
        salt: [UInt8],
        iterations: Int,
        storedKey: [UInt8],
        serverKey: [UInt8],
        alternatives: [SCRAMAlternative] = []
    ) {
        self.hash = hash
        self.salt = salt
        self.iterations = iterations
        self.storedKey = storedKey
        self.serverKey = serverKey
        self.alternatives = alternatives
    }

    /// Derives a credential from a password, which is prepared with SASLprep first. Slow on purpose: milliseconds.
    ///
    /// - Parameters:
    ///   - salt: 16 random octets are usual.
    ///   - iterations: At least 4,096 (RFC 7677 §4) for clients to accept it.
    public init(
        password: Secret,
        salt: [UInt8],
        iterations: Int,
        hash: SCRAMHash
    ) throws(SCRAMCredentialError) {
        let prepared: Secret
        do {
            prepared = try password.preparedPassword()
        } catch {
            throw .unusablePassword(error)
        }
        try self.init(preparedPassword: prepared, salt: salt, iterations: iterations, hash: hash)
    }

    /// The same for octets that are used as they are.
    public init(
        preparedPassword: Secret,
        salt: [UInt8],
        iterations: Int,
        hash: SCRAMHash
    ) throws(SCRAMCredentialError) {
        let keys = try SCRAMKeys(preparedPassword: preparedPassword, salt: salt, iterations: iterations, hash: hash)
        self.init(
            hash: hash,
            salt: salt,
            iterations: iterations,
            storedKey: hash.digest(keys.clientKey),
            serverKey: keys.serverKey
        )
    }

    /// Whether it is the password of this credential, compared in constant time. As slow as deriving one.
    public func verify(password: Secret) -> Bool {
        do {
            let candidate = try SCRAMCredential(
                password: password,
                salt: self.salt,
                iterations: self.iterations,
                hash: self.hash
            )
            return ConstantTime.equals(candidate.storedKey, self.storedKey)
        } catch {
            // A password that cannot be prepared was never stored.
            return false
        }
    }

    /// What to answer for an identity that does not exist, so that a client learns nothing from asking.
    ///
    /// The salt stays the same for the same identity and key, as a real one does; no password fits.
    ///
    /// - Parameters:
    ///   - identity: In the one spelling that accounts are looked up by.
    ///   - key: Random, kept by the server across restarts; without it a fake salt cannot be told from a real one.
    ///   - iterations: What new accounts get.
    public static func fake(
        for identity: String,
        key: Secret,
        hash: SCRAMHash,
        iterations: Int
    ) -> SCRAMCredential {
        func derive(_ label: String, _ count: Int) -> [UInt8] {
            let input = Array(label.utf8) + [0] + Array(hash.rawValue.utf8) + [0] + Array(identity.utf8)
            let code = key.withUnsafeBytes { key in
                HMAC<SHA512>.authenticationCode(for: input, using: SymmetricKey(data: key))
            }
            return Array(Array(code).prefix(count))
        }
        return SCRAMCredential(
            hash: hash,
            salt: derive("salt", 16),
            iterations: iterations,
            storedKey: derive("stored key", hash.outputOctets),
            serverKey: derive("server key", hash.outputOctets)
        )
    }
}

extension SCRAMCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(self.hash.mechanism), \(self.iterations) iterations" }
    public var debugDescription: String { self.description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why no credential can be derived.
public enum SCRAMCredentialError: Error, Hashable, Sendable {
    /// The password cannot be prepared.
    case unusablePassword(SASLprepError)
    /// The salt is empty, or the iteration count is not between 1 and 2³¹ − 1.
    case unusableParameters
}
