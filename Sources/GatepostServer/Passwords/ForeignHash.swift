package import SASL

/// A password hash that another server made: checked as it is, until the password is seen and our own keys take its place.
///
/// Prints its kind only. What a text may ask for is bounded when it is read, so that a forged one takes neither the host's memory nor
/// its time.
package struct ForeignHash: Sendable, Hashable, CustomStringConvertible {
    /// What the text means.
    enum Method: Sendable, Hashable {
        /// A string of crypt(3).
        case crypt(String)
        /// Digest of password and salt.
        case digest(DigestFunction, expected: [UInt8], salt: [UInt8])
        case argon2(Argon2Hash)
        /// PBKDF2 with HMAC-SHA-1 (RFC 8018 §5.2).
        case pbkdf2(salt: [UInt8], rounds: Int, expected: [UInt8])
    }

    /// The form that ``init(_:)`` reads and stores keep.
    package let text: String
    /// What to call it in reports: `SSHA`, `SHA512-CRYPT`, `BLF-CRYPT`, `ARGON2ID` …
    package let kind: String
    let method: Method

    init(text: String, kind: String, method: Method) {
        self.text = text
        self.kind = kind
        self.method = method
    }

    /// Reads `{SCHEME}…` or `$id$…`.
    ///
    /// - Throws: ``ForeignSecret/Fault``, also for secrets that are no hashes (clear text, SCRAM keys).
    package init(_ text: String) throws(ForeignSecret.Fault) {
        guard case .hash(let hash) = try ForeignSecret(text) else {
            throw ForeignSecret.Fault("is no hash")
        }
        self = hash
    }

    /// Whether it is the hash of these octets, compared in constant time. Slow on purpose for the slow kinds; call it on a ``HashingPool``.
    ///
    /// Other servers hash what the client sent, we what SASLprep makes of it: the same for all passwords of printable ASCII, and for
    /// nearly all others.
    package func verify(_ password: Secret) throws -> Bool {
        // HMAC takes a password and the same with NULs behind it for one key, crypt(3) stops at the first; none of ours has any.
        guard !password.withUnsafeBytes({ $0.contains(0) }) else { return false }
        switch self.method {
        case .crypt(let setting):
            return Crypt.verify(password, setting)
        case .digest(let function, let expected, let salt):
            return ConstantTime.equals(function.digest(password, salt: salt), expected)
        case .argon2(let hash):
            return try hash.verify(password)
        case .pbkdf2(let salt, let rounds, let expected):
            return try PBKDF2SHA1.verify(password, salt: salt, rounds: rounds, expected: expected)
        }
    }

    package var description: String { self.kind }
}
