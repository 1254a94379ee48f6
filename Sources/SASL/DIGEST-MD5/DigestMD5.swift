internal import Crypto

/// What both sides of DIGEST-MD5 compute (RFC 2831 §2.1.2.1), for `qop=auth` and the nonce's first use.
struct DigestMD5: Hashable, Sendable {
    /// How often the nonce was used: once. Subsequent authentication (RFC 2831 §2.2) is neither asked for nor offered.
    static let nonceCount = Array("00000001".utf8)

    /// The three values that the stored hash is made of, in the character set that they are hashed in.
    struct Account: Hashable, Sendable {
        var userName: [UInt8]
        var realm: [UInt8]
        var password: [UInt8]
    }

    /// Which side computes the digest.
    enum Side: Hashable, Sendable {
        case client
        case server
    }

    private let account: Account
    private let nonce: [UInt8]
    private let clientNonce: [UInt8]
    private let digestURI: [UInt8]
    private let authorizationIdentity: [UInt8]?

    init(
        account: Account,
        nonce: [UInt8],
        clientNonce: [UInt8],
        digestURI: [UInt8],
        authorizationIdentity: [UInt8]?
    ) {
        self.account = account
        self.nonce = nonce
        self.clientNonce = clientNonce
        self.digestURI = digestURI
        self.authorizationIdentity = authorizationIdentity
    }

    /// `response-value` of the client, or what the server puts into `rspauth`: 32 hexadecimal digits in lower case.
    func digest(of side: Side) -> [UInt8] {
        let account = self.account
        let secret = Self.hash(Self.join([account.userName, account.realm, account.password]))
        let first = Self.join([secret, self.nonce, self.clientNonce] + (self.authorizationIdentity.map { [$0] } ?? []))
        let second = Self.join([side == .client ? Array("AUTHENTICATE".utf8) : [], self.digestURI])
        return Self.hexadecimalHash(
            Self.join([
                Self.hexadecimalHash(first), self.nonce, Self.nonceCount, self.clientNonce, Array("auth".utf8),
                Self.hexadecimalHash(second),
            ])
        )
    }

    /// The text in ISO 8859-1 if it fits, and as it is if it does not or is no UTF-8.
    ///
    /// So that hashes of user name, realm and password can be shared with HTTP (RFC 2831 §2.1.2.1).
    static func latin1IfPossible(_ text: [UInt8]) -> [UInt8] {
        guard !text.allSatisfy({ $0 < 0x80 }), let string = String(validating: text, as: UTF8.self) else { return text }
        var octets: [UInt8] = []
        for scalar in string.unicodeScalars {
            guard let octet = UInt8(exactly: scalar.value) else { return text }
            octets.append(octet)
        }
        return octets
    }

    private static func join(_ parts: [[UInt8]]) -> [UInt8] {
        Array(parts.joined(separator: [UInt8(ascii: ":")]))
    }

    private static func hash(_ octets: [UInt8]) -> [UInt8] {
        Array(Insecure.MD5.hash(data: octets))
    }

    private static func hexadecimalHash(_ octets: [UInt8]) -> [UInt8] {
        Hexadecimal.encode(self.hash(octets))
    }
}
