extension ARC {
    /// How a forwarder seals: what stays the same from message to message.
    public struct Sealer: Sendable {
        /// The domain that seals, `d=`, in A-labels.
        public var domain: String
        /// Under which the key is published, `s=`.
        public var selector: String
        /// The key.
        public var key: DKIM.SigningKey
        /// Which changes on the way the message signature allows; seals are always relaxed.
        public var canonicalization: DKIM.Canonicalization
        /// Which fields the message signature covers.
        public var fields: DKIM.FieldSelection

        /// Creates a sealer.
        public init(
            domain: String,
            selector: String,
            key: DKIM.SigningKey,
            canonicalization: DKIM.Canonicalization = .relaxed,
            fields: DKIM.FieldSelection = ARC.recommendedFields
        ) {
            self.domain = domain
            self.selector = selector
            self.key = key
            self.canonicalization = canonicalization
            self.fields = fields
        }
    }

    /// What a signer of the message covers, and the signatures that it came with.
    public static let recommendedFields: DKIM.FieldSelection = {
        var fields = DKIM.FieldSelection.recommended
        fields.signed.append("dkim-signature")
        return fields
    }()
}
