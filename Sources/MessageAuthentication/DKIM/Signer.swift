extension DKIM {
    /// How a domain signs: what stays the same from message to message.
    public struct Signer: Sendable {
        /// The domain that takes responsibility, `d=`, in A-labels.
        public var domain: String
        /// Under which the key is published, `s=`.
        public var selector: String
        /// The key.
        public var key: SigningKey
        /// Which changes on the way are allowed.
        public var canonicalization: Canonicalization
        /// Which fields are signed; From always is.
        public var fields: FieldSelection
        /// On whose behalf it signs, `i=`: an address in the domain or a subdomain; nil for the domain as a whole.
        public var identity: String?
        /// How long the signature is valid; nil for ever.
        public var lifetime: Duration?

        /// Creates a signer.
        public init(
            domain: String,
            selector: String,
            key: SigningKey,
            canonicalization: Canonicalization = .relaxed,
            fields: FieldSelection = .recommended,
            identity: String? = nil,
            lifetime: Duration? = nil
        ) {
            self.domain = domain
            self.selector = selector
            self.key = key
            self.canonicalization = canonicalization
            self.fields = fields
            self.identity = identity
            self.lifetime = lifetime
        }
    }
}
