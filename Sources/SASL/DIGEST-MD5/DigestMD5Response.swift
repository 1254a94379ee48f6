/// The client's message of DIGEST-MD5 (RFC 2831 §2.1.2).
struct DigestMD5Response: Hashable, Sendable {
    /// RFC 2831 §2.1.2: fewer than 4,096 octets.
    static let maximumOctets = 4_095

    /// In UTF-8 where ``isUTF8`` says so, else in ISO 8859-1 by the RFC and in anything by practice.
    var userName: [UInt8]
    /// `nil` where the client chose none.
    var realm: [UInt8]?
    var nonce: [UInt8]
    var clientNonce: [UInt8]
    /// `smtp/mail.example.org`.
    var digestURI: [UInt8]
    /// 32 hexadecimal digits in lower case.
    var digest: [UInt8]
    /// `nil` where there is no such directive; Perl's Authen::SASL sends an empty one.
    var authorizationIdentity: [UInt8]?
    var isUTF8: Bool

    init(
        userName: [UInt8],
        realm: [UInt8]?,
        nonce: [UInt8],
        clientNonce: [UInt8],
        digestURI: [UInt8],
        digest: [UInt8],
        authorizationIdentity: [UInt8]?,
        isUTF8: Bool
    ) {
        self.userName = userName
        self.realm = realm
        self.nonce = nonce
        self.clientNonce = clientNonce
        self.digestURI = digestURI
        self.digest = digest
        self.authorizationIdentity = authorizationIdentity
        self.isUTF8 = isUTF8
    }

    /// - Returns: `nil` for a message that breaks the grammar, lacks a directive, or chooses what was not offered: another
    ///   quality of protection, a cipher, a second use of the nonce.
    init?(parsing octets: [UInt8]) {
        guard octets.count <= Self.maximumOctets, let directives = DigestDirectives(parsing: octets),
            let userName = directives["username"], !userName.isEmpty,
            let nonce = directives["nonce"], !nonce.isEmpty,
            let clientNonce = directives["cnonce"], !clientNonce.isEmpty,
            let digestURI = directives["digest-uri"], !digestURI.isEmpty,
            let digest = directives["response"], digest.count == 32,
            digest.allSatisfy({ Self.isLowercaseHexadecimal($0) }),
            directives["nc"] == DigestMD5.nonceCount,
            directives["cipher"] == nil
        else { return nil }
        if let quality = directives["qop"] {
            guard DigestDirectives.lowercased(quality).elementsEqual("auth".utf8) else { return nil }
        }
        if let charset = directives["charset"] {
            guard DigestDirectives.lowercased(charset).elementsEqual("utf-8".utf8) else { return nil }
        }
        // Of no use without a security layer, but bounded by RFC 2831 §2.1.2 all the same.
        if let maximumBuffer = directives["maxbuf"] {
            guard maximumBuffer.count <= 8, let number = Int(String(decoding: maximumBuffer, as: UTF8.self)),
                (17...16_777_215).contains(number)
            else { return nil }
        }
        self.init(
            userName: userName,
            realm: directives["realm"],
            nonce: nonce,
            clientNonce: clientNonce,
            digestURI: digestURI,
            digest: digest,
            authorizationIdentity: directives["authzid"],
            isUTF8: directives["charset"] != nil
        )
    }

    /// The message.
    func encode() -> [UInt8] {
        var message: [UInt8] = []
        if self.isUTF8 {
            message += Array("charset=utf-8,".utf8)
        }
        message += Array("username=".utf8) + DigestDirectives.quote(self.userName)
        if let realm {
            message += Array(",realm=".utf8) + DigestDirectives.quote(realm)
        }
        message += Array(",nonce=".utf8) + DigestDirectives.quote(self.nonce)
        message += Array(",nc=".utf8) + DigestMD5.nonceCount
        message += Array(",cnonce=".utf8) + DigestDirectives.quote(self.clientNonce)
        message += Array(",digest-uri=".utf8) + DigestDirectives.quote(self.digestURI)
        message += Array(",qop=auth".utf8)
        if let authorizationIdentity {
            message += Array(",authzid=".utf8) + DigestDirectives.quote(authorizationIdentity)
        }
        // Last, so that a message cut off anywhere lacks it.
        message += Array(",response=".utf8) + self.digest
        return message
    }

    private static func isLowercaseHexadecimal(_ octet: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(octet)
    }
}
