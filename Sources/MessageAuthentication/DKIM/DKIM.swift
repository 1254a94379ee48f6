/// DomainKeys Identified Mail (RFC 6376, with RFC 8301 and RFC 8463): signatures of domains on messages.
///
/// ``MessageVerifier`` verifies what arrives, ``MessageSigner`` signs what leaves.
public enum DKIM {
    /// The name of the field that holds a signature.
    public static let fieldName = "DKIM-Signature"

    /// The result of a signature as Authentication-Results writes it (RFC 8601 §2.7.1).
    public enum ResultCode: String, Hashable, Sendable, CustomStringConvertible {
        /// The message has no signature.
        case none
        /// The signature verifies.
        case pass
        /// The signature does not match the message.
        case fail
        /// The signature is not acceptable here, whatever it says: expired, a weak key, SHA-1.
        case policy
        /// The signature cannot be used.
        case neutral
        /// The key could not be had now; asking later may help.
        case temperror
        /// The signature can never verify: it is malformed or has no usable key.
        case permerror

        /// The word of RFC 8601.
        public var description: String { self.rawValue }
    }
}
