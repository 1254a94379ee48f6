internal import Crypto

/// The hash function of a SCRAM mechanism (RFC 5802 §4, RFC 7677).
public enum SCRAMHash: String, Hashable, Sendable, CaseIterable, Codable {
    case sha1 = "SHA-1"
    case sha256 = "SHA-256"
    case sha512 = "SHA-512"

    /// The length of the hash in octets.
    public var outputOctets: Int {
        switch self {
        case .sha1: Insecure.SHA1.byteCount
        case .sha256: SHA256.byteCount
        case .sha512: SHA512.byteCount
        }
    }

    /// The mechanism that uses the hash, without channel binding.
    public var mechanism: MechanismName {
        switch self {
        case .sha1: .scramSHA1
        case .sha256: .scramSHA256
        case .sha512: .scramSHA512
        }
    }

    /// The mechanism that uses the hash, with channel binding.
    public var bindingMechanism: MechanismName {
        switch self {
        case .sha1: .scramSHA1Plus
        case .sha256: .scramSHA256Plus
        case .sha512: .scramSHA512Plus
        }
    }
}

extension SCRAMHash {
    /// The hash of a SCRAM mechanism, with channel binding or without; `nil` for any other mechanism.
    public init?(mechanism: MechanismName) {
        guard let hash = Self.allCases.first(where: { $0.mechanism == mechanism || $0.bindingMechanism == mechanism })
        else { return nil }
        self = hash
    }
}
