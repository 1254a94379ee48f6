extension DKIM {
    /// A signature algorithm, the value of `a=` (RFC 6376 §3.3, RFC 8463 §3).
    public enum Algorithm: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// RSA with PKCS #1 v1.5 padding over SHA-256.
        case rsaSHA256 = "rsa-sha256"
        /// Ed25519 over the SHA-256 hash.
        case ed25519SHA256 = "ed25519-sha256"
        /// RSA over SHA-1: known, and never accepted (RFC 8301 §3.1).
        case rsaSHA1 = "rsa-sha1"

        /// The `k=` of a key that fits.
        public var keyType: KeyRecord.KeyType {
            switch self {
            case .rsaSHA256, .rsaSHA1: .rsa
            case .ed25519SHA256: .ed25519
            }
        }

        /// The value of `a=`.
        public var description: String { self.rawValue }
    }
}
