extension DKIM {
    /// Why a signature does not pass.
    ///
    /// The description is for people and for Authentication-Results comments; of the message it holds names of tags only.
    public enum Reason: Error, Hashable, Sendable {
        // The signature field.

        /// The field is no tag list.
        case malformed(TagList.Fault)
        /// A tag that must be there is not.
        case missingTag(String)
        /// A tag's value does not follow its grammar.
        case invalidTag(String)
        /// `v=` is not 1.
        case unsupportedVersion
        /// `a=` names an algorithm that is not known.
        case unsupportedAlgorithm
        /// `c=` names a canonicalization that is not known.
        case unsupportedCanonicalization
        /// `q=` names no way to find the key that is known.
        case unsupportedQuery
        /// `h=` does not name From.
        case fromNotSigned
        /// `i=` is not in the domain of `d=`.
        case identityOutsideDomain
        /// `x=` is not after `t=`.
        case expiresBeforeSigned
        /// `x=` is past.
        case expired
        /// `t=` is later than the verifier's clock allows.
        case signedInFuture
        /// `a=rsa-sha1` (RFC 8301 §3.1).
        case sha1
        /// `d=` or `s=` has other than ASCII and there is no way to convert it.
        case domainNotConvertible
        /// The header section is larger than its limits, so no signature is looked at.
        case headerTooLarge

        // The key.

        /// DNS has no answer now. The text is for logs.
        case keyUnavailable(String)
        /// There is no key at the selector.
        case noKey
        /// What stands at the selector is no key record.
        case malformedKey(KeyRecord.Fault)
        /// The key is revoked: `p=` is empty.
        case keyRevoked
        /// The key is of another type than the signature.
        case keyTypeDiffers
        /// The key's `h=` does not allow SHA-256.
        case keyForbidsHash
        /// The key's `s=` does not allow mail.
        case keyForbidsService
        /// The key's `t=s` wants the domain of `i=` to be that of `d=`.
        case keyForbidsSubdomains
        /// `p=` is no key of its type.
        case invalidKey
        /// An RSA key of less than 1024 bits (RFC 8301 §3.2).
        case keyTooShort
        /// An RSA key of more bits than ``DKIM/maximumKeyBits``.
        case keyTooLong

        // The message.

        /// `l=` says that more octets are signed than the body has.
        case bodyTooShort
        /// The body is not what was signed.
        case bodyDiffers
        /// The header fields are not what was signed, or another key signed them.
        case signatureDiffers

        /// The result that stands for it.
        public var code: ResultCode {
            switch self {
            case .keyUnavailable: .temperror
            case .bodyDiffers, .signatureDiffers, .bodyTooShort: .fail
            case .expired, .signedInFuture, .sha1, .keyTooShort, .keyTooLong: .policy
            case .malformed, .missingTag, .invalidTag, .unsupportedVersion, .unsupportedAlgorithm,
                .unsupportedCanonicalization, .unsupportedQuery, .fromNotSigned, .identityOutsideDomain,
                .expiresBeforeSigned, .domainNotConvertible, .headerTooLarge, .noKey, .malformedKey, .keyRevoked,
                .keyTypeDiffers, .keyForbidsHash, .keyForbidsService, .keyForbidsSubdomains, .invalidKey:
                .permerror
            }
        }
    }

    /// The largest RSA key that a signature is verified with: larger ones would cost a stranger nothing and us much.
    public static let maximumKeyBits = 8192
    /// The smallest RSA key that a signature may pass with (RFC 8301 §3.2).
    public static let minimumKeyBits = 1024
}

extension DKIM.Reason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .malformed(let fault): "the signature field is malformed: \(fault)"
        case .missingTag(let name): "the signature lacks \(name)="
        case .invalidTag(let name): "the value of \(name)= is not valid"
        case .unsupportedVersion: "the signature's version is not 1"
        case .unsupportedAlgorithm: "the algorithm is not known"
        case .unsupportedCanonicalization: "the canonicalization is not known"
        case .unsupportedQuery: "q= names no known way to find the key"
        case .fromNotSigned: "the From field is not signed"
        case .identityOutsideDomain: "i= is outside the domain of d="
        case .expiresBeforeSigned: "the signature expires before it was made"
        case .expired: "the signature has expired"
        case .signedInFuture: "the signature was made in the future"
        case .sha1: "signatures with SHA-1 are not accepted"
        case .domainNotConvertible: "the domain or selector has no ASCII form"
        case .headerTooLarge: "the header section is too large"
        case .keyUnavailable(let reason): "the key could not be looked up: \(reason)"
        case .noKey: "there is no key at the selector"
        case .malformedKey(let fault): "the key record is malformed: \(fault)"
        case .keyRevoked: "the key is revoked"
        case .keyTypeDiffers: "the key is of another type than the signature"
        case .keyForbidsHash: "the key record does not allow SHA-256"
        case .keyForbidsService: "the key record does not allow mail"
        case .keyForbidsSubdomains: "the key record does not allow subdomains in i="
        case .invalidKey: "the public key cannot be read"
        case .keyTooShort: "the RSA key has less than \(DKIM.minimumKeyBits) bits"
        case .keyTooLong: "the RSA key has more than \(DKIM.maximumKeyBits) bits"
        case .bodyTooShort: "the body is shorter than l= says"
        case .bodyDiffers: "the body was changed after it was signed"
        case .signatureDiffers: "the signed header fields were changed, or another key signed them"
        }
    }
}
